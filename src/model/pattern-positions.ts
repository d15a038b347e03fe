import type { PatternNode } from './pattern-syntax.ts';

/** Positions in the text, ascending and distinct. */
type Positions = readonly number[];

/**
 * Matches a pattern by following all of its possibilities at once: every node maps the set of positions before it to
 * the set after it. Nothing is tried twice, so the work is at most (size of the pattern, counted repetitions written
 * out) × (length of the text), whatever the pattern; lookarounds included, each answered once for all positions.
 */
export class PositionMatcher {
  private readonly text: string;
  private readonly everywhere: number[] = [];
  private readonly holds = new Map<PatternNode, ReadonlySet<number>>();
  private readonly hasPairs: boolean;
  /** Positions visited so far: the measure of the work done. */
  steps = 0;

  constructor(text: string) {
    this.text = text;
    for (let at = 0; at <= text.length; at += width(text, at)) this.everywhere.push(at);
    this.hasPairs = this.everywhere.length <= text.length;
  }

  /** Whether the whole text matches. */
  matches(node: PatternNode): boolean {
    return this.follow(node, [0], true).at(-1) === this.text.length;
  }

  private follow(node: PatternNode, from: Positions, forward: boolean): Positions {
    this.steps += from.length + 1;
    if (from.length === 0) return from;
    switch (node.kind) {
      case 'set': {
        const to: number[] = [];
        for (const at of from) {
          const next = forward ? at + width(this.text, at) : before(this.text, at);
          const start = forward ? at : next;
          if (next < 0 || next > this.text.length) continue;
          if (node.set.has(this.text.codePointAt(start) as number)) to.push(next);
        }
        return to;
      }
      case 'sequence': {
        let to = from;
        const { items } = node;
        for (let index = 0; index < items.length && to.length > 0; index += 1) {
          to = this.follow(items[forward ? index : items.length - 1 - index] as PatternNode, to, forward);
        }
        return to;
      }
      case 'choice': {
        let to: Positions = [];
        for (const option of node.options) to = union(to, this.follow(option, from, forward));
        return to;
      }
      case 'repeat':
        return node.node.kind === 'set' && forward && !this.hasPairs
          ? this.runs(node.node.set.ascii, node.node.set, node.min, node.max, from)
          : this.repeat(node.node, node.min, node.max, from, forward);
      case 'look': {
        const holds = this.positionsHolding(node);
        return from.filter((at) => holds.has(at) !== node.negative);
      }
      case 'edge':
        return from.filter((at) => this.isEdge(node.edge, at));
    }
  }

  private repeat(node: PatternNode, min: number, max: number, from: Positions, forward: boolean): Positions {
    let reached = from;
    for (let round = 0; round < min && reached.length > 0; round += 1) {
      const next = this.follow(node, reached, forward);
      if (sameAs(next, reached)) break;
      reached = next;
    }
    const seen = new Set(reached);
    let frontier = reached;
    for (let round = min; round < max && frontier.length > 0; round += 1) {
      // A position reached in fewer rounds can do all that it can in more.
      frontier = this.follow(node, frontier, forward).filter((at) => !seen.has(at));
      for (const at of frontier) seen.add(at);
    }
    return seen.size === reached.length ? reached : [...seen].sort((a, b) => a - b);
  }

  /** A repeated set reaches an interval from each position; the intervals are merged. One code unit a character. */
  private runs(
    ascii: Uint8Array,
    set: { has(code: number): boolean },
    min: number,
    max: number,
    from: Positions,
  ): Positions {
    const { text } = this;
    const to: number[] = [];
    let end = 0;
    let next = 0;
    for (const at of from) {
      if (end < at) end = at;
      while (end < text.length) {
        const code = text.charCodeAt(end);
        if (code < 128 ? ascii[code] === 0 : !set.has(code)) break;
        end += 1;
      }
      const last = Math.min(at + max, end);
      for (let stop = Math.max(at + min, next); stop <= last; stop += 1) to.push((next = stop));
      if (to.length > 0) next = (to.at(-1) as number) + 1;
    }
    this.steps += to.length;
    return to;
  }

  /** Where the lookaround's inside matches, found by matching it the other way from every position at once. */
  private positionsHolding(node: PatternNode & { kind: 'look' }): ReadonlySet<number> {
    let holds = this.holds.get(node);
    if (holds === undefined) {
      holds = new Set(this.follow(node.node, this.everywhere, !node.ahead));
      this.holds.set(node, holds);
    }
    return holds;
  }

  private isEdge(edge: 'start' | 'end' | 'word' | 'inside', at: number): boolean {
    if (edge === 'start') return at === 0;
    if (edge === 'end') return at === this.text.length;
    const boundary = isWord(this.text.charCodeAt(at - 1)) !== isWord(this.text.charCodeAt(at));
    return boundary === (edge === 'word');
  }
}

function width(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function before(text: string, at: number): number {
  return at >= 2 && (text.codePointAt(at - 2) as number) > 0xffff ? at - 2 : at - 1;
}

function isWord(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
  );
}

function sameAs(a: Positions, b: Positions): boolean {
  return a.length === b.length && a.every((at, index) => at === b[index]);
}

function union(a: Positions, b: Positions): Positions {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    merged.push(Math.min(left, right));
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  return merged;
}
