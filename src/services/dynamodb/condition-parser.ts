import type { AttributeValue } from './attribute-value.ts';
import { type AttributeType, base64, compareValues, typeOf } from './attribute-value.ts';
import { type DocumentPath, printPath, samePath } from './document-path.ts';
import type { Comparator, Condition, Operand } from './expression.ts';
import type { ExpressionAttributes } from './expression-attributes.ts';
import type { ExpressionParameter } from './expression-lexer.ts';
import { ExpressionParser, UNDEFINED_VALUE } from './expression-parser.ts';

/** A condition and what the table's schema has to say about its paths. */
export interface ParsedCondition {
  readonly condition: Condition;
  readonly paths: readonly DocumentPath[];
}

type Slot =
  | 'parentheses'
  | 'unknown function'
  | 'misused function'
  | 'reserved'
  | 'condition'
  | 'undefined'
  | 'operand count'
  | 'distinct'
  | 'operand';

const ORDER: readonly Slot[] = [
  'parentheses',
  'unknown function',
  'misused function',
  'reserved',
  'condition',
];
/** Among the mistakes of one condition. */
const ORDER_IN_CONDITION: readonly Slot[] = ['undefined', 'operand count', 'distinct', 'operand'];

const OPERANDS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const KEYWORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);
const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const TYPE_NAMES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'NS', 'M']);
const LONGEST_LIST = 100;

/** Parses a condition, filter or key condition. Throws AWS's fault for what is wrong with it. */
export function parseCondition(
  expression: string,
  parameter: ExpressionParameter,
  attributes: ExpressionAttributes,
): ParsedCondition {
  return new ConditionParser(expression, parameter, attributes).parse();
}

/** Inside parentheses a lone operand may stand too: `(a) = :b`. */
type Node = { readonly operand: Operand } | { readonly condition: Condition };

class ConditionParser {
  readonly #parser: ExpressionParser<Slot>;
  readonly #paths: DocumentPath[] = [];
  #lastGroup = { start: -1, end: -1 };

  constructor(expression: string, parameter: ExpressionParameter, attributes: ExpressionAttributes) {
    this.#parser = new ExpressionParser<Slot>(
      expression,
      parameter,
      attributes,
      {
        reserved: 'reserved',
        name: 'undefined',
        value: 'undefined',
      },
      KEYWORDS,
    );
  }

  parse(): ParsedCondition {
    const condition = this.#condition(this.#or());
    if (this.#parser.token.kind !== 'end') throw this.#parser.syntaxError();
    this.#parser.report(ORDER);
    return { condition, paths: this.#paths };
  }

  /** Demands that a node is a condition; `size(a)` alone is not, and a lone path or value is a syntax error. */
  #condition(node: Node): Condition {
    if ('condition' in node) return node.condition;
    if (node.operand.kind !== 'call') throw this.#parser.syntaxError();
    this.#parser.note(
      'misused function',
      `The function is not allowed to be used this way in an expression; function: ${node.operand.name}`,
    );
    return node.operand;
  }

  #or(): Node {
    let left = this.#and();
    while (this.#parser.isKeyword('OR')) left = this.#join('or', left, () => this.#and());
    return left;
  }

  #and(): Node {
    let left = this.#not();
    while (this.#parser.isKeyword('AND')) left = this.#join('and', left, () => this.#not());
    return left;
  }

  #join(kind: 'and' | 'or', leftNode: Node, parseRight: () => Node): Node {
    const left = this.#condition(leftNode);
    this.#parser.advance();
    this.#parser.countOperator();
    return { condition: { kind, left, right: this.#condition(parseRight()) } };
  }

  #not(): Node {
    if (!this.#parser.skipKeyword('NOT')) return this.#comparison();
    this.#parser.countOperator();
    const condition = this.#parser.nested(() => this.#condition(this.#not()));
    return { condition: { kind: 'not', condition } };
  }

  #comparison(): Node {
    const node = this.#group();
    const { token } = this.#parser;
    if ('condition' in node) return node;
    const { operand } = node;
    if (token.kind === 'symbol' && COMPARATORS.has(token.text)) return this.#compare(operand);
    if (this.#parser.isKeyword('BETWEEN')) return this.#between(operand);
    if (this.#parser.isKeyword('IN')) return this.#in(operand);
    if (operand.kind === 'call') {
      if (operand.name === 'size') return node;
      this.#endCondition();
      return { condition: operand };
    }
    if (this.#parser.isSymbol(')')) return node;
    throw this.#parser.syntaxError();
  }

  /** A parenthesised condition or operand, or an operand. */
  #group(): Node {
    const start = this.#parser.position;
    if (!this.#parser.skipSymbol('(')) return { operand: this.#operand() };
    const inner = this.#parser.nested(() => this.#or());
    this.#parser.expectSymbol(')');
    const end = this.#parser.position;
    if (this.#lastGroup.start === start + 1 && this.#lastGroup.end === end - 1) {
      this.#noteRedundant();
    }
    this.#lastGroup = { start, end };
    return inner;
  }

  #noteRedundant(): void {
    this.#parser.note('parentheses', 'The expression has redundant parentheses;');
  }

  #operand(): Operand {
    const operand = this.#parser.operand(
      (name, operands) => this.#checkCall(name, operands),
      () => this.#noteRedundant(),
    );
    this.#collect(operand);
    return operand;
  }

  #collect(operand: Operand): void {
    if (operand.kind === 'path') this.#paths.push(operand.path);
    if (operand.kind === 'call') for (const inner of operand.operands) this.#collect(inner);
  }

  #compare(left: Operand): Node {
    const comparator = this.#parser.advance().text as Comparator;
    this.#parser.countOperator();
    const right = this.#operand();
    this.#checkMisuse([left, right]);
    this.#checkDistinct(comparator, [left, right]);
    if (comparator !== '=' && comparator !== '<>') {
      for (const operand of [left, right]) this.#checkOrdered(comparator, operand);
    }
    this.#endCondition();
    return { condition: { kind: 'compare', comparator, left, right } };
  }

  #between(operand: Operand): Node {
    this.#parser.advance();
    this.#parser.countOperator();
    const low = this.#operand();
    if (!this.#parser.skipKeyword('AND')) throw this.#parser.syntaxError();
    const high = this.#operand();
    this.#checkMisuse([operand, low, high]);
    for (const each of [operand, low, high]) this.#checkOrdered('BETWEEN', each);
    this.#checkBounds(low, high);
    this.#endCondition();
    return { condition: { kind: 'between', operand, low, high } };
  }

  #in(operand: Operand): Node {
    this.#parser.advance();
    this.#parser.countOperator();
    this.#parser.expectSymbol('(');
    const list: Operand[] = [];
    do list.push(this.#operand());
    while (this.#parser.skipSymbol(','));
    this.#parser.expectSymbol(')');
    this.#checkMisuse([operand, ...list]);
    if (list.length > LONGEST_LIST) {
      this.#parser.note(
        'operand count',
        `The IN operator is provided with too many operands; number of operands: ${list.length}`,
      );
    }
    this.#endCondition();
    return { condition: { kind: 'in', operand, list } };
  }

  /** Of the mistakes of all conditions, the first condition's count. */
  #endCondition(): void {
    if (this.#parser.mistake('condition') !== undefined) return;
    for (const slot of ORDER_IN_CONDITION) {
      const message = this.#parser.mistake(slot);
      if (message !== undefined) {
        this.#parser.note('condition', message);
        return;
      }
    }
  }

  #checkMisuse(operands: readonly Operand[]): void {
    const misused = operands.find((operand) => operand.kind === 'call' && operand.name !== 'size');
    if (misused?.kind !== 'call') return;
    this.#parser.note(
      'misused function',
      `The function is not allowed to be used this way in an expression; function: ${misused.name}`,
    );
  }

  #checkDistinct(name: string, [first, second]: readonly Operand[]): void {
    if (first?.kind !== 'path' || second?.kind !== 'path' || !samePath(first.path, second.path)) return;
    this.#parser.note(
      'distinct',
      'The first operand must be distinct from the remaining operands for this operator or function; ' +
        `operator: ${name}, first operand: ${printPath(first.path)}`,
    );
  }

  #checkOrdered(comparator: Comparator | 'BETWEEN', operand: Operand): void {
    const type = operandType(operand);
    if (type === undefined || type === 'S' || type === 'N' || type === 'B') return;
    this.#noteType(comparator, type);
  }

  #checkBounds(low: Operand, high: Operand): void {
    if (!isKnownValue(low) || !isKnownValue(high)) return;
    const bounds =
      `lower bound operand: AttributeValue: ${printValue(low.value)}, ` +
      `upper bound operand: AttributeValue: ${printValue(high.value)}`;
    if (typeOf(low.value) !== typeOf(high.value)) {
      this.#parser.note(
        'operand',
        `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
      );
    } else if ((compareValues(low.value, high.value) ?? 0) > 0) {
      this.#parser.note(
        'operand',
        `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
      );
    }
  }

  #checkCall(name: string, operands: readonly Operand[]): void {
    this.#checkMisuse(operands);
    const count = Object.hasOwn(OPERANDS, name) ? OPERANDS[name] : undefined;
    if (count === undefined) {
      this.#parser.note(
        'unknown function',
        name === 'if_not_exists' || name === 'list_append'
          ? `The function is not allowed in a condition expression; function: ${name}`
          : `Invalid function name; function: ${name}`,
      );
      return;
    }
    if (count !== operands.length) {
      this.#parser.note(
        'operand count',
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
      );
      return;
    }
    this.#checkDistinct(name, operands);
    const [first, second] = operands;
    switch (name) {
      case 'attribute_exists':
      case 'attribute_not_exists':
        if (first?.kind === 'path' || first === UNDEFINED_VALUE) return;
        {
          this.#parser.note(
            'operand',
            `Operator or function requires a document path; operator or function: ${name}`,
          );
          return;
        }
      case 'begins_with':
        for (const operand of operands) {
          const type = operandType(operand);
          if (type !== undefined && type !== 'S' && type !== 'B') {
            this.#noteType(name, type);
            return;
          }
        }
        return;
      case 'attribute_type': {
        this.#checkAttributeType(second as Operand);
        return;
      }
      case 'size': {
        const type = operandType(first as Operand);
        if (type === 'N' || type === 'BOOL' || type === 'NULL') this.#noteType(name, type);
      }
    }
  }

  #checkAttributeType(operand: Operand): void {
    if (operand === UNDEFINED_VALUE) return;
    const type = operandType(operand);
    if (type !== 'S' || operand.kind !== 'value') {
      this.#noteType('attribute_type', type ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}');
      return;
    }
    if (TYPE_NAMES.has(operand.value.S ?? '')) return;
    this.#parser.note(
      'operand',
      `Invalid attribute type name found; type: ${operand.value.S}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    );
  }

  #noteType(name: string, type: string): void {
    this.#parser.note(
      'operand',
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }
}

function isKnownValue(operand: Operand): operand is Extract<Operand, { kind: 'value' }> {
  return operand.kind === 'value' && operand !== UNDEFINED_VALUE;
}

/** The type an operand has before any item is seen, if that is known. */
function operandType(operand: Operand): AttributeType | undefined {
  if (operand.kind === 'call') return operand.name === 'size' ? 'N' : 'BOOL';
  return isKnownValue(operand) ? typeOf(operand.value) : undefined;
}

function printValue(value: AttributeValue): string {
  if (value.B !== undefined) return `{B:${base64(value.B)}}`;
  const type = typeOf(value);
  return `{${type}:${typeof value[type] === 'object' ? JSON.stringify(value[type]) : value[type]}}`;
}
