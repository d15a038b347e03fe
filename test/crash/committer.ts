// A process that commits and says so: `node committer.js <folder> <mode> <name> <count>`. It writes one line to its standard
// output after each acknowledged round; nothing else goes there.
import { writeSync } from 'node:fs';
import { openLmdb } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/store.ts';
import { realWorld } from '../../src/world/real.ts';

const [folder = '', mode = '', name = '', count = '0'] = process.argv.slice(2);

/** Adds one to a number that other processes count up too, and leaves a row of its own in the same transaction. */
async function increment(store: Store, name: string, round: number): Promise<void> {
  await store.transact(async (tx) => {
    const counter = Buffer.from('counter');
    const value = Number(Buffer.from((await tx.get(counter)) ?? Buffer.from('0')).toString()) + 1;
    tx.set(counter, Buffer.from(`${value}`));
    tx.set(Buffer.from(`row/${name}/${round}`), Buffer.from(`${value}`));
  });
}

/** Several transactions at once, so that they share a commit. */
async function batch(store: Store, name: string, round: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      store.transact(async (tx) =>
        tx.set(Buffer.from(`row/${name}/${round}/${i}`), Buffer.alloc(3000, round)),
      ),
    ),
  );
}

/** Two rows, which only stand together. */
async function fill(store: Store, name: string, round: number): Promise<void> {
  await store.transact(async (tx) => {
    for (const row of ['x', 'y']) tx.set(Buffer.from(`row/${name}/${round}/${row}`), Buffer.alloc(40_000));
  });
}

const rounds: Readonly<Record<string, typeof increment>> = { increment, batch, fill };
const run = rounds[mode] ?? increment;
const store = await openLmdb({ folder, world: realWorld() });
writeSync(1, 'open\n');
for (let round = 0; round < Number(count); round++) {
  try {
    await run(store, name, round);
    writeSync(1, `ack ${round}\n`);
  } catch (error) {
    writeSync(1, `refused ${round} ${error}\n`);
  }
}
await store.close();
