/**
 * Event patterns, as event source mappings filter by them.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export type Pattern = { readonly [field: string]: Pattern | readonly Rule[] };
type Rule = string | number | boolean | null | { readonly [operator: string]: unknown };

/** Undefined when the text is not a pattern. */
export function readPattern(text: string): Pattern | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isPattern(value) ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPattern(value: unknown): value is Pattern {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, field]) => {
      if (!Array.isArray(field)) return isPattern(field);
      return field.length > 0 && (name === '$or' ? field.every(isPattern) : field.every(isRule));
    })
  );
}

function isRule(rule: unknown): boolean {
  if (!isObject(rule)) return !Array.isArray(rule);
  const [[operator, operand] = ['', undefined], ...others] = Object.entries(rule);
  if (others.length > 0) return false;
  switch (operator) {
    case 'exists':
      return typeof operand === 'boolean';
    case 'prefix':
    case 'suffix':
      return typeof operand === 'string' || isObject(operand);
    case 'equals-ignore-case':
      return typeof operand === 'string';
    case 'anything-but':
      return isObject(operand) ? isRule(operand) : operand !== null;
    case 'numeric':
      return Array.isArray(operand) && operand.length >= 2;
    default:
      return false;
  }
}

/** Every field the pattern names must match; `$or` needs one of its patterns. */
export function matchesPattern(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === '$or' && Array.isArray(wanted)) {
      return wanted.some((one) => isPattern(one) && matchesPattern(one, event));
    }
    const value = isObject(event) && Object.hasOwn(event, field) ? event[field] : undefined;
    if (!isRules(wanted)) return matchesPattern(wanted, value);
    // An array matches when one of its items does.
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return wanted.some((rule) => values.some((one) => matchesRule(rule, one)));
  });
}

function isRules(wanted: Pattern | readonly Rule[]): wanted is readonly Rule[] {
  return Array.isArray(wanted);
}

function matchesRule(rule: unknown, value: unknown): boolean {
  if (!isObject(rule)) return rule === value;
  return Object.entries(rule).every(([operator, operand]) => matchesOperator(operator, operand, value));
}

function matchesOperator(operator: string, operand: unknown, value: unknown): boolean {
  switch (operator) {
    case 'exists':
      // It is about leaves: an object is none.
      return (value !== undefined && !isObject(value)) === operand;
    case 'prefix':
      return affix(operand, value, (text, part) => text.startsWith(part));
    case 'suffix':
      return affix(operand, value, (text, part) => text.endsWith(part));
    case 'equals-ignore-case':
      return (
        typeof value === 'string' &&
        typeof operand === 'string' &&
        value.toLowerCase() === operand.toLowerCase()
      );
    case 'anything-but': {
      if (value === undefined) return false;
      const refused = Array.isArray(operand) ? operand : [operand];
      return !refused.some((one) => matchesRule(one, value));
    }
    case 'numeric':
      return typeof value === 'number' && Array.isArray(operand) && compares(operand, value);
    default:
      return false;
  }
}

function affix(operand: unknown, value: unknown, test: (text: string, part: string) => boolean): boolean {
  if (typeof value !== 'string') return false;
  if (typeof operand === 'string') return test(value, operand);
  const folded = isObject(operand) ? operand['equals-ignore-case'] : undefined;
  return typeof folded === 'string' && test(value.toLowerCase(), folded.toLowerCase());
}

/** `[">", 0, "<=", 100]` */
function compares(operand: readonly unknown[], value: number): boolean {
  for (let i = 0; i + 1 < operand.length; i += 2) {
    const bound = Number(operand[i + 1]);
    const holds =
      (operand[i] === '=' && value === bound) ||
      (operand[i] === '<' && value < bound) ||
      (operand[i] === '<=' && value <= bound) ||
      (operand[i] === '>' && value > bound) ||
      (operand[i] === '>=' && value >= bound);
    if (!holds) return false;
  }
  return operand.length >= 2;
}
