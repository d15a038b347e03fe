import type { Terminal } from './terminal.ts';

const WIDTH = 30;

/** A bar that is drawn over as work goes on, where a person watches; nothing elsewhere. */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #title: string;
  readonly #unit: string;
  readonly #total: number;
  #drawn = false;

  constructor(terminal: Terminal, title: string, unit: string, total: number) {
    this.#terminal = terminal;
    this.#title = title;
    this.#unit = unit;
    this.#total = total;
  }

  show(done: number): void {
    if (!this.#terminal.interactive) return;
    this.#terminal.draw(progressLine(this.#title, this.#unit, done, this.#total));
    this.#drawn = true;
  }

  /** Leaves the bar as it is, on a line of its own. */
  end(): void {
    if (this.#drawn) this.#terminal.out('');
  }
}

/** `import into Rides  [██████░░░░]  61%  1,234 bytes`. Estimates of a total may be too low. */
export function progressLine(title: string, unit: string, done: number, total: number): string {
  const share = total <= 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${title}  [${bar}] ${percent}%  ${done.toLocaleString('en-US')} ${unit}`;
}
