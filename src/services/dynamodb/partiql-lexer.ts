import { invalid } from './fault.ts';

type PartiqlTokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'end';

export interface PartiqlToken {
  readonly kind: PartiqlTokenKind;
  /** The text; of quoted names and strings, what is inside. */
  readonly text: string;
}

const TOKEN =
  /\s+|--[^\n]*|(?<word>[A-Za-z_$][A-Za-z0-9_$-]*)|"(?<quoted>(?:[^"]|"")*)"|'(?<string>(?:[^']|'')*)'|(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?<symbol><<|>>|<>|<=|>=|!=|[()[\]{},.:=<>?*+-])|(?<unknown>.)/gsy;

/** What is wrong with a statement's form. */
export function malformed(reason: string) {
  return invalid(`Statement wasn't well formed, can't be processed: ${reason}`);
}

/** Splits a statement; the last token is the end. */
function tokenisePartiql(statement: string): readonly PartiqlToken[] {
  const tokens: PartiqlToken[] = [];
  for (const { groups = {} } of statement.matchAll(TOKEN)) {
    const { word, quoted, string, number, symbol, unknown } = groups;
    if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"') });
    else if (string !== undefined) tokens.push({ kind: 'string', text: string.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
    else if (unknown !== undefined) throw malformed(`Unexpected character ${unknown}`);
  }
  tokens.push({ kind: 'end', text: 'end of statement' });
  return tokens;
}

/** Deeper nesting of parentheses and values than any statement needs. */
const DEEPEST = 100;

/** Goes through a statement's tokens; what does not stand where it should is a fault. */
export class PartiqlCursor {
  readonly #tokens: readonly PartiqlToken[];
  #index = 0;
  #depth = 0;

  constructor(statement: string) {
    this.#tokens = tokenisePartiql(statement);
  }

  /** The token after the one at hand. */
  get nextToken(): PartiqlToken | undefined {
    return this.#tokens[this.#index + 1];
  }

  get token(): PartiqlToken {
    return this.#tokens[this.#index] as PartiqlToken;
  }

  advance(): PartiqlToken {
    const token = this.token;
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  unexpected() {
    return malformed(`Unexpected ${this.token.kind === 'end' ? '' : 'token '}${this.token.text}`);
  }

  isWord(word: string): boolean {
    return this.token.kind === 'word' && this.token.text.toUpperCase() === word;
  }

  skipWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.advance();
    return found;
  }

  expectWord(word: string): void {
    if (!this.skipWord(word)) throw this.unexpected();
  }

  isSymbol(symbol: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === symbol;
  }

  skipSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.advance();
    return found;
  }

  expectSymbol(symbol: string): void {
    if (!this.skipSymbol(symbol)) throw this.unexpected();
  }

  expect(...kinds: readonly PartiqlTokenKind[]): string {
    if (!kinds.includes(this.token.kind)) throw this.unexpected();
    return this.advance().text;
  }

  nested<T>(parse: () => T): T {
    if (++this.#depth > DEEPEST) throw malformed('It is nested too deeply');
    const result = parse();
    this.#depth--;
    return result;
  }

  list<T>(parse: () => T): readonly T[] {
    const list: T[] = [];
    do list.push(parse());
    while (this.skipSymbol(','));
    return list;
  }
}
