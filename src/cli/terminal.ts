/** Where commands write, so that tests can read it. */
export interface Terminal {
  out(line: string): void;
  error(line: string): void;
  /** True when a person watches: progress may be drawn over. */
  readonly interactive: boolean;
}

export function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    error: (line) => process.stderr.write(`${line}\n`),
    interactive: process.stdout.isTTY === true,
  };
}
