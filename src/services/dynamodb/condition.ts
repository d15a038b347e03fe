import {
  type AttributeValue,
  base64,
  compareValues,
  equalBytes,
  equalValues,
  type Item,
  setElements,
  typeOf,
} from './attribute-value.ts';
import { valueAt } from './document-path.ts';
import type { Comparator, Condition, Operand } from './expression.ts';
import { normaliseNumber } from './number.ts';

/** Whether an item (empty for one that does not exist) meets a condition. Depth is bounded by the parser. */
export function meets(item: Item, condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
      return meets(item, condition.left) && meets(item, condition.right);
    case 'or':
      return meets(item, condition.left) || meets(item, condition.right);
    case 'not':
      return !meets(item, condition.condition);
    case 'compare':
      return compare(condition.comparator, resolve(item, condition.left), resolve(item, condition.right));
    case 'between': {
      const value = resolve(item, condition.operand);
      return (
        compare('>=', value, resolve(item, condition.low)) &&
        compare('<=', value, resolve(item, condition.high))
      );
    }
    case 'in': {
      const value = resolve(item, condition.operand);
      return condition.list.some((operand) => compare('=', value, resolve(item, operand)));
    }
    case 'call':
      return call(
        condition.name,
        condition.operands.map((operand) => resolve(item, operand)),
      );
  }
}

function resolve(item: Item, operand: Operand): AttributeValue | undefined {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path':
      return valueAt(item, operand.path);
    case 'call': {
      const value = operand.operands[0] === undefined ? undefined : resolve(item, operand.operands[0]);
      return value === undefined ? undefined : sizeOf(value);
    }
  }
}

/** `size(…)`: UTF-16 units of a string, bytes of a binary, elements of the others; nothing for scalars. */
function sizeOf(value: AttributeValue): AttributeValue | undefined {
  const size =
    value.S?.length ??
    value.B?.length ??
    value.L?.length ??
    value.SS?.length ??
    value.NS?.length ??
    value.BS?.length ??
    (value.M === undefined ? undefined : Object.keys(value.M).length);
  return size === undefined ? undefined : { N: String(size) };
}

/** An absent value equals nothing, differs from everything and has no order. */
export function compare(
  comparator: Comparator,
  a: AttributeValue | undefined,
  b: AttributeValue | undefined,
): boolean {
  if (a === undefined || b === undefined) return comparator === '<>';
  if (comparator === '=') return equalValues(a, b);
  if (comparator === '<>') return !equalValues(a, b);
  const order = compareValues(a, b);
  if (order === undefined) return false;
  switch (comparator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function call(name: string, [first, second]: readonly (AttributeValue | undefined)[]): boolean {
  switch (name) {
    case 'attribute_exists':
      return first !== undefined;
    case 'attribute_not_exists':
      return first === undefined;
    case 'attribute_type':
      return first !== undefined && typeOf(first) === second?.S;
    case 'begins_with':
      return first !== undefined && second !== undefined && beginsWith(first, second);
    case 'contains':
      return first !== undefined && second !== undefined && contains(first, second);
    default:
      return false;
  }
}

export function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if (value.S !== undefined && prefix.S !== undefined) return value.S.startsWith(prefix.S);
  if (value.B === undefined || prefix.B === undefined) return false;
  return equalBytes(value.B.subarray(0, prefix.B.length), prefix.B);
}

/** A substring of a string or binary, a member of a set, an element of a list. */
export function contains(value: AttributeValue, part: AttributeValue): boolean {
  if (value.S !== undefined) return part.S !== undefined && value.S.includes(part.S);
  if (value.B !== undefined)
    return part.B !== undefined && Buffer.from(value.B).includes(Buffer.from(part.B));
  if (value.L !== undefined) return value.L.some((element) => equalValues(element, part));
  if (value.SS !== undefined) return part.S !== undefined && value.SS.includes(part.S);
  if (value.NS !== undefined) {
    return part.N !== undefined && setElements(value).includes(normaliseNumber(part.N));
  }
  if (value.BS !== undefined) return part.B !== undefined && setElements(value).includes(base64(part.B));
  return false;
}
