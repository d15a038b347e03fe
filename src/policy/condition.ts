import { Glob } from './match.ts';
import { inRange, parseInstant, parseIp, parseIpRange, parseNumber } from './operand.ts';
import type { ContextLookup, ContextValue } from './request.ts';
import { compileArn } from './resource.ts';
import { constantOf, parseTemplate, render, type Template } from './variable.ts';

/**
 * Condition operators. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export interface CompiledCondition {
  /** In lower case. */
  readonly key: string;
  holds(context: ContextLookup): boolean;
}

/** Whether a request's value meets one of the policy's values. */
type Matcher = (value: string, context: ContextLookup) => boolean;

interface Operator {
  /** How the policy's values are written: `undefined` for one that cannot be. */
  readonly compile: (value: string, variables: boolean) => Matcher | undefined;
  readonly negated?: true;
}

/** A matcher of texts: constants are prepared once, values with variables when asked. */
function textual(
  pattern: boolean,
  prepare: (text: string) => (value: string) => boolean,
): Operator['compile'] {
  return (text, variables) => {
    const template = parseTemplate(text, variables, pattern);
    const constant = constantOf(template);
    return constant === undefined ? rendered(template, prepare) : prepare(constant);
  };
}

function rendered(template: Template, prepare: (text: string) => (value: string) => boolean): Matcher {
  return (value, context) => {
    const text = render(template, context);
    return text !== undefined && prepare(text)(value);
  };
}

const stringEquals = textual(false, (text) => (value) => value === text);
const stringEqualsIgnoreCase = textual(false, (text) => {
  const folded = text.toLowerCase();
  return (value) => value.toLowerCase() === folded;
});
const stringLike = textual(true, (text) => {
  const glob = new Glob(text);
  return (value) => glob.matches(value);
});
const arnLike: Operator['compile'] = (text, variables) => {
  const arn = compileArn(text, variables);
  return (value, context) => arn.matches(value, context) === true;
};

function ordered(
  parse: (text: string) => number | undefined,
  compare: (value: number, limit: number) => boolean,
): Operator['compile'] {
  return (text) => {
    const limit = parse(text);
    if (limit === undefined) return undefined;
    return (value) => {
      const parsed = parse(value);
      return parsed !== undefined && compare(parsed, limit);
    };
  };
}

const equal = (value: number, limit: number) => value === limit;
const less = (value: number, limit: number) => value < limit;
const lessOrEqual = (value: number, limit: number) => value <= limit;
const greater = (value: number, limit: number) => value > limit;
const greaterOrEqual = (value: number, limit: number) => value >= limit;

const bool = textual(false, (text) => {
  const folded = text.toLowerCase();
  return (value) => value.toLowerCase() === folded;
});
const binary = (text: string): Matcher | undefined => {
  const wanted = base64(text);
  return (value) => base64(value) === wanted;
};
const ipAddress = (text: string): Matcher | undefined => {
  const range = parseIpRange(text);
  if (range === undefined) return undefined;
  return (value) => {
    const address = parseIp(value);
    return address !== undefined && inRange(range, address);
  };
};

/** Two spellings of the same bytes (padding, the URL alphabet) are equal. */
function base64(text: string): string {
  return text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
}

/** By name in lower case. `null` stands apart: it asks about the key, not its values. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  stringequals: { compile: stringEquals },
  stringnotequals: { compile: stringEquals, negated: true },
  stringequalsignorecase: { compile: stringEqualsIgnoreCase },
  stringnotequalsignorecase: { compile: stringEqualsIgnoreCase, negated: true },
  stringlike: { compile: stringLike },
  stringnotlike: { compile: stringLike, negated: true },
  numericequals: { compile: ordered(parseNumber, equal) },
  numericnotequals: { compile: ordered(parseNumber, equal), negated: true },
  numericlessthan: { compile: ordered(parseNumber, less) },
  numericlessthanequals: { compile: ordered(parseNumber, lessOrEqual) },
  numericgreaterthan: { compile: ordered(parseNumber, greater) },
  numericgreaterthanequals: { compile: ordered(parseNumber, greaterOrEqual) },
  dateequals: { compile: ordered(parseInstant, equal) },
  datenotequals: { compile: ordered(parseInstant, equal), negated: true },
  datelessthan: { compile: ordered(parseInstant, less) },
  datelessthanequals: { compile: ordered(parseInstant, lessOrEqual) },
  dategreaterthan: { compile: ordered(parseInstant, greater) },
  dategreaterthanequals: { compile: ordered(parseInstant, greaterOrEqual) },
  bool: { compile: bool },
  binaryequals: { compile: binary },
  ipaddress: { compile: ipAddress },
  notipaddress: { compile: ipAddress, negated: true },
  arnequals: { compile: arnLike },
  arnlike: { compile: arnLike },
  arnnotequals: { compile: arnLike, negated: true },
  arnnotlike: { compile: arnLike, negated: true },
};

type Quantifier = 'one' | 'all' | 'any';

/**
 * One operator and key with its values. Answers `undefined` when the operator is unknown, and `invalid` when a value
 * cannot be read by it.
 */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): CompiledCondition | 'unknown-operator' | 'invalid-value' {
  const parts = /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/i.exec(operator);
  const name = parts?.[2]?.toLowerCase() ?? '';
  const set = parts?.[1]?.toLowerCase();
  const quantifier = set === undefined ? 'one' : set === 'forallvalues' ? 'all' : 'any';
  const ifExists = parts?.[3] !== undefined;
  const folded = key.toLowerCase();
  if (name === 'null') {
    if (ifExists) return 'unknown-operator';
    const wanted = values.map((value) => value.toLowerCase());
    if (!wanted.every((value) => value === 'true' || value === 'false')) return 'invalid-value';
    return {
      key: folded,
      holds: (context) => wanted.includes(isAbsent(context.get(folded)) ? 'true' : 'false'),
    };
  }
  const found = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (found === undefined) return 'unknown-operator';
  const matchers: Matcher[] = [];
  for (const value of values) {
    const matcher = found.compile(value, variables);
    if (matcher === undefined) return 'invalid-value';
    matchers.push(matcher);
  }
  return new ValueCondition(folded, matchers, found.negated === true, ifExists, quantifier);
}

function isAbsent(value: ContextValue | undefined): boolean {
  return value === undefined || (typeof value === 'object' && value.length === 0);
}

class ValueCondition implements CompiledCondition {
  readonly key: string;
  private readonly matchers: readonly Matcher[];
  private readonly negated: boolean;
  private readonly ifExists: boolean;
  private readonly quantifier: Quantifier;

  constructor(
    key: string,
    matchers: readonly Matcher[],
    negated: boolean,
    ifExists: boolean,
    quantifier: Quantifier,
  ) {
    this.key = key;
    this.matchers = matchers;
    this.negated = negated;
    this.ifExists = ifExists;
    this.quantifier = quantifier;
  }

  holds(context: ContextLookup): boolean {
    const value = context.get(this.key);
    if (value === undefined || isAbsent(value)) {
      if (this.ifExists || this.quantifier === 'all') return true;
      return this.quantifier === 'any' ? false : this.negated;
    }
    if (typeof value !== 'object') return this.matchesAny(String(value), context) !== this.negated;
    switch (this.quantifier) {
      case 'all':
        return value.every((item) => this.matchesAny(item, context) !== this.negated);
      case 'any':
        return value.some((item) => this.matchesAny(item, context) !== this.negated);
      case 'one':
        return value.some((item) => this.matchesAny(item, context)) !== this.negated;
    }
  }

  private matchesAny(value: string, context: ContextLookup): boolean {
    for (const matcher of this.matchers) if (matcher(value, context)) return true;
    return false;
  }
}
