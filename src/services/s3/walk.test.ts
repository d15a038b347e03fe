import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { openMemory } from '../../store/memory.ts';
import { realWorld } from '../../world/real.ts';
import type { Bucket } from './bucket.ts';
import { type ObjectRow, s3Rows } from './layout.ts';
import { newestVersions, walk } from './walk.ts';

const BUCKET: Bucket = {
  name: 'b',
  account: '1',
  row: { id: 'id', region: 'us-east-1', createdAtMs: 0 },
  settings: {},
};
const ROW: ObjectRow = { sequence: 1, lastModifiedMs: 0, size: 0, etag: '', content: 'inline' };
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What a list holds, said plainly: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html */
function expected(keys: readonly string[], prefix: string, delimiter: string | undefined, after: string) {
  const names = new Set<string>();
  for (const key of [...keys].sort(byBytes)) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    // A common prefix stands where it would as a key: a marker that is it, or one of its keys, is past it.
    const name = at < 0 ? key : key.slice(0, at + 1);
    if (byBytes(name, after) > 0) names.add(at < 0 ? name : `${name}*`);
  }
  return [...names];
}

const text = fc
  .array(fc.constantFrom('a', 'b', '/', '\u{ffff}', '\u{10000}', '0'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''));

test('a walk meets what a plain reading of the rules says, in order, from anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { maxLength: 30 }),
      fc.oneof(fc.constant(''), text),
      fc.option(fc.constant('/'), { nil: undefined }),
      fc.oneof(fc.constant(''), text),
      async (keys, prefix, delimiter, after) => {
        const store = openMemory({ world: realWorld() });
        const { objects } = s3Rows('1');
        await store.transact(async (tx) => {
          for (const key of keys) objects.set(tx, ['id', key], ROW);
          objects.set(tx, ['other', 'a'], ROW);
        });
        const met: string[] = [];
        const start = { prefix, delimiter, after: after === '' ? undefined : after };
        // Pages so small that every walk goes over their ends.
        const source = newestVersions(store, BUCKET);
        const small: typeof source = { ...source, page: (behind) => source.page(behind, 2) };
        for await (const step of walk(small, start)) {
          met.push(step.kind === 'prefix' ? `${step.prefix}*` : step.key);
        }
        assert.deepEqual(met, expected(keys, prefix, delimiter, after));
        await store.close();
      },
    ),
    { numRuns: 300 },
  );
});
