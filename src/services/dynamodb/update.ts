import {
  type AttributeValue,
  attributeOf,
  emptyItem,
  type Item,
  setElements,
  typeOf,
} from './attribute-value.ts';
import { type DocumentPath, valueAt } from './document-path.ts';
import { isArithmetic, type Operand, type UpdateAction, type UpdateValue } from './expression.ts';
import { invalid } from './fault.ts';
import { addNumbers, subtractNumbers } from './number.ts';

type Draft = Record<string, AttributeValue>;
/** A list under work: removed elements leave holes until the end, so that indexes keep their meaning. */
type DraftList = (AttributeValue | undefined)[];

/**
 * The item after an update expression; the item itself stays as it is. Every right side sees the item as it was.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
export function applyUpdate(item: Item, actions: readonly UpdateAction[]): Item {
  const values = actions.map((action) => (action.kind === 'set' ? evaluate(item, action.value) : undefined));
  const draft = Object.assign(emptyItem(), item);
  const lists = new Set<DraftList>();
  const copied = new Set<object>();
  actions.forEach((action, index) => {
    const slot = slotAt(draft, action.path, copied, lists);
    switch (action.kind) {
      case 'set':
        slot.set(values[index] as AttributeValue);
        return;
      case 'remove':
        slot.remove();
        return;
      case 'add':
        slot.set(add(slot.get(), action.value));
        return;
      case 'delete': {
        const left = subtract(slot.get(), action.value);
        if (left === undefined) slot.remove();
        else slot.set(left);
      }
    }
  });
  for (const list of lists) closeHoles(list);
  return draft;
}

interface Slot {
  get(): AttributeValue | undefined;
  set(value: AttributeValue): void;
  remove(): void;
}

/** The place a path names. Maps and lists on the way become copies of the draft's own, once. */
function slotAt(draft: Draft, path: DocumentPath, copied: Set<object>, lists: Set<DraftList>): Slot {
  let slot = mapSlot(draft, path[0] as string);
  for (let depth = 1; depth < path.length; depth++) {
    const part = path[depth] as string | number;
    const parent = slot.get();
    if (typeof part === 'number' && parent?.L !== undefined) {
      let list = parent.L as DraftList;
      if (!copied.has(list)) {
        list = [...list];
        copied.add(list);
        lists.add(list);
        slot.set({ L: list as AttributeValue[] });
      }
      slot = listSlot(list, part);
    } else if (typeof part === 'string' && parent?.M !== undefined) {
      let map = parent.M as Draft;
      if (!copied.has(map)) {
        map = Object.assign(emptyItem(), map);
        copied.add(map);
        slot.set({ M: map });
      }
      slot = mapSlot(map, part);
    } else {
      throw invalid('The document path provided in the update expression is invalid for update');
    }
  }
  return slot;
}

function mapSlot(map: Draft, name: string): Slot {
  return {
    get: () => attributeOf(map, name),
    set: (value) => {
      map[name] = value;
    },
    remove: () => {
      delete map[name];
    },
  };
}

function listSlot(list: DraftList, index: number): Slot {
  return {
    get: () => list[index],
    set: (value) => {
      list[index] = value;
    },
    remove: () => {
      if (index < list.length) list[index] = undefined;
    },
  };
}

/** Elements set past the end follow the last one in the order of their indexes. */
function closeHoles(list: DraftList): void {
  const kept = Object.values(list).filter((element) => element !== undefined);
  list.length = 0;
  for (const element of kept) list.push(element);
}

const WRONG_TYPE = 'An operand in the update expression has an incorrect data type';

function evaluate(item: Item, value: UpdateValue): AttributeValue {
  if (!isArithmetic(value)) return evaluateOperand(item, value);
  const left = evaluateOperand(item, value.left).N;
  const right = evaluateOperand(item, value.right).N;
  if (left === undefined || right === undefined) throw invalid(WRONG_TYPE);
  return { N: value.kind === 'sum' ? addNumbers(left, right) : subtractNumbers(left, right) };
}

function evaluateOperand(item: Item, operand: Operand): AttributeValue {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path': {
      const value = valueAt(item, operand.path);
      if (value !== undefined) return value;
      throw invalid('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'call': {
      const [first, second] = operand.operands as readonly [Operand, Operand];
      if (operand.name === 'if_not_exists') {
        const value = first.kind === 'path' ? valueAt(item, first.path) : undefined;
        return value ?? evaluateOperand(item, second);
      }
      const left = evaluateOperand(item, first).L;
      const right = evaluateOperand(item, second).L;
      if (left === undefined || right === undefined) throw invalid(WRONG_TYPE);
      return { L: [...left, ...right] };
    }
  }
}

/** ADD: a number to a number, members to a set; what is missing counts as 0 or empty. */
function add(value: AttributeValue | undefined, addend: AttributeValue): AttributeValue {
  if (value === undefined) return addend.N === undefined ? addend : { N: addNumbers('0', addend.N) };
  if (typeOf(value) !== typeOf(addend)) throw invalid(WRONG_TYPE);
  return addend.N === undefined ? union(value, addend) : { N: addNumbers(value.N ?? '0', addend.N) };
}

/** The union of two sets of one type. */
export function union(a: AttributeValue, b: AttributeValue): AttributeValue {
  const members = new Set(setElements(a));
  const more = setElements(b).filter((member) => !members.has(member));
  return setOf(a, [...members, ...more]);
}

/** DELETE: a set without the members of another; nothing when none is left or there was none. */
export function subtract(
  value: AttributeValue | undefined,
  subtrahend: AttributeValue,
): AttributeValue | undefined {
  if (value === undefined) return undefined;
  if (typeOf(value) !== typeOf(subtrahend)) throw invalid(WRONG_TYPE);
  const gone = new Set(setElements(subtrahend));
  const left = setElements(value).filter((member) => !gone.has(member));
  return left.length === 0 ? undefined : setOf(value, left);
}

/** A set of the same type as `like`. */
function setOf(like: AttributeValue, members: readonly string[]): AttributeValue {
  if (like.SS !== undefined) return { SS: members };
  if (like.NS !== undefined) return { NS: members };
  return { BS: members.map((member) => Buffer.from(member, 'base64')) };
}
