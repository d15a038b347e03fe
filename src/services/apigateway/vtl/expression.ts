import { Cursor } from './cursor.ts';
import type { Expression, Operator, Reference, Step } from './node.ts';
import { parseAll } from './parse.ts';

/** A reference at `$`; undefined, the cursor unmoved, when it is none. */
export function parseReference(cursor: Cursor): Reference | undefined {
  const start = cursor.at;
  cursor.expect('$');
  const quiet = cursor.take('!');
  const braced = cursor.take('{');
  const name = cursor.name();
  if (name === undefined) {
    cursor.at = start;
    return undefined;
  }
  const steps: Step[] = [];
  for (;;) {
    if (cursor.peek() === '.' && /[A-Za-z_]/.test(cursor.peek(1))) {
      cursor.at += 1;
      const member = cursor.name() as string;
      steps.push(
        cursor.peek() === '('
          ? { kind: 'method', name: member, args: parseArguments(cursor) }
          : { kind: 'member', name: member },
      );
    } else if (cursor.peek() === '[') {
      const before = cursor.at;
      cursor.at += 1;
      cursor.skipSpace();
      if (cursor.peek() === ']' || cursor.peek() === '') {
        cursor.at = before;
        break;
      }
      const at = parseExpression(cursor);
      cursor.skipSpace();
      cursor.expect(']');
      steps.push({ kind: 'index', at });
    } else break;
  }
  if (braced && !cursor.take('}')) {
    // `${AWS::Region}` is text.
    cursor.at = start;
    return undefined;
  }
  return { name, steps, quiet, source: cursor.text.slice(start, cursor.at) };
}

function parseArguments(cursor: Cursor): readonly Expression[] {
  cursor.expect('(');
  return parseItems(cursor, ')');
}

function parseItems(cursor: Cursor, close: string): readonly Expression[] {
  const items: Expression[] = [];
  cursor.skipSpace();
  while (!cursor.take(close)) {
    if (items.length > 0) cursor.expect(',');
    items.push(parseExpression(cursor));
    cursor.skipSpace();
  }
  return items;
}

/** By how tightly they bind, loosest first. Words are Velocity's other spelling. */
const LEVELS: readonly (readonly (readonly [string, Operator])[])[] = [
  [
    ['||', '||'],
    ['or', '||'],
  ],
  [
    ['&&', '&&'],
    ['and', '&&'],
  ],
  [
    ['==', '=='],
    ['!=', '!='],
    ['eq', '=='],
    ['ne', '!='],
  ],
  [
    ['<=', '<='],
    ['>=', '>='],
    ['<', '<'],
    ['>', '>'],
    ['le', '<='],
    ['ge', '>='],
    ['lt', '<'],
    ['gt', '>'],
  ],
  [
    ['+', '+'],
    ['-', '-'],
  ],
  [
    ['*', '*'],
    ['/', '/'],
    ['%', '%'],
  ],
];
const MOST_DEPTH = 200;

export function parseExpression(cursor: Cursor): Expression {
  cursor.depth += 1;
  if (cursor.depth > MOST_DEPTH) cursor.fail('the expression is nested too deeply');
  const expression = parseLevel(cursor, 0);
  cursor.depth -= 1;
  return expression;
}

function parseLevel(cursor: Cursor, level: number): Expression {
  const operators = LEVELS[level];
  if (operators === undefined) return parseUnary(cursor);
  let left = parseLevel(cursor, level + 1);
  for (;;) {
    cursor.skipSpace();
    const found = operators.find(([text]) => looksAtOperator(cursor, text));
    if (found === undefined) return left;
    cursor.at += found[0].length;
    left = { kind: 'binary', operator: found[1], left, right: parseLevel(cursor, level + 1) };
  }
}

function looksAtOperator(cursor: Cursor, text: string): boolean {
  if (!cursor.looksAt(text)) return false;
  return !/[a-z]/.test(text) || !/[A-Za-z0-9_]/.test(cursor.peek(text.length));
}

function parseUnary(cursor: Cursor): Expression {
  cursor.skipSpace();
  if (cursor.peek() === '!' && cursor.peek(1) !== '=') {
    cursor.at += 1;
    return { kind: 'not', operand: parseUnary(cursor) };
  }
  if (looksAtOperator(cursor, 'not')) {
    cursor.at += 3;
    return { kind: 'not', operand: parseUnary(cursor) };
  }
  if (cursor.peek() === '-' && !/\d/.test(cursor.peek(1))) {
    cursor.at += 1;
    return { kind: 'negative', operand: parseUnary(cursor) };
  }
  return parsePrimary(cursor);
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function parsePrimary(cursor: Cursor): Expression {
  const next = cursor.peek();
  if (next === '$') {
    const reference = parseReference(cursor);
    return reference === undefined
      ? cursor.fail('a reference needs a name')
      : { kind: 'reference', reference };
  }
  if (next === '(') {
    cursor.at += 1;
    const inner = parseExpression(cursor);
    cursor.skipSpace();
    cursor.expect(')');
    return inner;
  }
  if (next === "'" || next === '"') return parseString(cursor, next);
  if (next === '[') return parseList(cursor);
  if (next === '{') return parseMap(cursor);
  NUMBER.lastIndex = cursor.at;
  const number = NUMBER.exec(cursor.text)?.[0];
  if (number !== undefined) {
    // `1..5` is a range, not a number with a point.
    cursor.at += number.length;
    return { kind: 'value', value: Number(number) };
  }
  const word = cursor.name();
  if (word === 'true' || word === 'false') return { kind: 'value', value: word === 'true' };
  if (word === 'null') return { kind: 'value', value: null };
  return cursor.fail('an expression is expected');
}

function parseString(cursor: Cursor, quote: string): Expression {
  cursor.at += 1;
  const start = cursor.at;
  const end = cursor.stringEnd(quote);
  cursor.at = end + 1;
  const raw = cursor.text.slice(start, end).replaceAll(quote + quote, quote);
  if (quote === "'") return { kind: 'value', value: raw };
  const text = raw.replaceAll('\\"', '"');
  if (!/[$#]/.test(text)) return { kind: 'value', value: text };
  const inner = new Cursor(text);
  inner.depth = cursor.depth;
  return { kind: 'interpolated', body: parseAll(inner) };
}

function parseList(cursor: Cursor): Expression {
  cursor.expect('[');
  cursor.skipSpace();
  if (cursor.take(']')) return { kind: 'list', items: [] };
  const first = parseExpression(cursor);
  cursor.skipSpace();
  if (cursor.take('..')) {
    const to = parseExpression(cursor);
    cursor.skipSpace();
    cursor.expect(']');
    return { kind: 'range', from: first, to };
  }
  if (cursor.take(']')) return { kind: 'list', items: [first] };
  cursor.expect(',');
  return { kind: 'list', items: [first, ...parseItems(cursor, ']')] };
}

function parseMap(cursor: Cursor): Expression {
  cursor.expect('{');
  const entries: [Expression, Expression][] = [];
  cursor.skipSpace();
  while (!cursor.take('}')) {
    if (entries.length > 0) cursor.expect(',');
    const key = parseExpression(cursor);
    cursor.skipSpace();
    cursor.expect(':');
    entries.push([key, parseExpression(cursor)]);
    cursor.skipSpace();
  }
  return { kind: 'map', entries };
}
