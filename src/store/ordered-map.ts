import type { Bytes, KeyRange } from './store.ts';

interface Leaf {
  readonly keys: readonly Bytes[];
  readonly values: readonly Bytes[];
  readonly children?: undefined;
}
interface Inner {
  /** The smallest key under each child when the child was made: keys below the first belong to the first. */
  readonly keys: readonly Bytes[];
  readonly children: readonly Node[];
}
type Node = Leaf | Inner;

const MOST = 32;
const FEWEST = 8;
const EMPTY: Leaf = { keys: [], values: [] };

/**
 * An immutable map in unsigned byte order of its keys: a B-tree whose changes copy the path to the root, so that
 * an older map is a snapshot that costs nothing.
 */
export class OrderedMap {
  static readonly empty = new OrderedMap(EMPTY);
  readonly #root: Node;

  private constructor(root: Node) {
    this.#root = root;
  }

  get(key: Bytes): Bytes | undefined {
    let node = this.#root;
    while (node.children !== undefined) node = node.children[childOf(node.keys, key)] as Node;
    const at = lowerBound(node.keys, key);
    return holds(node, at, key) ? node.values[at] : undefined;
  }

  set(key: Bytes, value: Bytes): OrderedMap {
    const parts = inserted(this.#root, key, value);
    return new OrderedMap(parts.length === 1 ? (parts[0] as Node) : joined(parts));
  }

  delete(key: Bytes): OrderedMap {
    let root = removed(this.#root, key);
    if (root === this.#root) return this;
    while (root.children?.length === 1) root = root.children[0] as Node;
    return new OrderedMap(root.children?.length === 0 ? EMPTY : root);
  }

  /** Visits the entries of a range in order, or backwards, until `visit` returns false. */
  scan(range: KeyRange, reverse: boolean, visit: (key: Bytes, value: Bytes) => boolean): void {
    if (Buffer.compare(range.start, range.end) >= 0) return;
    if (reverse) backward(this.#root, range, visit);
    else forward(this.#root, range, visit);
  }
}

/** The first position whose key is not below `key`. */
function lowerBound(keys: readonly Bytes[], key: Bytes): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(keys[middle] as Bytes, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function holds(leaf: Leaf, at: number, key: Bytes): boolean {
  const found = leaf.keys[at];
  return found !== undefined && Buffer.compare(found, key) === 0;
}

/** The child that has, or would have, the key. */
function childOf(keys: readonly Bytes[], key: Bytes): number {
  const at = lowerBound(keys, key);
  const found = keys[at];
  if (found !== undefined && Buffer.compare(found, key) === 0) return at;
  return Math.max(0, at - 1);
}

function joined(children: readonly Node[]): Inner {
  return { keys: children.map((child) => child.keys[0] as Bytes), children };
}

function inserted(node: Node, key: Bytes, value: Bytes): readonly Node[] {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    const replaces = holds(node, at, key);
    if (replaces) return [{ keys: node.keys, values: node.values.with(at, value) }];
    return split({ keys: node.keys.toSpliced(at, 0, key), values: node.values.toSpliced(at, 0, value) });
  }
  const at = childOf(node.keys, key);
  const parts = inserted(node.children[at] as Node, key, value);
  return split(replaced(node, at, 1, parts));
}

function replaced(node: Inner, at: number, count: number, parts: readonly Node[]): Inner {
  return {
    keys: node.keys.toSpliced(at, count, ...parts.map((part) => part.keys[0] as Bytes)),
    children: node.children.toSpliced(at, count, ...parts),
  };
}

function split<N extends Node>(node: N): readonly Node[] {
  const length = node.keys.length;
  if (length <= MOST) return [node];
  return [slice(node, 0, length >>> 1), slice(node, length >>> 1, length)];
}

function slice(node: Node, from: number, to: number): Node {
  const keys = node.keys.slice(from, to);
  if (node.children === undefined) return { keys, values: node.values.slice(from, to) };
  return { keys, children: node.children.slice(from, to) };
}

function removed(node: Node, key: Bytes): Node {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    if (!holds(node, at, key)) return node;
    return { keys: node.keys.toSpliced(at, 1), values: node.values.toSpliced(at, 1) };
  }
  const at = childOf(node.keys, key);
  const before = node.children[at] as Node;
  const after = removed(before, key);
  if (after === before) return node;
  if (after.keys.length === 0) return replaced(node, at, 1, []);
  if (after.keys.length >= FEWEST || node.children.length === 1) return replaced(node, at, 1, [after]);
  const left = Math.max(0, at - 1);
  const pair = left === at ? [after, node.children[at + 1]] : [node.children[left], after];
  return replaced(node, left, 2, split(merged(pair[0] as Node, pair[1] as Node)));
}

function merged(left: Node, right: Node): Node {
  const keys = left.keys.concat(right.keys);
  if (left.children !== undefined && right.children !== undefined) {
    return { keys, children: left.children.concat(right.children) };
  }
  return { keys, values: (left as Leaf).values.concat((right as Leaf).values) };
}

type Visit = (key: Bytes, value: Bytes) => boolean;

/** False when the visitor or the range has ended the scan. */
function forward(node: Node, range: KeyRange, visit: Visit): boolean {
  if (node.children !== undefined) {
    for (let i = childOf(node.keys, range.start); i < node.children.length; i++) {
      if (!forward(node.children[i] as Node, range, visit)) return false;
    }
    return true;
  }
  for (let i = lowerBound(node.keys, range.start); i < node.keys.length; i++) {
    const key = node.keys[i] as Bytes;
    if (Buffer.compare(key, range.end) >= 0 || !visit(key, node.values[i] as Bytes)) return false;
  }
  return true;
}

function backward(node: Node, range: KeyRange, visit: Visit): boolean {
  if (node.children !== undefined) {
    for (let i = childOf(node.keys, range.end); i >= 0; i--) {
      if (!backward(node.children[i] as Node, range, visit)) return false;
    }
    return true;
  }
  for (let i = lowerBound(node.keys, range.end) - 1; i >= 0; i--) {
    const key = node.keys[i] as Bytes;
    if (Buffer.compare(key, range.start) < 0 || !visit(key, node.values[i] as Bytes)) return false;
  }
  return true;
}
