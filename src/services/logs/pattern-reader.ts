import { fault } from './group.ts';

export function invalidPattern(): Error {
  return fault('InvalidParameterException', 'Invalid filter pattern');
}

/** Reads a filter pattern from left to right. */
export class PatternReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  /** Whether `token` comes next. */
  comes(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  /** Takes `token` when it comes next, after space. */
  take(token: string): boolean {
    this.skipSpace();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  /** Takes a word whatever its case, when it comes next as a whole. */
  takeWord(word: string): boolean {
    this.skipSpace();
    const rest = this.#text.slice(this.#at);
    if (!rest.toUpperCase().startsWith(word) || /^\w/.test(rest.slice(word.length))) return false;
    this.#at += word.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw invalidPattern();
  }

  /** `"…"`, with `\"` inside; undefined when none comes next. */
  quoted(): string | undefined {
    this.skipSpace();
    if (this.#text[this.#at] !== '"') return undefined;
    let text = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text[at] as string;
      if (character === '"') {
        this.#at = at + 1;
        return text;
      }
      if (character === '\\' && at + 1 < this.#text.length) {
        at++;
        text += this.#text[at] as string;
      } else text += character;
    }
    throw invalidPattern();
  }

  /** `%…%`; undefined when none comes next. */
  regex(): string | undefined {
    this.skipSpace();
    if (this.#text[this.#at] !== '%') return undefined;
    const end = this.#text.indexOf('%', this.#at + 1);
    if (end < 0) throw invalidPattern();
    const regex = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return regex;
  }

  /** What comes before the next character that `stop` matches. */
  until(stop: RegExp): string {
    this.skipSpace();
    const start = this.#at;
    while (!this.done && !stop.test(this.#text[this.#at] as string)) this.#at++;
    return this.#text.slice(start, this.#at);
  }
}
