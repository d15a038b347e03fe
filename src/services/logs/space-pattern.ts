import { readComparison, type Test } from './comparison.ts';
import type { Matcher } from './filter-pattern.ts';
import { invalidPattern, PatternReader } from './pattern-reader.ts';

interface Field {
  readonly name: string;
  readonly test: Test;
}

/** `[ip, user, …, status = 4*, size > 1000]`: a line's words, with conditions on some. */
export function parseFields(text: string): Matcher {
  const fields = readFields(text);
  const gap = fields.findIndex(({ name }) => name === '...');
  return (message) => {
    const words = wordsOf(message);
    if (gap < 0) return words.length === fields.length && holds(fields, words);
    const tail = fields.slice(gap + 1);
    if (words.length < gap + tail.length) return false;
    return (
      holds(fields.slice(0, gap), words) && holds(tail, tail.length === 0 ? [] : words.slice(-tail.length))
    );
  };
}

/** The fields' names and the words they stand for in a message that matches. */
export function fieldsOf(text: string): (message: string) => readonly (readonly [string, string])[] {
  const fields = readFields(text);
  const gap = fields.findIndex(({ name }) => name === '...');
  const named = fields.filter(({ name }) => name !== '...');
  return (message) => {
    const words = wordsOf(message);
    const skipped = gap < 0 ? 0 : words.length - named.length;
    return named.map(({ name }, index) => {
      const at = gap >= 0 && index >= gap ? index + skipped : index;
      return [name, words[at] ?? ''] as const;
    });
  };
}

function readFields(text: string): readonly Field[] {
  const reader = new PatternReader(text);
  reader.expect('[');
  const fields: Field[] = [];
  if (!reader.take(']')) {
    do fields.push(readField(reader));
    while (reader.take(','));
    reader.expect(']');
  }
  reader.skipSpace();
  if (!reader.done) throw invalidPattern();
  return fields;
}

function holds(fields: readonly Field[], words: readonly string[]): boolean {
  return fields.every(({ test }, i) => test(words[i]));
}

/** `name`, `name = 4*`, `name != a && name != b`. */
function readField(reader: PatternReader): Field {
  const name = readName(reader);
  if (name === '...') return { name, test: () => true };
  let either: Test[] = [];
  let test = readTest(reader);
  if (test === undefined) return { name, test: () => true };
  for (;;) {
    const both = reader.take('&&');
    if (!both && !reader.take('||')) break;
    if (readName(reader) !== name) throw invalidPattern();
    const next = readTest(reader);
    if (next === undefined) throw invalidPattern();
    const before: Test = test;
    if (both) test = (value) => before(value) && next(value);
    else {
      either = [...either, before];
      test = next;
    }
  }
  const tests = [...either, test];
  return { name, test: (value) => tests.some((one) => one(value)) };
}

function readName(reader: PatternReader): string {
  if (reader.take('...')) return '...';
  const name = reader.until(/[\s,\]=!<>&|]/);
  if (!/^[\w-]*$/.test(name)) throw invalidPattern();
  return name;
}

function readTest(reader: PatternReader): Test | undefined {
  reader.skipSpace();
  for (const sign of ['=', '!=', '<', '>'])
    if (reader.comes(sign)) return readComparison(reader, /[\s,\]&|]/);
  return undefined;
}

/** Words stand between spaces; what is in brackets or quotes is one. */
function wordsOf(message: string): readonly string[] {
  return Array.from(message.trim().matchAll(/\[([^\]]*)\]|"([^"]*)"|(\S+)/g), (match) =>
    String(match[1] ?? match[2] ?? match[3]),
  );
}
