import type { PatchOperation } from '../../model/gen/apigateway.ts';
import { badRequest, notFound } from './fault.ts';

type Op = 'add' | 'remove' | 'replace';
/** `compression`: a whole number of bytes, or nothing to turn it off. */
type Scalar = 'string' | 'boolean' | 'integer' | 'number' | 'compression';

/** What may be done at one path of a resource. */
export interface PatchRule {
  readonly ops: readonly Op[];
  readonly type?: Scalar;
  /**
   * `value`: the member itself. `entry`: the path's last part is a key of the map at the rest of it. `item`: it is an
   * element of the list there. `list`: the operation's value is an element of the list the path names.
   */
  readonly shape: 'value' | 'entry' | 'item' | 'list';
  /** The error of replacing or removing an entry that is not there. */
  readonly missing?: string;
  /** Where the value is kept when that is not the path. */
  readonly at?: readonly string[];
}

export interface PatchTable {
  /** Paths with a last part of `{}` take any. */
  readonly rules: Readonly<Record<string, PatchRule>>;
  /** API Gateway names the possible paths of some resources and merely refuses the wrong ones of others. */
  readonly names: boolean;
}

export const value = (ops: readonly Op[], type: Scalar = 'string', at?: readonly string[]): PatchRule => ({
  shape: 'value',
  ops,
  type,
  ...(at === undefined ? {} : { at }),
});
export const entry = (type: Scalar = 'string', missing?: string): PatchRule => ({
  shape: 'entry',
  ops: ['add', 'remove', 'replace'],
  type,
  ...(missing === undefined ? {} : { missing }),
});
export const REPLACE: readonly Op[] = ['replace'];
export const ANY_OP: readonly Op[] = ['add', 'remove', 'replace'];

/** RFC 6901: the parts of a pointer. */
export function pointerParts(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * A row with API Gateway's dialect of JSON Patch applied: values are texts, paths come from a fixed set, `add` to a
 * map or list names the element in its path.
 * https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
 */
export function patched<Row extends object>(
  row: Row,
  operations: readonly PatchOperation[] | undefined,
  table: PatchTable,
): Row {
  const copy = structuredClone(row);
  for (const operation of operations ?? []) apply(copy as Tree, operation, table);
  return copy;
}

type Tree = Record<string, unknown>;

function apply(tree: Tree, operation: PatchOperation, table: PatchTable): void {
  const { path, op = 'replace' } = operation;
  if (path === undefined) throw badRequest('Invalid patch path null');
  const parts = pointerParts(path);
  const rule = ruleOf(table, parts);
  if (rule === undefined) throw badPath(table, path, op);
  if (op !== 'add' && op !== 'remove' && op !== 'replace')
    throw badRequest(`Patch operation ${op} is not simulated for ${path}.`);
  if (!rule.ops.includes(op)) {
    throw badRequest(
      table.names
        ? `Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`
        : rule.ops.length === 1
          ? `Invalid patch operation specified. Must be one of: [${rule.ops.join(', ')}]`
          : `Invalid patch path ${path}`,
    );
  }
  const place = rule.at ?? parts;
  if (rule.shape === 'value') setMember(tree, place, op, scalar(operation.value, rule, op));
  else if (rule.shape === 'entry') setEntry(tree, place, op, scalar(operation.value, rule, op), rule);
  else if (rule.shape === 'list') setItem(tree, place, op, operation.value ?? '', undefined);
  else setItem(tree, place.slice(0, -1), op, parts.at(-1) as string, operation.value);
}

function badPath(table: PatchTable, path: string, op: string) {
  if (!table.names) return badRequest(`Invalid patch path ${path}`);
  if (op !== 'replace') {
    return badRequest(
      `Invalid patch path  '${path}' specified for op '${op}'. Please choose supported operations`,
    );
  }
  const known = Object.keys(table.rules).join(', ');
  return badRequest(`Invalid patch path  '${path}' specified for op '${op}'. Must be one of: [${known}]`);
}

function ruleOf({ rules }: PatchTable, parts: readonly string[]): PatchRule | undefined {
  const exact = `/${parts.join('/')}`;
  if (Object.hasOwn(rules, exact)) return rules[exact];
  const open = `/${[...parts.slice(0, -1), '{}'].join('/')}`;
  return parts.length > 1 && Object.hasOwn(rules, open) ? rules[open] : undefined;
}

function scalar(text: string | undefined, { type = 'string' }: PatchRule, op: Op): unknown {
  if (op === 'remove') return undefined;
  switch (type) {
    case 'string':
      return text ?? '';
    case 'boolean':
      return text?.toLowerCase() === 'true';
    case 'compression': {
      // Nothing turns it off; anything but a size is none.
      if (text === undefined || text === '') return undefined;
      return /^\d+$/.test(text) ? Number(text) : -1;
    }
    case 'integer':
    case 'number': {
      const number = Number(text);
      if (text === undefined || text.trim() === '' || !Number.isFinite(number))
        throw badRequest(`Invalid patch value ${text ?? 'null'}: it must be a number`);
      if (type === 'integer' && !Number.isInteger(number))
        throw badRequest(`Invalid patch value ${text}: it must be an integer`);
      return number;
    }
  }
}

/** The object that holds the last part of `place`, made when absent. */
function holder(tree: Tree, place: readonly string[]): Tree {
  let at = tree;
  for (const part of place.slice(0, -1)) {
    if (!Object.hasOwn(at, part) || typeof at[part] !== 'object' || at[part] === null) put(at, part, {});
    at = at[part] as Tree;
  }
  return at;
}

/** Sets an own property whatever its name, `__proto__` included. */
function put(tree: Tree, name: string, member: unknown): void {
  Object.defineProperty(tree, name, {
    value: member,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function setMember(tree: Tree, place: readonly string[], op: Op, member: unknown): void {
  const at = holder(tree, place);
  const name = place.at(-1) as string;
  if (op === 'remove') delete at[name];
  else put(at, name, member);
}

function setEntry(tree: Tree, place: readonly string[], op: Op, member: unknown, rule: PatchRule): void {
  const at = holder(tree, place);
  const name = place.at(-1) as string;
  if (op !== 'add' && rule.missing !== undefined && !Object.hasOwn(at, name)) throw notFound(rule.missing);
  if (op === 'remove') delete at[name];
  else put(at, name, member);
  if (Object.keys(at).length === 0) setMember(tree, place.slice(0, -1), 'remove', undefined);
}

function setItem(
  tree: Tree,
  place: readonly string[],
  op: Op,
  item: string,
  replacement: string | undefined,
): void {
  const at = holder(tree, place);
  const name = place.at(-1) as string;
  const list = (Array.isArray(at[name]) ? at[name] : []) as string[];
  const rest = list.filter((known) => known !== item);
  const next =
    op === 'remove'
      ? rest
      : op === 'replace' && replacement !== undefined
        ? [...rest.filter((known) => known !== replacement), replacement]
        : [...rest, item];
  if (next.length === 0) delete at[name];
  else put(at, name, next);
}
