import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel, modelNames } from './load.ts';
import { compilePattern } from './pattern.ts';
import { PositionMatcher } from './pattern-positions.ts';
import { type PatternNode, parsePattern } from './pattern-syntax.ts';

const sources = [
  ...new Set(
    modelNames().flatMap((name) =>
      Object.values(loadModel(name).shapes).flatMap(({ pattern }) =>
        pattern === undefined ? [] : [pattern],
      ),
    ),
  ),
];

/** Strings that drive backtracking engines astray: long runs of what a pattern likes, ended by what it does not. */
function hostile(length: number): string[] {
  return [
    'a',
    '0',
    '-',
    '.',
    'a-',
    'a.',
    ' ',
    '/',
    'a ',
    ':',
    'arn:aws:',
    '1.',
    '%41',
    '\\',
    '#',
    'a@',
    'é',
    '🚲',
  ].flatMap((unit) => {
    const run = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
    return [run, `${run}\n`, `${run}\u0000`, `arn:aws:lambda:us-east-1:123456789012:${run}!`];
  });
}

test('every pattern of every model compiles', () => {
  assert.ok(sources.length > 700);
  for (const source of sources) compilePattern(source);
});

test('the work of following positions grows no faster than the text', () => {
  for (const source of sources) {
    const node = parsePattern(source);
    const work = (length: number) =>
      Math.max(
        ...hostile(length).map((text) => {
          const matcher = new PositionMatcher(text);
          matcher.matches(node);
          return matcher.steps;
        }),
      );
    const short = work(60);
    const long = work(240);
    assert.ok(long <= 6 * short + 1000, `${source}: ${short} steps, then ${long}`);
  }
});

/** How many nodes a greedy backtracking matcher, such as JavaScript's, enters before it answers. */
function backtrackingSteps(root: PatternNode, text: string): number {
  let steps = 0;
  type Next = (at: number) => boolean;
  function enter(node: PatternNode, at: number, next: Next): boolean {
    steps += 1;
    assert.ok(steps < 1_000_000, 'the work explodes');
    switch (node.kind) {
      case 'set': {
        const code = text.codePointAt(at);
        return code !== undefined && node.set.has(code) && next(at + (code > 0xffff ? 2 : 1));
      }
      case 'sequence': {
        const step = (index: number, from: number): boolean => {
          const item = node.items[index];
          return item === undefined ? next(from) : enter(item, from, (to) => step(index + 1, to));
        };
        return step(0, at);
      }
      case 'choice':
        return node.options.some((option) => enter(option, at, next));
      case 'repeat': {
        const again = (round: number, from: number): boolean =>
          (round < node.max &&
            enter(node.node, from, (to) => (to > from || round < node.min) && again(round + 1, to))) ||
          (round >= node.min && next(from));
        return again(0, at);
      }
      case 'edge':
        return (
          (node.edge === 'start' ? at === 0 : node.edge === 'end' ? at === text.length : true) && next(at)
        );
      case 'look':
        return next(at);
    }
  }
  enter(root, 0, (at) => at === text.length);
  return steps;
}

test('what JavaScript matches itself costs it work in proportion to the text', () => {
  assert.throws(() => backtrackingSteps(parsePattern('(a+)+b'), 'a'.repeat(40)), /explodes/);
  assert.ok(!compilePattern('(a+)+b').native);
  for (const source of sources) {
    if (!compilePattern(source).native) continue;
    const node = parsePattern(source);
    const work = (length: number) =>
      Math.max(...hostile(length).map((text) => backtrackingSteps(node, text)));
    const short = work(60);
    const long = work(240);
    assert.ok(long <= 6 * short + 1000, `${source}: ${short} steps, then ${long}`);
  }
});

test('what JavaScript matches itself, it matches at once and as the positions do', () => {
  for (const source of sources) {
    const pattern = compilePattern(source);
    if (!pattern.native) continue;
    const node = parsePattern(source);
    for (const text of [...hostile(40), '', 'a', 'Ab9', 'abc-def', '123456789012', 'us-east-1', 'ALL']) {
      assert.equal(pattern.matches(text), new PositionMatcher(text).matches(node), `${source} on ${text}`);
    }
    for (const text of hostile(3000)) pattern.matches(text);
  }
});

test('positions agree with JavaScript where both read the pattern the same way', () => {
  const texts = [
    '',
    'a',
    'aa',
    'ab',
    'ba',
    'aab',
    'abab',
    'a-b',
    '-a',
    'a-',
    '0',
    '00',
    'a\n',
    '🚲',
    'a🚲b',
    'A b',
  ];
  const patterns = [
    '(a|ab)(b|)', 'a*a', '(a*)*b?', '(?:a|b){2,3}', '[^a]+', '.{1,2}', '(?!-)[a-z-]{0,2}[a-z]', 'a(?=b).*', '.*(?<!-)',
    '.*(?<=b)', '(?=.*b)(?=.*a).*', '\\ba.*', '(a|b)*?', '(|a)+', '[\\w-]+', '.🚲.', '(?<!a).', '(?=(?!a).)..?', '\\Ba?',
  ]; // biome-ignore format: a table
  for (const source of patterns) {
    const expression = new RegExp(`^(?:${source})$`, 'u');
    const node = parsePattern(source);
    for (const text of texts) {
      assert.equal(
        new PositionMatcher(text).matches(node),
        expression.test(text),
        `${source} on ${JSON.stringify(text)}`,
      );
    }
  }
});

test("Java's dialect is read as Java reads it", () => {
  const cases: [string, string[], string[]][] = [
    ['\\p{Print}+', ['a ~'], ['é', '\n']],
    ['(\\p{LD}|\\p{Punct}| )+', ['é9!'], ['\t']],
    ['[\\p{IsL}]', ['é'], ['1']],
    ['\\p{Alnum}+', ['aZ9'], ['é']],
    ['[\\w-_]*', ['a-_'], ['.']],
    ['[A-Za-z\\-\\ ]+', ['a- '], ['_']],
    ['(?i)all|x', ['ALL', 'All', 'X'], ['al']],
    ['a(?i)b|c', ['aB', 'C'], ['Ab']],
    ['(?s).+', ['a\nb'], ['']],
    ['.', ['\u00a0'], ['\u0085', '\u2028']],
    ['[\\u0020-\\uD7FF\\uD800\\uDC00-\\uDBFF\\uDFFF]*', ['🚲 a'], ['\t']],
    ['\\w+', ['abc_1'], ['é']],
    ['(-?)a\\1b', ['ab', '-a-b'], ['--ab']],
    ['[^\\s\\d]', ['a'], ['1', '\u000b']],
    ['\\W', ['é', '-'], ['a']],
    ['a{0,1000}\\S{1,8192}', ['b'.repeat(8192)], ['b'.repeat(9193), '']],
  ];
  for (const [source, good, bad] of cases) {
    for (const text of good) assert.ok(compilePattern(source).matches(text), `${source} on ${text}`);
    for (const text of bad) assert.ok(!compilePattern(source).matches(text), `${source} on ${text}`);
  }
});

test('what cannot be honoured is refused, not guessed', () => {
  for (const source of [
    'a++',
    '[a[b]]',
    '[a&&b]',
    '(?<n>a)',
    'a{2,1}',
    '(a',
    'a)',
    '[a',
    '\\p{Nothing}',
    '*',
    '\\q',
    '[b-a]',
  ]) {
    assert.throws(() => compilePattern(source), SyntaxError, source);
  }
});
