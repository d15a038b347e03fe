import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openLmdb } from '../../src/store/lmdb.ts';
import { openMemory } from '../../src/store/memory.ts';
import type { KeyRange, RangeOptions, Reader, Store } from '../../src/store/store.ts';
import { realWorld } from '../../src/world/real.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder, gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambent-test-'));
  folders.push(folder);
  return folder;
}

/** Every engine, so that one suite holds for all. */
export const engines: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => openMemory({ world: realWorld() }),
  lmdb: () => openLmdb({ folder: temporaryFolder(), world: realWorld() }),
};

export const b = (text: string): Buffer => Buffer.from(text);
/** The text of what an engine gives, which need not be Node's kind of bytes. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
export const everything: KeyRange = { start: b(''), end: Uint8Array.of(0xff) };
export const from = (start: string, end: string): KeyRange => ({ start: b(start), end: b(end) });

/** The value of a key as text. */
export async function read(reader: Reader, key: string): Promise<string | undefined> {
  const value = await reader.get(b(key));
  return value === undefined ? undefined : textOf(value);
}

/** The entries of a range as `key=value`. */
export async function list(
  reader: Reader,
  range: KeyRange = everything,
  options: Partial<RangeOptions> = {},
): Promise<string[]> {
  const entries = await reader.range(range, { limit: 1000, ...options });
  return entries.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`);
}

/** Commits the pairs in one transaction; undefined deletes. */
export function write(
  store: Store,
  ...pairs: readonly (readonly [string, string | undefined])[]
): Promise<void> {
  return store.transact(async (tx) => {
    for (const [key, value] of pairs) {
      if (value === undefined) tx.delete(b(key));
      else tx.set(b(key), b(value));
    }
  });
}
