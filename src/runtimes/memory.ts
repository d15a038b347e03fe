import { readFileSync } from 'node:fs';

/**
 * Processes and threads a function may have at a time.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const MOST_THREADS = 1024;

/** What a process and its descendants hold, in kilobytes. */
export interface MemoryUse {
  /** Resident, shared files included. */
  readonly residentKb: number;
  /** Resident and of their own: what a limit bounds. */
  readonly privateKb: number;
  /** Threads of all of them; nothing past {@link MOST_THREADS} is looked at. */
  readonly threads: number;
}

/** Reads /proc; undefined where there is none (macOS) or the process has gone. */
export function memoryOf(pid: number): MemoryUse | undefined {
  let residentKb = 0;
  let privateKb = 0;
  let threads = 0;
  for (const one of descendants([pid])) {
    try {
      const status = readFileSync(`/proc/${one}/status`, 'latin1');
      residentKb += field(status, 'VmRSS');
      privateKb += field(status, 'RssAnon') + field(status, 'RssShmem');
      threads += field(status, 'Threads');
      if (threads > MOST_THREADS) break;
    } catch {
      // It ended between two looks.
    }
  }
  return threads === 0 ? undefined : { residentKb, privateKb, threads };
}

/** Processes and all that they started, as /proc knows them. */
export function* descendants(roots: Iterable<number>): Generator<number> {
  const queue = [...roots];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    yield next;
    queue.push(...childrenOf(next));
  }
}

/** In the order they were started; none when the process has ended. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

function field(status: string, name: string): number {
  const at = status.indexOf(`${name}:`);
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length + 1), 10);
}
