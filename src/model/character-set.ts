/**
 * A set of code points as a pattern's class spells it: ranges plus Unicode properties, possibly complemented.
 * Membership of ASCII is a table; the rest is looked up.
 */
export class CharacterSet {
  /** The set as the body of a JavaScript character class under the `u` flag. */
  readonly source: string;
  /** 1 where the ASCII code is in the set. */
  readonly ascii = new Uint8Array(128);
  /** Whether a code point over 127 may be in the set. */
  readonly wide: boolean;
  private readonly test: RegExp;

  /** `body` is the inside of a class, every literal in it spelled as `\u{…}`. */
  constructor(body: string, negated: boolean) {
    this.source = `[${negated ? '^' : ''}${body}]`;
    this.test = new RegExp(this.source, 'u');
    for (let code = 0; code < 128; code += 1)
      this.ascii[code] = Number(this.test.test(String.fromCharCode(code)));
    this.wide = negated || /\\[pP]|\\u\{(?:[89a-f][0-9a-f]|[0-9a-f]{3,})\}/.test(body);
  }

  has(codePoint: number): boolean {
    if (codePoint < 128) return this.ascii[codePoint] === 1;
    return this.wide && this.test.test(String.fromCodePoint(codePoint));
  }

  /** False only when no code point is in both; two sets reaching past ASCII are taken to overlap. */
  overlaps(other: CharacterSet): boolean {
    if (this.wide && other.wide) return true;
    for (let code = 0; code < 128; code += 1)
      if (this.ascii[code] === 1 && other.ascii[code] === 1) return true;
    return false;
  }
}

/** One code point, for a class body. */
export function codeSource(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

/** Java's POSIX classes, which are ASCII unless asked otherwise, as class bodies. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\u{0}-\\u{7f}',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '\\u{21}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{60}\\u{7b}-\\u{7e}',
  Graph: '\\u{21}-\\u{7e}',
  Print: '\\u{20}-\\u{7e}',
  Blank: '\\u{20}\\u{9}',
  Cntrl: '\\u{0}-\\u{1f}\\u{7f}',
  XDigit: '0-9a-fA-F',
  Space: '\\u{20}\\u{9}-\\u{d}',
};

/** The complements of the ASCII ones, within Unicode. */
const COMPLEMENTS: Readonly<Record<string, string>> = {
  d: '\\u{0}-\\u{2f}\\u{3a}-\\u{10ffff}',
  w: '\\u{0}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{5e}\\u{60}\\u{7b}-\\u{10ffff}',
  s: '\\u{0}-\\u{8}\\u{e}-\\u{1f}\\u{21}-\\u{10ffff}',
};
const SHORT: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'a-zA-Z0-9_',
  s: '\\u{20}\\u{9}-\\u{d}',
};

/** The class body of `\d`, `\W` and so on; `undefined` for another letter. */
export function shorthand(letter: string): string | undefined {
  return SHORT[letter] ?? (letter.toLowerCase() === letter ? undefined : COMPLEMENTS[letter.toLowerCase()]);
}

/** The class body of `\p{name}`, as Java names properties; throws for one JavaScript cannot express. */
export function property(name: string, negated: boolean): string {
  const posix = POSIX[name];
  if (posix !== undefined) {
    if (!negated) return posix;
    throw new SyntaxError(`\\P{${name}} is not supported`);
  }
  // Java's "letter or digit".
  if (name === 'LD' && !negated) return '\\p{L}\\p{Nd}';
  const bare = /^Is([A-Z].*)$/.exec(name)?.[1] ?? name;
  for (const candidate of [bare, `Script=${bare}`]) {
    const source = `\\${negated ? 'P' : 'p'}{${candidate}}`;
    try {
      new RegExp(source, 'u');
      return source;
    } catch {
      // Not a property of that kind; the next kind is tried.
    }
  }
  throw new SyntaxError(`\\p{${name}} names no property`);
}
