/** Where commands write, so that tests can read it. */
export interface Terminal {
  out(line: string): void;
  error(line: string): void;
  /** Replaces what was drawn last on the current line; for {@link interactive} terminals. */
  draw(line: string): void;
  /** True when a person watches: progress may be drawn over. */
  readonly interactive: boolean;
}

export function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    error: (line) => process.stderr.write(`${line}\n`),
    draw: (line) => process.stdout.write(`\r\u001b[K${line}`),
    interactive: process.stdout.isTTY === true,
  };
}

/** `1 item`, `2 items`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
