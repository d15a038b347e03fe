import { readComparison } from './comparison.ts';
import type { Matcher } from './filter-pattern.ts';
import { invalidPattern, PatternReader } from './pattern-reader.ts';

type Condition = (document: unknown) => boolean;

/** `{ ($.status >= 500 || $.path = "/pay*") && $.user.id NOT EXISTS }` */
export function parseSelector(text: string): Matcher {
  const reader = new PatternReader(text);
  reader.expect('{');
  const condition = readEither(reader);
  reader.expect('}');
  reader.skipSpace();
  if (!reader.done) throw invalidPattern();
  return (message) => {
    let document: unknown;
    try {
      document = JSON.parse(message);
    } catch {
      return false;
    }
    return typeof document === 'object' && document !== null && condition(document);
  };
}

const PATH = /"(?:[^"\\]|\\.)*"|\$(?:\.[\w*$@-]+|\.?\[(?:"[^"]*"|\d+|\*)\])+/g;

/** The paths a selector speaks of, as it spells them. */
export function pathsOf(text: string): readonly string[] {
  const found = text.match(PATH) ?? [];
  return [...new Set(found.filter((path) => path.startsWith('$')))];
}

/** The values at a path, none when nothing is there. */
export function selectPath(document: unknown, path: string): readonly unknown[] {
  return select(document, readPath(new PatternReader(path)));
}

function readEither(reader: PatternReader): Condition {
  const conditions = [readBoth(reader)];
  while (reader.take('||')) conditions.push(readBoth(reader));
  return (document) => conditions.some((holds) => holds(document));
}

function readBoth(reader: PatternReader): Condition {
  const conditions = [readOne(reader)];
  while (reader.take('&&')) conditions.push(readOne(reader));
  return (document) => conditions.every((holds) => holds(document));
}

function readOne(reader: PatternReader): Condition {
  if (reader.take('(')) {
    const condition = readEither(reader);
    reader.expect(')');
    return condition;
  }
  const path = readPath(reader);
  const valuesAt = (document: unknown) => select(document, path);
  if (reader.takeWord('NOT')) {
    if (!reader.takeWord('EXISTS')) throw invalidPattern();
    return (document) => valuesAt(document).length === 0;
  }
  if (reader.takeWord('EXISTS')) return (document) => valuesAt(document).length > 0;
  if (reader.takeWord('IS')) {
    if (reader.takeWord('TRUE')) return (document) => valuesAt(document).includes(true);
    if (reader.takeWord('FALSE')) return (document) => valuesAt(document).includes(false);
    if (reader.takeWord('NULL')) return (document) => valuesAt(document).includes(null);
    throw invalidPattern();
  }
  const test = readComparison(reader, /[\s&|(){}]/);
  return (document) => valuesAt(document).some(test);
}

/** `$.a.b[0].["c d"]`, with `*` for every item. */
function readPath(reader: PatternReader): readonly string[] {
  reader.expect('$');
  const path: string[] = [];
  for (;;) {
    if (reader.take('[')) {
      path.push(reader.quoted() ?? reader.until(/\]/).trim());
      reader.expect(']');
    } else if (reader.take('.')) {
      if (reader.take('[')) {
        path.push(reader.quoted() ?? reader.until(/\]/).trim());
        reader.expect(']');
        continue;
      }
      const name = reader.until(/[\s.[\]=!<>&|(){}]/);
      if (name === '') throw invalidPattern();
      path.push(name);
    } else break;
  }
  if (path.length === 0) throw invalidPattern();
  return path;
}

function select(document: unknown, path: readonly string[]): readonly unknown[] {
  let values: unknown[] = [document];
  for (const step of path) {
    values = values.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '*') return Object.values(value);
      return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : [];
    });
  }
  return values;
}
