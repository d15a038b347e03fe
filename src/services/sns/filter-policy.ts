import { BlockList, isIP } from 'node:net';
import { invalid } from './fault.ts';

/**
 * A subscription's filter policy, compiled. Every key must match, by any of its conditions; `$or` by any of its
 * policies. https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export interface FilterPolicy {
  readonly keys: readonly { readonly name: string; readonly rule: KeyRule }[];
  readonly alternatives: readonly (readonly FilterPolicy[])[];
}

export type KeyRule =
  | { readonly kind: 'values'; readonly conditions: readonly Condition[] }
  /** Only in the scope of message bodies. */
  | { readonly kind: 'nested'; readonly policy: FilterPolicy };

/** One condition on a key; `undefined` stands for a key that is not there. */
export type Condition = (value: FilterValue | undefined) => boolean;
export type FilterValue = string | number | boolean | null;

export type FilterScope = 'MessageAttributes' | 'MessageBody';

const MOST_KEYS = 5;
const MOST_COMBINATIONS = 150;
const MOST_NUMBER = 1e9;

function refused(reason: string): Error {
  return invalid(`FilterPolicy: ${reason}`);
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a filter policy; throws what SetSubscriptionAttributes answers for one it refuses. */
export function parseFilterPolicy(text: string, scope: FilterScope): FilterPolicy {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('failed to parse JSON.');
  }
  if (!isObject(value)) throw refused('Filter policy must be a JSON object.');
  const { policy, keys, combinations } = compile(value, scope, 1);
  if (keys > MOST_KEYS) throw refused(`Filter policy can not have more than ${MOST_KEYS} keys`);
  if (combinations > MOST_COMBINATIONS) throw refused('Filter policy is too complex');
  return policy;
}

interface Compiled {
  readonly policy: FilterPolicy;
  readonly keys: number;
  /** Of the values of all keys, a nested key's times its depth; those of alternatives add up. */
  readonly combinations: number;
}

function compile(value: Json, scope: FilterScope, depth: number): Compiled {
  const rules: { name: string; rule: KeyRule }[] = [];
  const alternatives: (readonly FilterPolicy[])[] = [];
  let keys = 0;
  let combinations = 1;
  for (const [name, rule] of Object.entries(value)) {
    if (name === '$or' && Array.isArray(rule) && rule.length >= 2 && rule.every(isObject)) {
      const compiled = rule.map((policy) => compile(policy, scope, depth));
      alternatives.push(compiled.map(({ policy }) => policy));
      keys += compiled.reduce((sum, one) => sum + one.keys, 0);
      combinations *= compiled.reduce((sum, one) => sum + one.combinations, 0);
      continue;
    }
    if (Array.isArray(rule)) {
      if (rule.length === 0) throw refused('Empty arrays are not allowed');
      keys++;
      combinations *= rule.length * depth;
      rules.push({ name, rule: { kind: 'values', conditions: rule.map(condition) } });
    } else if (isObject(rule)) {
      if (Object.keys(rule).length === 0) throw refused('Empty objects are not allowed');
      // What is wrong inside is said first.
      const nested = compile(rule, scope, depth + 1);
      if (scope === 'MessageAttributes') {
        throw invalid('Filter policy scope MessageAttributes does not support nested filter policy');
      }
      keys += nested.keys;
      combinations *= nested.combinations;
      rules.push({ name, rule: { kind: 'nested', policy: nested.policy } });
    } else throw refused(`"${name}" must be an object or an array`);
  }
  return { policy: { keys: rules, alternatives }, keys, combinations };
}

function condition(value: unknown): Condition {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return (found) => found === value;
  }
  if (typeof value === 'number') {
    checkNumber(value);
    return (found) => found === value;
  }
  if (!isObject(value)) throw refused('Match value must be String, number, true, false, or null');
  const [[operator, operand] = ['', undefined], ...others] = Object.entries(value);
  if (others.length > 0) throw refused('Only one key allowed in match expression');
  return match(operator, operand);
}

function checkNumber(value: unknown): asserts value is number {
  if (typeof value !== 'number' || Math.abs(value) > MOST_NUMBER) {
    throw refused(`Value of number must be between ${-MOST_NUMBER} and ${MOST_NUMBER}`);
  }
}

function text(operator: string, operand: unknown): string {
  if (typeof operand !== 'string') throw refused(`${operator} match pattern must be a string`);
  return operand;
}

function match(operator: string, operand: unknown): Condition {
  switch (operator) {
    case 'exists': {
      if (typeof operand !== 'boolean') throw refused('exists match pattern must be either true or false.');
      return (found) => (found !== undefined) === operand;
    }
    case 'prefix': {
      const prefix = text(operator, operand);
      return (found) => typeof found === 'string' && found.startsWith(prefix);
    }
    case 'suffix': {
      const suffix = text(operator, operand);
      return (found) => typeof found === 'string' && found.endsWith(suffix);
    }
    case 'equals-ignore-case': {
      const folded = text(operator, operand).toLowerCase();
      return (found) => typeof found === 'string' && found.toLowerCase() === folded;
    }
    case 'wildcard': {
      const pattern = text(operator, operand);
      return (found) => typeof found === 'string' && matchesWildcard(found, pattern);
    }
    case 'cidr':
      return cidr(operand);
    case 'numeric':
      return numeric(operand);
    case 'anything-but':
      return anythingBut(operand);
    default:
      throw refused(`Unrecognized match type ${operator}`);
  }
}

/** `*` stands for any characters; every other is itself. Linear in the text for each part of the pattern. */
function matchesWildcard(value: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return value === first;
  const last = parts.at(-1) ?? '';
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) {
    return false;
  }
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= value.length - last.length;
}

function cidr(operand: unknown): Condition {
  // AWS says prefix where it means this.
  const block = text('prefix', operand);
  const [address = '', bits, ...rest] = block.split('/');
  if (bits === undefined || rest.length > 0) throw refused("Malformed CIDR, one '/' required");
  if (!/^\d+$/.test(bits)) throw refused('Malformed CIDR, mask bits must be an integer');
  const version = isIP(address);
  if (version === 0) throw refused(`Nonstandard IP address: ${address}`);
  const prefix = Number(bits);
  if (prefix > (version === 6 ? 128 : 32)) throw refused('Malformed CIDR, bad mask bits');
  const list = new BlockList();
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  return (found) =>
    typeof found === 'string' &&
    isIP(found) === version &&
    list.check(found, version === 6 ? 'ipv6' : 'ipv4');
}

const COMPARISONS: Readonly<Record<string, (found: number, value: number) => boolean>> = {
  '=': (found, value) => found === value,
  '<': (found, value) => found < value,
  '<=': (found, value) => found <= value,
  '>': (found, value) => found > value,
  '>=': (found, value) => found >= value,
};

interface Bound {
  readonly holds: (found: number, value: number) => boolean;
  readonly value: number;
}

/** One comparison or a range, refused in the order AWS reads it. */
function numeric(operand: unknown): Condition {
  const terms: readonly unknown[] = Array.isArray(operand) ? operand : [];
  const [first] = terms;
  if (typeof first !== 'string') throw refused(`Invalid member in numeric match: ${String(first ?? ']')}`);
  const lower = boundOf(first, terms[1]);
  if (terms.length === 2) return (found) => typeof found === 'number' && lower.holds(found, lower.value);
  if (!first.startsWith('>')) throw refused('Too many elements in numeric expression');
  const second = terms[2];
  if (typeof second !== 'string') throw refused(`Bad value in numeric range: ${String(second)}`);
  if (!second.startsWith('<')) throw refused(`Bad numeric range operator: ${second}`);
  const upper = boundOf(second, terms[3]);
  if (terms.length > 4) throw refused('Too many terms in numeric range expression');
  if (lower.value >= upper.value) throw refused('Bottom must be less than top');
  return (found) =>
    typeof found === 'number' && lower.holds(found, lower.value) && upper.holds(found, upper.value);
}

function boundOf(operator: string, value: unknown): Bound {
  const holds = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
  if (holds === undefined) throw refused(`Unrecognized numeric range operator: ${operator}`);
  if (typeof value !== 'number')
    throw refused(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  checkNumber(value);
  return { holds, value };
}

/** Matches a key that is there with another value. */
function anythingBut(operand: unknown): Condition {
  if (isObject(operand)) {
    const [[operator, inner] = ['', undefined], ...others] = Object.entries(operand);
    if (others.length > 0 || !['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
      throw refused(`Unsupported anything-but pattern: ${operator}`);
    }
    const matched = match(operator, inner);
    return (found) => found !== undefined && !matched(found);
  }
  const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (values.length === 0 || values.some((value) => typeof value !== 'string' && typeof value !== 'number')) {
    throw refused('Inside anything but list, start|null|boolean is not supported.');
  }
  return (found) => found !== undefined && !values.includes(found);
}
