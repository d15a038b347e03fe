/** One constraint of a model, as the validator found it. */
export type Constraint =
  | { readonly kind: 'required' }
  | { readonly kind: 'minLength' | 'maxLength' | 'depth'; readonly limit: number }
  | { readonly kind: 'minValue' | 'maxValue'; readonly limit: number; readonly decimal: boolean }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'type'; readonly type: string }
  /** The members of a list, or the keys or values of a map, break one of `each`. */
  | { readonly kind: 'members' | 'keys' | 'values'; readonly each: readonly Constraint[] };

export interface Violation {
  /** As AWS spells it: `requestItems.T.member.1.member.putRequest`. */
  readonly path: string;
  readonly constraint: Constraint;
  /** `undefined` where a required member is missing. */
  readonly value: unknown;
  /** The value must not be shown, nor that there is none. */
  readonly sensitive: boolean;
}

const MOST_LISTED = 10;
const LONGEST_VALUE = 10_000;
const DEEPEST_VALUE = 8;

/** What AWS answers: `2 validation errors detected: …; …`, at most ten of them listed. */
export function validationMessage(violations: readonly Violation[]): string {
  const listed = violations.slice(0, MOST_LISTED).map(violationText).join('; ');
  return `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${listed}`;
}

/** One violation in AWS's words, without the count in front. */
export function violationText({ path, constraint, value, sensitive }: Violation): string {
  const shown = sensitive ? '' : value === undefined || value === null ? ' null' : ` '${valueText(value)}'`;
  return `Value${shown} at '${path}' failed to satisfy constraint: ${constraintText(constraint)}`;
}

/** The constraint in AWS's words: `Member must have length less than or equal to 5`. */
export function constraintText(constraint: Constraint): string {
  switch (constraint.kind) {
    case 'required':
      return 'Member must not be null';
    case 'minLength':
      return `Member must have length greater than or equal to ${constraint.limit}`;
    case 'maxLength':
      return `Member must have length less than or equal to ${constraint.limit}`;
    case 'minValue':
      return `Member must have value greater than or equal to ${bound(constraint)}`;
    case 'maxValue':
      return `Member must have value less than or equal to ${bound(constraint)}`;
    case 'depth':
      return `Member must not be nested deeper than ${constraint.limit} levels`;
    case 'pattern':
      return `Member must satisfy regular expression pattern: ${constraint.pattern}`;
    case 'enum':
      return `Member must satisfy enum value set: [${constraint.values.join(', ')}]`;
    case 'type':
      return `Member must be of type ${constraint.type}`;
    case 'members':
      return `Member must satisfy constraint: [${constraint.each.map(constraintText).join(', ')}]`;
    case 'keys':
      return `Map keys must satisfy constraint: [${constraint.each.map(constraintText).join(', ')}]`;
    case 'values':
      return `Map value must satisfy constraint: [${constraint.each.map(constraintText).join(', ')}]`;
  }
}

/** Java prints a double with its fraction. */
function bound({ limit, decimal }: { readonly limit: number; readonly decimal: boolean }): string {
  return decimal && Number.isInteger(limit) ? limit.toFixed(1) : String(limit);
}

/** Lists and maps as Java prints them, which is how AWS's servers show a value. */
function valueText(value: unknown, depth = 0): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array)
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  if (value instanceof Date) return value.toISOString();
  if (depth === DEEPEST_VALUE) return '...';
  let text = '';
  for (const [name, item] of Object.entries(value)) {
    if (text.length > LONGEST_VALUE) break;
    if (text !== '') text += ', ';
    text += `${Array.isArray(value) ? '' : `${name}=`}${valueText(item, depth + 1)}`;
  }
  return Array.isArray(value) ? `[${text}]` : `{${text}}`;
}
