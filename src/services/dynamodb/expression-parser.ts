import type { DocumentPath } from './document-path.ts';
import type { Operand } from './expression.ts';
import type { ExpressionAttributes } from './expression-attributes.ts';
import {
  type ExpressionParameter,
  expressionFault,
  syntaxFault,
  type Token,
  type TokenKind,
  tokenise,
} from './expression-lexer.ts';
import { isReservedWord } from './reserved-word.ts';

/** Operators and functions of one expression. */
const MOST_OPERATORS = 300;
/** Deeper nesting than the operators of one expression could need. */
const DEEPEST = MOST_OPERATORS + 1;
/** Of a list's element. */
const LARGEST_INDEX = 2 ** 31 - 1;
/** Parts of a document path. */
const LONGEST_PATH = 32;

/** Stands for a value that the request does not define, so that parsing goes on and the right mistake is reported. */
export const UNDEFINED_VALUE: Operand = Object.freeze({
  kind: 'value',
  value: Object.freeze({ NULL: true }),
});

type CallCheck = (name: string, operands: readonly Operand[]) => void;

/**
 * What every expression grammar shares: the token at hand, document paths, operands, and the mistakes found on the
 * way. A mistake of syntax throws at once; of the others DynamoDB reports one, by its own order of `Slot`s, the
 * first found in each.
 */
export class ExpressionParser<Slot extends string> {
  readonly parameter: ExpressionParameter;
  readonly attributes: ExpressionAttributes;
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  readonly #mistakes = new Map<Slot, string>();
  readonly #slots: { readonly reserved: Slot; readonly name: Slot; readonly value: Slot };
  readonly #keywords: ReadonlySet<string>;
  #index = 0;
  #operators = 0;
  #depth = 0;

  constructor(
    expression: string,
    parameter: ExpressionParameter,
    attributes: ExpressionAttributes,
    slots: { readonly reserved: Slot; readonly name: Slot; readonly value: Slot },
    /** Words, in capitals, that are no names in this grammar. */
    keywords: ReadonlySet<string>,
  ) {
    this.parameter = parameter;
    this.attributes = attributes;
    this.#expression = expression;
    this.#tokens = tokenise(expression, parameter);
    this.#slots = slots;
    this.#keywords = keywords;
  }

  /** Counts tokens; for telling what a pair of parentheses encloses. */
  get position(): number {
    return this.#index;
  }

  get token(): Token {
    return this.#tokens[this.#index] as Token;
  }

  /** The token after the one at hand. */
  get nextToken(): Token {
    return this.#tokens[Math.min(this.#index + 1, this.#tokens.length - 1)] as Token;
  }

  advance(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  isSymbol(symbol: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === symbol;
  }

  isKeyword(keyword: string): boolean {
    return this.token.kind === 'word' && this.token.text.toUpperCase() === keyword;
  }

  skipSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.advance();
    return found;
  }

  skipKeyword(keyword: string): boolean {
    const found = this.isKeyword(keyword);
    if (found) this.advance();
    return found;
  }

  expectSymbol(symbol: string): void {
    if (!this.skipSymbol(symbol)) throw this.syntaxError();
  }

  expect(kind: TokenKind): Token {
    if (this.token.kind !== kind) throw this.syntaxError();
    return this.advance();
  }

  syntaxError() {
    return syntaxFault(this.parameter, this.#expression, this.#tokens, this.#index);
  }

  note(slot: Slot, message: string): void {
    if (!this.#mistakes.has(slot)) this.#mistakes.set(slot, message);
  }

  mistake(slot: Slot): string | undefined {
    return this.#mistakes.get(slot);
  }

  /** Throws the mistake that comes first in `order`, if any was noted. */
  report(order: readonly Slot[]): void {
    if (this.#mistakes.size === 0) return;
    for (const slot of order) {
      const message = this.#mistakes.get(slot);
      if (message !== undefined) throw expressionFault(this.parameter, message);
    }
  }

  countOperator(): void {
    if (++this.#operators > MOST_OPERATORS) {
      throw expressionFault(
        this.parameter,
        `The expression contains too many operators; operator count: ${this.#operators}`,
      );
    }
  }

  /** Guards recursion: what nests deeper than operators allow is only parentheses around parentheses. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > DEEPEST) {
      throw expressionFault(this.parameter, 'The expression has redundant parentheses;');
    }
    const result = parse();
    this.#depth--;
    return result;
  }

  path(): DocumentPath {
    const path: (string | number)[] = [this.#pathName()];
    for (;;) {
      if (this.skipSymbol('.')) path.push(this.#pathName());
      else if (this.skipSymbol('[')) {
        path.push(this.#listIndex(this.expect('number').text));
        this.expectSymbol(']');
      } else break;
    }
    if (path.length > LONGEST_PATH) {
      throw expressionFault(
        this.parameter,
        `The document path has too many nesting levels; nesting levels: ${path.length}`,
      );
    }
    return path;
  }

  #listIndex(text: string): number {
    const index = Number(text);
    if (index > LARGEST_INDEX) {
      this.note(this.#slots.reserved, `List index is not within the allowable range; index: [${text}]`);
    }
    return index;
  }

  #pathName(): string {
    const { kind, text } = this.token;
    if (kind === 'word') {
      if (this.#keywords.has(text.toUpperCase())) throw this.syntaxError();
      this.advance();
      if (isReservedWord(text)) {
        this.note(this.#slots.reserved, `Attribute name is a reserved keyword; reserved keyword: ${text}`);
      }
      return text;
    }
    const name = this.attributes.name(this.expect('name').text);
    if (name !== undefined) return name;
    this.note(
      this.#slots.name,
      `An expression attribute name used in the document path is not defined; attribute name: ${text}`,
    );
    return text;
  }

  /** `:value`; {@link UNDEFINED_VALUE}, with the mistake noted, when the request defines none. */
  value(): Operand {
    const { text } = this.expect('value');
    const value = this.attributes.value(text);
    if (value !== undefined) return { kind: 'value', value };
    this.note(
      this.#slots.value,
      `An expression attribute value used in expression is not defined; attribute value: ${text}`,
    );
    return UNDEFINED_VALUE;
  }

  /**
   * A path, a value or a call, perhaps in parentheses; `check` sees every call once its operands are known,
   * `redundant` parentheses around parentheses.
   */
  operand(check: CallCheck, redundant: () => void): Operand {
    if (this.skipSymbol('(')) {
      if (this.isSymbol('(')) redundant();
      const operand = this.nested(() => this.operand(check, redundant));
      this.expectSymbol(')');
      return operand;
    }
    if (this.token.kind === 'value') return this.value();
    if (this.token.kind !== 'word' || this.nextToken.text !== '(') return { kind: 'path', path: this.path() };
    const name = this.advance().text;
    const operands = this.nested(() => this.#arguments(check, redundant));
    this.countOperator();
    check(name, operands);
    return { kind: 'call', name, operands };
  }

  #arguments(check: CallCheck, redundant: () => void): readonly Operand[] {
    this.expectSymbol('(');
    const operands: Operand[] = [];
    do operands.push(this.operand(check, redundant));
    while (this.skipSymbol(','));
    this.expectSymbol(')');
    return operands;
  }
}
