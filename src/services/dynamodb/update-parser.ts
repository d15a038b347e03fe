import { type AttributeType, type AttributeValue, typeOf } from './attribute-value.ts';
import { type DocumentPath, pathClash } from './document-path.ts';
import { isArithmetic, type Operand, type UpdateAction, type UpdateValue } from './expression.ts';
import type { ExpressionAttributes } from './expression-attributes.ts';
import { ExpressionParser, UNDEFINED_VALUE } from './expression-parser.ts';

export interface ParsedUpdate {
  readonly actions: readonly UpdateAction[];
  /** Every path the expression reads. */
  readonly reads: readonly DocumentPath[];
}

type Slot =
  | 'reserved'
  | 'unknown function'
  | 'section'
  | 'undefined name'
  | 'undefined value'
  | 'overlap'
  | 'conflict'
  | 'operand'
  | 'function';

const ORDER: readonly Slot[] = [
  'reserved',
  'unknown function',
  'section',
  'undefined name',
  'undefined value',
  'overlap',
  'conflict',
  'operand',
  'function',
];
const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;
type Section = (typeof SECTIONS)[number];

const CONDITION_FUNCTIONS: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
]);
const LONG_TYPE: Readonly<Partial<Record<AttributeType, string>>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};

/** Parses an update expression. Throws AWS's fault for what is wrong with it. */
export function parseUpdate(expression: string, attributes: ExpressionAttributes): ParsedUpdate {
  return new UpdateParser(expression, attributes).parse();
}

class UpdateParser {
  readonly #parser: ExpressionParser<Slot>;
  readonly #actions: UpdateAction[] = [];
  readonly #reads: DocumentPath[] = [];

  constructor(expression: string, attributes: ExpressionAttributes) {
    this.#parser = new ExpressionParser<Slot>(
      expression,
      'UpdateExpression',
      attributes,
      {
        reserved: 'reserved',
        name: 'undefined name',
        value: 'undefined value',
      },
      new Set(SECTIONS),
    );
  }

  parse(): ParsedUpdate {
    const seen = new Set<Section>();
    do {
      const section = SECTIONS.find((keyword) => this.#parser.skipKeyword(keyword));
      if (section === undefined) throw this.#parser.syntaxError();
      if (seen.has(section)) {
        this.#parser.note(
          'section',
          `The "${section}" section can only be used once in an update expression;`,
        );
      }
      seen.add(section);
      do this.#action(section);
      while (this.#parser.skipSymbol(','));
    } while (this.#parser.token.kind !== 'end');
    this.#parser.report(ORDER);
    return { actions: this.#actions, reads: this.#reads };
  }

  #action(section: Section): void {
    this.#parser.countOperator();
    const path = this.#target();
    switch (section) {
      case 'SET':
        this.#parser.expectSymbol('=');
        this.#actions.push({ kind: 'set', path, value: this.#value() });
        return;
      case 'REMOVE':
        this.#actions.push({ kind: 'remove', path });
        return;
      case 'ADD':
      case 'DELETE':
        this.#actions.push({
          kind: section === 'ADD' ? 'add' : 'delete',
          path,
          value: this.#elements(section),
        });
    }
  }

  #target(): DocumentPath {
    const path = this.#parser.path();
    for (const { path: earlier } of this.#actions) {
      const clash = pathClash(earlier, path);
      if (clash !== undefined) this.#parser.note(clash.kind, clash.message);
    }
    return path;
  }

  /** What ADD and DELETE work with: a set, and for ADD a number. */
  #elements(section: 'ADD' | 'DELETE'): AttributeValue {
    const operand = this.#parser.value();
    if (operand.kind !== 'value' || operand === UNDEFINED_VALUE) return { NULL: true };
    const type = typeOf(operand.value);
    const long = LONG_TYPE[type];
    if (long !== undefined && !(section === 'ADD' && type === 'N')) {
      this.#parser.note(
        'operand',
        `Incorrect operand type for operator or function; operator: ${section}, operand type: ${long}, typeSet: ALLOWED_FOR_${section}_OPERAND`,
      );
    }
    return operand.value;
  }

  #value(): UpdateValue {
    if (this.#parser.skipSymbol('(')) {
      const value = this.#parser.nested(() => this.#value());
      this.#parser.expectSymbol(')');
      return isArithmetic(value) ? value : this.#rest(value);
    }
    return this.#rest(this.#operand());
  }

  #rest(left: Operand): UpdateValue {
    const symbol = this.#parser.isSymbol('+') ? '+' : this.#parser.isSymbol('-') ? '-' : undefined;
    if (symbol === undefined) return left;
    this.#parser.advance();
    this.#parser.countOperator();
    const right = this.#operand();
    for (const operand of [left, right]) {
      const type = immediateType(operand);
      if (type !== undefined && type !== 'N') this.#noteType(symbol, type);
    }
    return { kind: symbol === '+' ? 'sum' : 'difference', left, right };
  }

  #operand(): Operand {
    const operand = this.#parser.operand(
      (name, operands) => this.#checkCall(name, operands),
      () => {},
    );
    this.#collect(operand);
    return operand;
  }

  #collect(operand: Operand): void {
    if (operand.kind === 'path') this.#reads.push(operand.path);
    if (operand.kind === 'call') for (const inner of operand.operands) this.#collect(inner);
  }

  #checkCall(name: string, operands: readonly Operand[]): void {
    if (name !== 'if_not_exists' && name !== 'list_append') {
      this.#parser.note(
        'unknown function',
        CONDITION_FUNCTIONS.has(name)
          ? `The function is not allowed in an update expression; function: ${name}`
          : `Invalid function name; function: ${name}`,
      );
      return;
    }
    if (operands.length !== 2) {
      this.#parser.note(
        'function',
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
      );
      return;
    }
    if (name === 'if_not_exists') {
      if (operands[0]?.kind === 'path') return;
      this.#parser.note(
        'function',
        `Operator or function requires a document path; operator or function: ${name}`,
      );
      return;
    }
    for (const operand of operands) {
      const type = immediateType(operand);
      if (type !== undefined && type !== 'L') {
        this.#noteType(name, type);
        return;
      }
    }
  }

  #noteType(name: string, type: AttributeType): void {
    this.#parser.note(
      'function',
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}

function immediateType(operand: Operand): AttributeType | undefined {
  return operand.kind === 'value' && operand !== UNDEFINED_VALUE ? typeOf(operand.value) : undefined;
}
