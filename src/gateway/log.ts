import type { World } from '../world/world.ts';

/** One answered call, for the request log. */
export interface RequestLine {
  readonly requestId: string;
  readonly what: string;
  readonly status: number;
  readonly durationMs: number;
  readonly decision: string;
  readonly principal: string;
  readonly error?: string | undefined;
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface ServerLog {
  /** Lines of requests are shown: others need not be made. */
  showsRequests(): boolean;
  request(line: RequestLine): void;
  event(level: Level, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Writes what is buffered. */
  flush(): void;
}

const FLUSH_MS = 20;
const FLUSH_CHARS = 32_768;

function word(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return /[\s"]/.test(text) ? JSON.stringify(text) : text;
}

/**
 * A line a request, buffered: writing each line by itself would cost more than answering the request.
 * `write` gets whole lines; what is below `leastLevel`, asked at each line, is left out.
 */
export function createLog(
  world: World,
  write: (text: string) => void,
  leastLevel: () => Level = () => 'info',
): ServerLog {
  const order: readonly Level[] = ['debug', 'info', 'warn', 'error'];
  const shown = (level: Level): boolean => order.indexOf(level) >= order.indexOf(leastLevel());
  let buffer = '';
  let waiting = false;
  const flush = (): void => {
    waiting = false;
    const text = buffer;
    buffer = '';
    if (text !== '') write(text);
  };
  const append = (line: string): void => {
    buffer += line;
    if (buffer.length > FLUSH_CHARS) flush();
    else if (!waiting) {
      waiting = true;
      world.timers.after(FLUSH_MS, flush);
    }
  };
  return {
    showsRequests: () => shown('info'),
    request: (line) => {
      if (!shown('info')) return;
      const error = line.error === undefined ? '' : ` ${line.error}`;
      append(
        `${line.what} ${line.status} ${line.durationMs.toFixed(1)}ms ${line.decision} ${line.principal} ${line.requestId}${error}\n`,
      );
    },
    event: (level, message, facts) => {
      if (!shown(level)) return;
      const rest = Object.entries(facts ?? {})
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => ` ${name}=${word(value)}`)
        .join('');
      append(`${level === 'info' ? '' : `${level}: `}${message}${rest}\n`);
      if (level === 'error') flush();
    },
    flush,
  };
}
