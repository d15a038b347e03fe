import type { CharacterSet } from './character-set.ts';
import { PositionMatcher } from './pattern-positions.ts';
import { type PatternNode, parsePattern } from './pattern-syntax.ts';

/** A compiled pattern of a model. */
export interface Pattern {
  readonly source: string;
  /** Whether the whole of `text` matches, in time linear in its length. */
  matches(text: string): boolean;
  /** Whether JavaScript's own engine does the matching. */
  readonly native: boolean;
}

const compiled = new Map<string, Pattern>();

/**
 * Compiles a pattern in the dialect of AWS's models; the same source gives the same value. AWS's servers match the
 * whole text, anchors or not. JavaScript's backtracking engine is used where the next character alone decides every
 * choice, so that it never has two ways to go on; every other pattern is matched by {@link PositionMatcher}.
 */
export function compilePattern(source: string): Pattern {
  let pattern = compiled.get(source);
  if (pattern === undefined) {
    pattern = compile(source);
    compiled.set(source, pattern);
  }
  return pattern;
}

function compile(source: string): Pattern {
  const node = parsePattern(source);
  if (!isDeterministic(node)) {
    return { source, native: false, matches: remembering((text) => new PositionMatcher(text).matches(node)) };
  }
  const expression = new RegExp(`^${nativeSource(node)}$`, 'u');
  return { source, native: true, matches: (text) => expression.test(text) };
}

/** Names of functions and queues come again and again; so many of them are remembered, while they are short. */
const REMEMBERED = 64;
const MOST_REMEMBERED_CHARACTERS = 256;

function remembering(matches: (text: string) => boolean): (text: string) => boolean {
  const good = new Set<string>();
  return (text) => {
    if (good.has(text)) return true;
    if (!matches(text)) return false;
    if (text.length <= MOST_REMEMBERED_CHARACTERS) {
      if (good.size >= REMEMBERED) good.clear();
      good.add(text);
    }
    return true;
  };
}

/** What may come after a node, and whether nothing may. */
interface First {
  readonly sets: readonly CharacterSet[];
  readonly nullable: boolean;
}

function first(node: PatternNode): First {
  switch (node.kind) {
    case 'set':
      return { sets: [node.set], nullable: false };
    case 'sequence': {
      const sets: CharacterSet[] = [];
      for (const item of node.items) {
        const begin = first(item);
        sets.push(...begin.sets);
        if (!begin.nullable) return { sets, nullable: false };
      }
      return { sets, nullable: true };
    }
    case 'choice': {
      const begins = node.options.map(first);
      return { sets: begins.flatMap(({ sets }) => sets), nullable: begins.some(({ nullable }) => nullable) };
    }
    case 'repeat': {
      const begin = first(node.node);
      return { sets: begin.sets, nullable: begin.nullable || node.min === 0 };
    }
    case 'look':
    case 'edge':
      return { sets: [], nullable: true };
  }
}

/**
 * Whether one character of lookahead decides every choice (Brüggemann-Klein's one-unambiguity, conservatively): then a
 * backtracking matcher abandons each alternative at its first character.
 */
function isDeterministic(node: PatternNode, follow: readonly CharacterSet[] = []): boolean {
  switch (node.kind) {
    case 'set':
    case 'edge':
      return true;
    case 'look':
      return false;
    case 'sequence': {
      let after = follow;
      for (const item of [...node.items].reverse()) {
        if (!isDeterministic(item, after)) return false;
        const begin = first(item);
        after = begin.nullable ? [...begin.sets, ...after] : begin.sets;
      }
      return true;
    }
    case 'choice': {
      const begins = node.options.map(first);
      if (begins.filter(({ nullable }) => nullable).length > 1) return false;
      const ways = begins.map(({ sets, nullable }) => (nullable ? [...sets, ...follow] : sets));
      for (const [index, way] of ways.entries()) {
        for (const other of ways.slice(index + 1)) if (overlap(way, other)) return false;
      }
      return node.options.every((option) => isDeterministic(option, follow));
    }
    case 'repeat': {
      const begin = first(node.node);
      if (begin.nullable && node.max > 1) return false;
      if (node.min < node.max && overlap(begin.sets, follow)) return false;
      return isDeterministic(node.node, node.max > 1 ? [...begin.sets, ...follow] : follow);
    }
  }
}

function overlap(some: readonly CharacterSet[], others: readonly CharacterSet[]): boolean {
  return some.some((set) => others.some((other) => set.overlaps(other)));
}

function nativeSource(node: PatternNode): string {
  switch (node.kind) {
    case 'set':
      return node.set.source;
    case 'sequence':
      return `(?:${node.items.map(nativeSource).join('')})`;
    case 'choice':
      return `(?:${node.options.map(nativeSource).join('|')})`;
    case 'repeat':
      return `(?:${nativeSource(node.node)}){${node.min},${node.max === Number.POSITIVE_INFINITY ? '' : node.max}}`;
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negative ? '!' : '='}${nativeSource(node.node)})`;
    case 'edge':
      return { start: '^', end: '$', word: '\\b', inside: '\\B' }[node.edge];
  }
}
