import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { readEntry, readZip, ZipError } from './zip.ts';

const text = (value: string) => Buffer.from(value);

test('reads files, folders, modes and links', async () => {
  const archive = zipSync({
    'index.js': [text('exports.a = 1;'), { level: 9 }],
    'bin/run': [text('#!/bin/sh'), { level: 0, os: 3, attrs: (0o100755 << 16) >>> 0 }],
    'bin/link': [text('run'), { os: 3, attrs: (0o120777 << 16) >>> 0 }],
    'empty/': new Uint8Array(0),
  });
  const entries = readZip(archive);
  assert.deepEqual(
    entries.map(({ path, kind, executable }) => [path, kind, executable]),
    [
      ['index.js', 'file', false],
      ['bin/run', 'file', true],
      ['bin/link', 'symlink', true],
      ['empty', 'folder', false],
    ],
  );
  const contents = await Promise.all(entries.map((entry) => readEntry(archive, entry)));
  assert.deepEqual(contents.map(String), ['exports.a = 1;', '#!/bin/sh', 'run', '']);
});

test('refuses what would leave the folder', () => {
  for (const path of ['../up', 'a/../../up', '/root', '..\\up']) {
    assert.throws(() => readZip(zipSync({ [path]: text('x') })), ZipError, path);
  }
  const link = { os: 3, attrs: (0o120777 << 16) >>> 0 } as const;
  assert.throws(() => readZip(zipSync({ out: [text('/etc'), link], 'out/passwd': text('x') })), ZipError);
});

test('refuses what is not a zip, is damaged or grows past its word', async () => {
  assert.throws(() => readZip(text('not a zip archive at all')), ZipError);
  assert.throws(() => readZip(new Uint8Array(0)), ZipError);
  const archive = Buffer.from(zipSync({ a: [text('a'.repeat(1000)), { level: 9 }] }));
  const [entry] = readZip(archive);
  assert.ok(entry);
  await assert.rejects(readEntry(archive, { ...entry, size: 10 }), ZipError);
  await assert.rejects(readEntry(archive, { ...entry, crc: entry.crc ^ 1 }), ZipError);
  archive[40] = (archive[40] ?? 0) ^ 0xff;
  await assert.rejects(readEntry(archive, entry), ZipError);
});
