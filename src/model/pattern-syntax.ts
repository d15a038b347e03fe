import { CharacterSet, codeSource, property, shorthand } from './character-set.ts';

/** A regular expression as far as a yes-or-no match of a whole text is concerned: groups capture nothing. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly node: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'look'; readonly node: PatternNode; readonly ahead: boolean; readonly negative: boolean }
  | { readonly kind: 'edge'; readonly edge: 'start' | 'end' | 'word' | 'inside' };

const NO_NEWLINE = new CharacterSet('\\u{a}\\u{d}\\u{85}\\u{2028}\\u{2029}', true);
const ANYTHING = new CharacterSet('\\u{0}-\\u{10ffff}', false);
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, a: 7, e: 27 };

/**
 * Reads a pattern in the dialect AWS's models are written in: Java's, where `-` after a class in a class is a literal,
 * any punctuation may be escaped, `\uD800\uDC00` is one code point and flags may be set mid-way. A back-reference
 * matches anew whatever its group can match. Throws a SyntaxError for what it cannot honour.
 */
export function parsePattern(pattern: string): PatternNode {
  return new PatternParser(pattern).parse();
}

class PatternParser {
  private readonly text: string;
  private at = 0;
  private ignoreCase = false;
  private dotAll = false;
  private readonly groups: (PatternNode | undefined)[] = [undefined];

  constructor(text: string) {
    this.text = text;
  }

  parse(): PatternNode {
    const node = this.choice();
    if (this.at < this.text.length) throw this.error('unexpected )');
    return node;
  }

  private choice(): PatternNode {
    const { ignoreCase, dotAll } = this;
    const options = [this.sequence()];
    while (this.take('|')) options.push(this.sequence());
    // Flags set inside a group end with it.
    this.ignoreCase = ignoreCase;
    this.dotAll = dotAll;
    return options.length === 1 ? (options[0] as PatternNode) : { kind: 'choice', options };
  }

  private sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const atom = this.atom();
      if (atom !== undefined) items.push(this.quantified(atom));
    }
    return items.length === 1 ? (items[0] as PatternNode) : { kind: 'sequence', items };
  }

  private quantified(node: PatternNode): PatternNode {
    const mark = this.text[this.at];
    let min = 0;
    let max = Number.POSITIVE_INFINITY;
    if (mark === '?') max = 1;
    else if (mark === '+') min = 1;
    else if (mark === '{') {
      const bounds = /^\{(\d+)(,?)(\d*)\}/.exec(this.text.slice(this.at));
      if (bounds === null) throw this.error('unreadable repetition');
      min = Number(bounds[1]);
      max = bounds[2] === '' ? min : bounds[3] === '' ? max : Number(bounds[3]);
      if (max < min) throw this.error('repetition out of order');
      this.at += bounds[0].length - 1;
    } else if (mark !== '*') return node;
    this.at += 1;
    if (this.text[this.at] === '+') throw this.error('possessive repetition');
    this.take('?'); // Lazy or greedy, the same texts match.
    return this.quantified({ kind: 'repeat', node, min, max });
  }

  /** `undefined` for a flag group, which matches nothing by itself. */
  private atom(): PatternNode | undefined {
    const char = this.text[this.at] as string;
    switch (char) {
      case '(':
        return this.group();
      case '[':
        this.at += 1;
        return { kind: 'set', set: this.characterClass() };
      case '.':
        this.at += 1;
        return { kind: 'set', set: this.dotAll ? ANYTHING : NO_NEWLINE };
      case '^':
      case '$':
        this.at += 1;
        return { kind: 'edge', edge: char === '^' ? 'start' : 'end' };
      case '*':
      case '+':
      case '?':
        throw this.error('nothing to repeat');
      case '\\':
        return this.escape();
      default:
        return this.literal(this.codePoint());
    }
  }

  private group(): PatternNode | undefined {
    const flags = /^\(\?([is]+)\)/.exec(this.text.slice(this.at));
    if (flags !== null) {
      this.at += flags[0].length;
      if (flags[1]?.includes('i')) this.ignoreCase = true;
      if (flags[1]?.includes('s')) this.dotAll = true;
      return undefined;
    }
    const look = /^\(\?(<?)([=!])/.exec(this.text.slice(this.at));
    if (look !== null) {
      this.at += look[0].length;
      return { kind: 'look', node: this.groupBody(), ahead: look[1] === '', negative: look[2] === '!' };
    }
    if (this.text.startsWith('(?', this.at)) {
      if (!this.text.startsWith('(?:', this.at)) throw this.error('unknown group');
      this.at += 3;
      return this.groupBody();
    }
    this.at += 1;
    const index = this.groups.push(undefined) - 1;
    return (this.groups[index] = this.groupBody());
  }

  private groupBody(): PatternNode {
    const node = this.choice();
    if (!this.take(')')) throw this.error('missing )');
    return node;
  }

  private escape(): PatternNode {
    const next = this.text[this.at + 1] ?? '';
    if (next === 'b' || next === 'B') {
      this.at += 2;
      return { kind: 'edge', edge: next === 'b' ? 'word' : 'inside' };
    }
    if (/[1-9]/.test(next)) return this.backReference();
    const body = this.classEscape();
    if (body !== undefined) return { kind: 'set', set: new CharacterSet(body, false) };
    return this.literal(this.escapedCode());
  }

  /** As in Java, digits belong to the number while a group of that number exists. */
  private backReference(): PatternNode {
    this.at += 1;
    let number = 0;
    for (;;) {
      const digit = Number.parseInt(this.text[this.at] ?? '', 10);
      const longer = number * 10 + digit;
      if (Number.isNaN(digit) || (number > 0 && longer >= this.groups.length)) break;
      number = longer;
      this.at += 1;
    }
    const group = this.groups[number];
    if (group === undefined) throw this.error('reference to no group');
    return group;
  }

  private literal(code: number): PatternNode {
    return { kind: 'set', set: new CharacterSet(this.bothCases(codeSource(code), code, code), false) };
  }

  private characterClass(): CharacterSet {
    const negated = this.take('^');
    let body = '';
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      if (this.at >= this.text.length) throw this.error('missing ]');
      if (this.text[this.at] === '[' || this.text.startsWith('&&', this.at))
        throw this.error('class algebra');
      const set = this.text[this.at] === '\\' ? this.classEscape() : undefined;
      if (set !== undefined) {
        body += set;
        continue;
      }
      const low = this.classCode();
      const next = this.text[this.at + 1];
      // `-` is a range only between two single characters.
      if (
        this.text[this.at] !== '-' ||
        next === ']' ||
        next === undefined ||
        this.isClassEscape(this.at + 1)
      ) {
        body += this.bothCases(codeSource(low), low, low);
        continue;
      }
      this.at += 1;
      const high = this.classCode();
      if (high < low) throw this.error('range out of order');
      body += this.bothCases(`${codeSource(low)}-${codeSource(high)}`, low, high);
    }
    this.at += 1;
    return new CharacterSet(body, negated);
  }

  private classCode(): number {
    return this.text[this.at] === '\\' ? this.escapedCode() : this.codePoint();
  }

  private isClassEscape(at: number): boolean {
    return this.text[at] === '\\' && /[dwspDWSP]/.test(this.text[at + 1] ?? '');
  }

  /** The class body of an escape that stands for several characters. */
  private classEscape(): string | undefined {
    if (!this.isClassEscape(this.at)) return undefined;
    const letter = this.text[this.at + 1] as string;
    if (letter !== 'p' && letter !== 'P') {
      this.at += 2;
      return shorthand(letter);
    }
    const name = /^\\[pP](?:\{(\w+)\}|(\w))/.exec(this.text.slice(this.at));
    if (name === null) throw this.error('unreadable property');
    this.at += name[0].length;
    return property(name[1] ?? name[2] ?? '', letter === 'P');
  }

  private escapedCode(): number {
    const rest = this.text.slice(this.at);
    const hex = /^\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\})/.exec(rest);
    if (hex !== null) {
      this.at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16);
      const low = /^\\u([dD][c-fC-F][0-9A-Fa-f]{2})/.exec(this.text.slice(this.at));
      if (code < 0xd800 || code > 0xdbff || low === null) return code;
      this.at += low[0].length;
      return (code - 0xd800) * 0x400 + (Number.parseInt(low[1] ?? '', 16) - 0xdc00) + 0x10000;
    }
    const letter = this.text[this.at + 1];
    if (letter === undefined) throw this.error('lone backslash');
    const control = CONTROLS[letter];
    if (control === undefined && /[A-Za-z0-9]/.test(letter)) throw this.error(`unknown escape \\${letter}`);
    this.at += 1;
    if (control === undefined) return this.codePoint();
    this.at += 1;
    return control;
  }

  private bothCases(source: string, low: number, high: number): string {
    if (!this.ignoreCase) return source;
    let both = source;
    for (let code = Math.max(low, 65); code <= Math.min(high, 90); code += 1) both += codeSource(code + 32);
    for (let code = Math.max(low, 97); code <= Math.min(high, 122); code += 1) both += codeSource(code - 32);
    return both;
  }

  private codePoint(): number {
    const code = this.text.codePointAt(this.at) as number;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  private error(what: string): SyntaxError {
    return new SyntaxError(`${what} at ${this.at} of ${this.text}`);
  }
}
