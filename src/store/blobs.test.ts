import { strict as assert } from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { temporaryFolder } from '../../test/support/stores.ts';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';
import { type BlobRef, type CollectedBlobs, fileBlobs, memoryBlobs } from './blobs.ts';
import { openMemory } from './memory.ts';
import type { Store } from './store.ts';

const HOUR_MS = 3_600_000;

interface Fixture {
  readonly blobs: CollectedBlobs;
  readonly store: Store;
  pass(ms: number): void;
}
type Make = (store: Store, world: World) => Promise<CollectedBlobs>;

async function fixture(make: Make): Promise<Fixture> {
  const real = realWorld();
  let ahead = 0;
  const world: World = { ...real, clock: { ...real.clock, realNow: () => real.clock.realNow() + ahead } };
  const store = openMemory({ world });
  const blobs = await make(store, world);
  return {
    blobs,
    store,
    pass: (ms) => {
      ahead += ms;
    },
  };
}

const makers: Readonly<Record<string, Make>> = {
  memory: async (store, world) => memoryBlobs({ store, world }),
  files: (store, world) => fileBlobs({ store, world, folder: temporaryFolder() }),
};

async function gone(blobs: CollectedBlobs, ref: BlobRef): Promise<void> {
  await assert.rejects(blobs.read(ref), /no blob/);
}

for (const [name, make] of Object.entries(makers)) {
  describe(`blobs in ${name}`, () => {
    test('bytes come back, whole and in part, however they were put', async () => {
      const { blobs } = await fixture(make);
      const bytes = randomBytes(200_000);
      const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 70_000), bytes.subarray(70_000)];
      const ref = await blobs.put(Readable.from(chunks, { objectMode: false }));
      assert.deepEqual(ref, {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: 200_000,
      });
      assert.deepEqual(await blobs.put(bytes), ref);
      assert.ok(bytes.equals(await blobs.read(ref)));
      const part = await buffer(blobs.open(ref, { start: 5, end: 150_000 }));
      assert.ok(bytes.subarray(5, 150_000).equals(part));
      assert.equal((await buffer(blobs.open(ref, { start: 7, end: 7 }))).length, 0);
      assert.equal((await buffer(blobs.open(ref, { start: 199_999, end: 300_000 }))).length, 1);
      const empty = await blobs.put(new Uint8Array(0));
      assert.equal((await blobs.read(empty)).length, 0);
    });

    test('a stream that fails leaves nothing', async () => {
      const { blobs, pass } = await fixture(make);
      const failing = Readable.from(
        (async function* () {
          yield Buffer.from('half');
          throw new Error('the client left');
        })(),
        { objectMode: false },
      );
      await assert.rejects(blobs.put(failing), /the client left/);
      pass(2 * HOUR_MS);
      assert.equal(await blobs.sweep(), 0);
    });

    test('what is held stays, what nobody holds goes after its grace', async () => {
      const { blobs, store, pass } = await fixture(make);
      const held = await blobs.put(Buffer.from('held'));
      const twice = await blobs.put(Buffer.from('twice'));
      const never = await blobs.put(Buffer.from('never'));
      await store.transact((tx) => blobs.retain(tx, held));
      await store.transact((tx) => blobs.retain(tx, twice));
      await store.transact((tx) => blobs.retain(tx, twice));
      assert.equal(await blobs.held(store, held), true);
      assert.equal(await blobs.held(store, never), false);
      assert.equal(await blobs.collect(), 0);
      pass(2 * HOUR_MS);
      assert.equal(await blobs.collect(), 1);
      await gone(blobs, never);
      await store.transact((tx) => blobs.release(tx, twice));
      await store.transact((tx) => blobs.release(tx, held));
      assert.equal(await blobs.held(store, held), false);
      assert.equal(await blobs.collect(), 0);
      pass(2 * HOUR_MS);
      assert.equal(await blobs.collect(), 1);
      await gone(blobs, held);
      assert.equal(`${await blobs.read(twice)}`, 'twice');
      assert.equal(await blobs.sweep(), 0);
    });

    test('putting or retaining again spares what was due', async () => {
      const { blobs, store, pass } = await fixture(make);
      const put = await blobs.put(Buffer.from('put again'));
      const retained = await blobs.put(Buffer.from('retained'));
      pass(2 * HOUR_MS);
      await blobs.put(Buffer.from('put again'));
      await store.transact((tx) => blobs.retain(tx, retained));
      assert.equal(await blobs.collect(), 0);
      assert.equal(`${await blobs.read(put)}`, 'put again');
      pass(2 * HOUR_MS);
      assert.equal(await blobs.collect(), 1);
      assert.equal(`${await blobs.read(retained)}`, 'retained');
    });

    test('a put that races the collection of equal bytes is never robbed of them', async () => {
      const { blobs, store, pass } = await fixture(make);
      const bytes = Buffer.from('contended');
      for (let round = 0; round < 30; round++) {
        await blobs.put(bytes);
        pass(2 * HOUR_MS);
        const [ref] = await Promise.all([
          blobs.put(Readable.from([bytes], { objectMode: false })),
          blobs.collect(),
          blobs.put(bytes),
          blobs.collect(),
        ]);
        assert.ok(bytes.equals(await blobs.read(ref)));
        await store.transact((tx) => blobs.retain(tx, ref));
        assert.ok(bytes.equals(await blobs.read(ref)));
        await store.transact((tx) => blobs.release(tx, ref));
      }
      pass(2 * HOUR_MS);
      assert.equal(await blobs.collect(), 1);
      assert.equal(await blobs.sweep(), 0);
    });

    test('a transaction that fails holds and releases nothing', async () => {
      const { blobs, store } = await fixture(make);
      const ref = await blobs.put(Buffer.from('x'));
      await assert.rejects(
        store.transact(async (tx) => {
          await blobs.retain(tx, ref);
          throw new Error('no');
        }),
      );
      assert.equal(await blobs.held(store, ref), false);
      await assert.rejects(
        store.transact((tx) => blobs.release(tx, ref)),
        /once for each time held/,
      );
    });
  });
}

test('what a crash left in the folder is swept: half a stream, and bytes whose row never came', async () => {
  const folder = temporaryFolder();
  const { blobs } = await fixture((store, world) => fileBlobs({ store, world, folder }));
  const kept = await blobs.put(Buffer.from('kept'));
  const orphan = `ab/cd/${'abcd'.padEnd(64, '0')}.left`;
  mkdirSync(join(folder, 'ab/cd'), { recursive: true });
  for (const place of ['incoming/half', orphan]) {
    writeFileSync(join(folder, place), 'x');
    assert.equal(await blobs.sweep(), 0);
    const old = new Date(realWorld().clock.realNow() - 2 * HOUR_MS);
    utimesSync(join(folder, place), old, old);
    assert.equal(await blobs.sweep(), 1);
  }
  assert.deepEqual(readdirSync(join(folder, 'incoming')), []);
  assert.equal(`${await blobs.read(kept)}`, 'kept');
});
