import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../src/base/package-folder.ts';

const COMMAND = join(packageFolder(), 'bin/lambent.js');

export interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  /** Milliseconds from the spawn to the ready line. */
  readonly readyMs: number;
  stop(): Promise<void>;
  /** Ends it at once, wherever it stands. */
  kill(): Promise<void>;
}

/** Starts a Node script that prints a line matching `ready` with its port as the first group; `script` is a path. */
export function start(
  path: string,
  args: readonly string[],
  ready: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const began = performance.now();
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${path} ended with ${code}: ${text.slice(-2000)}`)));
    child.stdout.on('data', function onData(chunk: Buffer) {
      text += chunk.toString('utf8');
      const match = ready.exec(text);
      if (match === null) return;
      child.stdout.off('data', onData);
      child.stdout.resume();
      resolve({
        child,
        port: Number(match[1]),
        readyMs: performance.now() - began,
        stop: () => ended(child, 'SIGTERM'),
        kill: () => ended(child, 'SIGKILL'),
      });
    });
  });
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((done) => {
    child.removeAllListeners('exit');
    child.on('exit', () => done());
    child.kill(signal);
  });
}

/** Starts `lambent up` with these options on a free port. */
export function startServer(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  return start(
    COMMAND,
    ['up', '--port', '0', ...options],
    /lambent ready on http:\/\/127\.0\.0\.1:(\d+)/,
    env,
  );
}

/** Anonymous memory of a process and of its descendants, in megabytes, from Linux's /proc; undefined elsewhere. */
export function anonymousMemory(
  pid: number,
): { readonly own: number; readonly descendants: number } | undefined {
  const own = anonymousOf(pid);
  if (own === undefined) return undefined;
  let descendants = 0;
  for (const child of descendantsOf(pid)) descendants += anonymousOf(child) ?? 0;
  return { own, descendants };
}

function anonymousOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** Ids of all processes below one. */
export function descendantsOf(pid: number): readonly number[] {
  const parents = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found: number[] = [];
  for (const queue = [pid]; queue.length > 0; ) {
    const parent = queue.pop();
    for (const [child, of] of parents) {
      if (of !== parent) continue;
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}
