import { TemplateError } from './node.ts';

const NAME_START = /[A-Za-z_]/;
const NAME_PART = /[A-Za-z0-9_-]/;

/** A place in a template's text. */
export class Cursor {
  readonly text: string;
  at = 0;
  depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  peek(offset = 0): string {
    return this.text.charAt(this.at + offset);
  }

  looksAt(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  take(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`expected '${text}'`);
  }

  fail(what: string): never {
    const line = this.text.slice(0, this.at).split('\n').length;
    throw new TemplateError(`${what} at line ${line}`);
  }

  skipSpace(): void {
    while (!this.done && /\s/.test(this.peek())) this.at += 1;
  }

  /** A name at this place; undefined when none begins here. */
  name(): string | undefined {
    if (!NAME_START.test(this.peek())) return undefined;
    const start = this.at;
    while (!this.done && NAME_PART.test(this.peek())) this.at += 1;
    return this.text.slice(start, this.at);
  }

  /** A directive ends its line: blanks and the line break after it are no output. */
  endLine(): void {
    let at = this.at;
    while (at < this.text.length && (this.text[at] === ' ' || this.text[at] === '\t')) at += 1;
    if (this.text[at] === '\r') at += 1;
    if (at < this.text.length && this.text[at] === '\n') this.at = at + 1;
  }

  /** Where the string literal that begins here ends, its quote excluded. */
  stringEnd(quote: string): number {
    let at = this.at;
    while (at < this.text.length) {
      if (this.text[at] === quote) {
        // A doubled quote stands for itself.
        if (this.text[at + 1] !== quote) return at;
        at += 1;
      } else if (quote === '"' && this.text[at] === '\\' && this.text[at + 1] === quote) at += 1;
      at += 1;
    }
    return this.fail('a string is not closed');
  }
}
