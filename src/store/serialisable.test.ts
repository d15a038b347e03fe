import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { b, engines, everything, from, list, read, textOf, write } from '../../test/support/stores.ts';

/** Two bodies that have both read before either commits. */
function meeting(): () => Promise<void> {
  let came = 0;
  let open = () => {};
  const both = new Promise<void>((resolve) => (open = resolve));
  return async () => {
    if (++came === 2) open();
    await both;
  };
}

for (const [name, make] of Object.entries(engines)) {
  describe(name, () => {
    test('no increment is lost', async () => {
      const store = await make();
      const increment = (options?: { queueKey: string }) =>
        store.transact(async (tx) => {
          const count = Number((await read(tx, 'count')) ?? 0);
          tx.set(b('count'), b(`${count + 1}`));
          return count;
        }, options);
      const seen = await Promise.all(Array.from({ length: 40 }, () => increment()));
      assert.equal(await read(store, 'count'), '40');
      assert.equal(new Set(seen).size, 40);
      await Promise.all(Array.from({ length: 40 }, () => increment({ queueKey: 'count' })));
      assert.equal(await read(store, 'count'), '80');
      await store.close();
    });

    test('two doctors do not both leave: write skew is refused', async () => {
      const store = await make();
      await write(store, ['alice', 'on'], ['bob', 'on']);
      const meet = meeting();
      const leave = (who: string, other: string) =>
        store.transact(async (tx) => {
          const others = await read(tx, other);
          await meet();
          if (others === 'on') tx.set(b(who), b('off'));
        });
      await Promise.all([leave('alice', 'bob'), leave('bob', 'alice')]);
      assert.equal((await list(store)).filter((entry) => entry.endsWith('=on')).length, 1);
      await store.close();
    });

    for (const [what, range, options] of [
      ['a whole range', from('item/', 'item0'), {}],
      ['a page', from('item/', 'item0'), { limit: 3 }],
      ['a page backwards', from('item/', 'item0'), { limit: 3, reverse: true }],
    ] as const) {
      test(`a row that comes into ${what} read before is a conflict`, async () => {
        const store = await make();
        await write(store, ['item/c', '1'], ['item/d', '1']);
        const meet = meeting();
        let runs = 0;
        const claim = (own: string) =>
          store.transact(async (tx) => {
            runs++;
            const found = await list(tx, range, options);
            await meet();
            tx.set(b(`item/${own}`), b(`${found.length}`));
          });
        await Promise.all([claim('a'), claim('e')]);
        assert.equal(runs, 3);
        const values = (await list(store, range)).map((entry) => entry.split('=')[1]);
        assert.deepEqual(values.sort(), ['1', '1', '2', '3']);
        await store.close();
      });
    }

    test('what a page did not reach is no conflict', async () => {
      const store = await make();
      await write(store, ['a', '1'], ['b', '1'], ['c', '1']);
      let runs = 0;
      await store.transact(async (tx) => {
        runs++;
        assert.deepEqual(await list(tx, everything, { limit: 2 }), ['a=1', 'b=1']);
        await write(store, ['c', '2'], ['bb', '2']);
        tx.set(b('z'), b('1'));
      });
      assert.equal(runs, 1);
      await store.close();
    });

    test('blind writes do not conflict; the transaction that reads nothing stale commits at once', async () => {
      const store = await make();
      let runs = 0;
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          store.transact(async (tx) => {
            runs++;
            tx.set(b('same'), b(`${i}`));
          }),
        ),
      );
      assert.equal(runs, 20);
      await store.close();
    });

    test('a snapshot stays as it was, and a body reads one', async () => {
      const store = await make();
      await write(store, ['a', '1'], ['b', '1']);
      await store.snapshot(async (reader) => {
        assert.equal(await read(reader, 'a'), '1');
        await write(store, ['a', '2'], ['b', '2']);
        assert.equal(await read(store, 'a'), '2');
        assert.deepEqual(await list(reader), ['a=1', 'b=1']);
      });
      let first = true;
      await store.transact(async (tx) => {
        const a = await read(tx, 'a');
        if (first) await write(store, ['a', '3'], ['b', '3']);
        first = false;
        assert.equal(await read(tx, 'b'), a);
      });
      await store.close();
    });

    test('concurrent reads and writes of long keys conflict as others do', async () => {
      const store = await make();
      const key = b('x'.repeat(9000));
      const add = () =>
        store.transact(async (tx) => {
          const all = await tx.range({ start: key, end: Uint8Array.of(0xff) }, { limit: 10 });
          tx.set(key, b(`${Number(textOf(all[0]?.value ?? b('0'))) + 1}`));
        });
      await Promise.all([add(), add(), add(), add()]);
      assert.equal(textOf((await store.get(key)) ?? b('')), '4');
      await store.close();
    });
  });
}
