import { compile } from './filter-pattern.ts';
import { invalidPattern, type PatternReader } from './pattern-reader.ts';

/** Tests one value; undefined is a value that is not there. */
export type Test = (value: unknown) => boolean;

const OPERATORS = ['!=', '<=', '>=', '=', '<', '>'] as const;
type Operator = (typeof OPERATORS)[number];

/** Reads an operator and what it compares with: a number, text with `*`, or `%regex%`. */
export function readComparison(reader: PatternReader, stop: RegExp): Test {
  const operator = OPERATORS.find((token) => reader.take(token));
  if (operator === undefined) throw invalidPattern();
  const regex = reader.regex();
  if (regex !== undefined) {
    const compiled = compile(regex);
    const matches: Test = (value) => isScalar(value) && compiled.matcher(String(value)).find();
    return equality(operator, matches);
  }
  const quoted = reader.quoted();
  const text = quoted ?? reader.until(stop).trim();
  if (text === '' && quoted === undefined) throw invalidPattern();
  const number = quoted === undefined ? Number(text) : Number.NaN;
  if (!Number.isNaN(number)) return numeric(operator, number);
  return equality(operator, wildcard(text));
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function equality(operator: Operator, matches: Test): Test {
  if (operator === '=') return matches;
  if (operator === '!=') return (value) => value !== undefined && !matches(value);
  throw invalidPattern();
}

function numeric(operator: Operator, right: number): Test {
  const compare: Readonly<Record<Operator, (left: number) => boolean>> = {
    '=': (left) => left === right,
    '!=': (left) => left !== right,
    '<': (left) => left < right,
    '<=': (left) => left <= right,
    '>': (left) => left > right,
    '>=': (left) => left >= right,
  };
  const holds = compare[operator];
  return (value) => {
    if (value === undefined || value === null || typeof value === 'object') return false;
    const left = typeof value === 'number' ? value : Number(value);
    return Number.isNaN(left) ? operator === '!=' : holds(left);
  };
}

function wildcard(pattern: string): Test {
  if (!pattern.includes('*')) return (value) => isScalar(value) && String(value) === pattern;
  const parts = pattern.split('*');
  return (value) => {
    if (!isScalar(value)) return false;
    const text = String(value);
    const first = parts[0] ?? '';
    const last = parts.at(-1) ?? '';
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > text.length - last.length) return false;
      at = found + part.length;
    }
    return true;
  };
}
