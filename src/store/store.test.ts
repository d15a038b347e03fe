import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { b, engines, everything, from, list, read, write } from '../../test/support/stores.ts';
import { type Entry, ExpectationError, type Reader, type Transaction } from './store.ts';

for (const [name, make] of Object.entries(engines)) {
  describe(name, () => {
    test('reads what was written, in byte order, both ways', async () => {
      const store = await make();
      await write(store, ['b', '2'], ['a', '1'], ['c', '3'], ['b\0', '2+'], ['\xff', 'last'], ['e', '']);
      assert.equal(await read(store, 'a'), '1');
      assert.equal(await read(store, 'e'), '');
      assert.equal(await read(store, 'nothing'), undefined);
      assert.deepEqual(await list(store), ['a=1', 'b=2', 'b\0=2+', 'c=3', 'e=', '\xff=last']);
      assert.deepEqual(await list(store, everything, { reverse: true, limit: 2 }), ['\xff=last', 'e=']);
      assert.deepEqual(await list(store, from('b', 'c')), ['b=2', 'b\0=2+']);
      assert.deepEqual(await list(store, from('b', 'c'), { reverse: true }), ['b\0=2+', 'b=2']);
      assert.deepEqual(await list(store, from('b\0', 'c\0'), { reverse: true }), ['c=3', 'b\0=2+']);
      assert.deepEqual(await list(store, from('c', 'b')), []);
      assert.deepEqual(await list(store, from('c', 'c')), []);
      assert.deepEqual(await list(store, everything, { limit: 0 }), []);
      await write(store, ['b', undefined], ['nothing', undefined], ['a', 'one']);
      assert.deepEqual(await list(store, from('a', 'd')), ['a=one', 'b\0=2+', 'c=3']);
      await store.close();
    });

    test('a page ends when its bytes pass the limit, with one entry at least', async () => {
      const store = await make();
      await write(store, ['a', '12345'], ['b', '12345'], ['c', '12345']);
      assert.equal((await list(store, everything, { maxBytes: 1 })).length, 1);
      assert.equal((await list(store, everything, { maxBytes: 6 })).length, 2);
      assert.equal((await list(store, everything, { maxBytes: 100 })).length, 3);
      await store.transact(async (tx) => {
        tx.set(b('aa'), b('12345'));
        assert.deepEqual(await list(tx, everything, { maxBytes: 6 }), ['a=12345', 'aa=12345']);
        assert.deepEqual(await list(tx, everything, { maxBytes: 1, reverse: true }), ['c=12345']);
      });
      await store.close();
    });

    test('a transaction sees its own writes, in ranges too', async () => {
      const store = await make();
      await write(store, ['a', '1'], ['b', '2'], ['c', '3'], ['d', '4']);
      await store.transact(async (tx) => {
        tx.set(b('bb'), b('new'));
        tx.delete(b('c'));
        tx.set(b('a'), b('one'));
        tx.delete(b('absent'));
        assert.equal(await read(tx, 'a'), 'one');
        assert.equal(await read(tx, 'c'), undefined);
        assert.deepEqual(await list(tx), ['a=one', 'b=2', 'bb=new', 'd=4']);
        assert.deepEqual(await list(tx, everything, { reverse: true }), ['d=4', 'bb=new', 'b=2', 'a=one']);
        assert.deepEqual(await list(tx, everything, { limit: 3 }), ['a=one', 'b=2', 'bb=new']);
        assert.deepEqual(await list(tx, everything, { limit: 2, reverse: true }), ['d=4', 'bb=new']);
        assert.deepEqual(await list(tx, from('bb', 'd')), ['bb=new']);
        assert.deepEqual(await list(store), ['a=1', 'b=2', 'c=3', 'd=4']);
        tx.set(b('c'), b('again'));
        assert.equal(await read(tx, 'c'), 'again');
      });
      assert.deepEqual(await list(store), ['a=one', 'b=2', 'bb=new', 'c=again', 'd=4']);
      await store.close();
    });

    test('a body that throws commits nothing and does not run again', async () => {
      const store = await make();
      let runs = 0;
      const failing = store.transact(async (tx) => {
        runs++;
        tx.set(b('a'), b('1'));
        throw new Error('mine');
      });
      await assert.rejects(failing, /mine/);
      assert.equal(runs, 1);
      assert.equal(await read(store, 'a'), undefined);
      await store.close();
    });

    test('what a transaction expects is so when it commits, or nothing is', async () => {
      const store = await make();
      await write(store, ['version', '1']);
      let runs = 0;
      const change = (expected: string, meanwhile?: () => Promise<void>) =>
        store.transact(async (tx) => {
          runs++;
          tx.expect(b('version'), b(expected));
          tx.set(b('row'), b(`under ${expected}`));
          await meanwhile?.();
        });
      await assert.rejects(change('0'), ExpectationError);
      await assert.rejects(
        change('1', () => write(store, ['version', '2'])),
        ExpectationError,
      );
      assert.equal(runs, 2);
      assert.equal(await read(store, 'row'), undefined);
      await change('2');
      assert.equal(await read(store, 'row'), 'under 2');
      // Of two in one batch, the second sees what the first does.
      const [first, second] = await Promise.allSettled([
        store.transact(async (tx) => tx.set(b('version'), b('3'))),
        change('2'),
      ]);
      assert.equal(first.status, 'fulfilled');
      assert.ok(second.status === 'rejected' && second.reason instanceof ExpectationError);
      const look = (expected: string, error?: Error) =>
        store.transact(async (tx) => {
          tx.expect(b('version'), b(expected));
          if (error !== undefined) throw error;
          return 'seen';
        });
      assert.equal(await look('3'), 'seen');
      await assert.rejects(look('2'), ExpectationError);
      await assert.rejects(look('3', new Error('mine')), /mine/);
      await assert.rejects(look('2', new Error('mine')), ExpectationError);
      assert.equal(await read(store, 'row'), 'under 2');
      await store.close();
    });

    test('snapshots and transactions cannot be used after their end', async () => {
      const store = await make();
      let kept: Transaction | undefined;
      let reader: Reader | undefined;
      await store.transact(async (tx) => {
        kept = tx;
      });
      await store.snapshot(async (snapshot) => {
        reader = snapshot;
      });
      assert.throws(() => kept?.set(b('a'), b('1')), /after its body/);
      await assert.rejects(async () => reader?.get(b('a')), /after its body/);
      await store.close();
    });

    test('watchers hear of commits in their range, and of no others', async () => {
      const store = await make();
      const heard: string[] = [];
      const cancel = store.watch(from('a', 'b'), () => heard.push('a'));
      store.watch(from('b', 'c'), () => heard.push('b'));
      await write(store, ['a1', '1'], ['a2', '1']);
      await new Promise(setImmediate);
      assert.deepEqual(heard, ['a']);
      await write(store, ['b1', '1']);
      await write(store, ['z', '1']);
      await new Promise(setImmediate);
      assert.deepEqual(heard, ['a', 'b']);
      cancel();
      await write(store, ['a1', undefined]);
      await new Promise(setImmediate);
      assert.deepEqual(heard, ['a', 'b']);
      await store.close();
    });

    test('values handed out stay as they are', async () => {
      const store = await make();
      const sizes = [0, 1, 100, 5_000, 40_000, 1 << 20];
      const values = sizes.map((size) => randomBytes(size));
      await store.transact(async (tx) => {
        for (const [i, value] of values.entries()) tx.set(b(`v${i}`), value);
      });
      const got = await Promise.all(sizes.map((_, i) => store.get(b(`v${i}`))));
      const ranged = await store.range(everything, { limit: 10 });
      await write(store, ...sizes.map((_, i) => [`v${i}`, 'over'] as const));
      await list(store);
      for (const [i, value] of values.entries()) {
        assert.ok(value.equals(got[i] as Uint8Array), `get of ${value.length} bytes`);
        assert.ok(value.equals((ranged[i] as Entry).value), `range with ${value.length} bytes`);
      }
      await store.close();
    });

    test('much more data than the file began with', async () => {
      const store = await make();
      const value = randomBytes(20_000);
      for (let round = 0; round < 8; round++) {
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            store.transact(async (tx) => tx.set(b(`${round}/${i}`.padStart(8)), value)),
          ),
        );
      }
      assert.equal((await store.range(everything, { limit: 1000 })).length, 400);
      await store.close();
    });

    test('a closed store answers nothing; closing waits for what is under way', async () => {
      const store = await make();
      let ended = false;
      const last = store.transact(async (tx) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        tx.set(b('a'), b('1'));
        ended = true;
      });
      await store.close();
      assert.ok(ended);
      await last;
      await assert.rejects(store.get(b('a')), /closed/);
      await assert.rejects(
        store.transact(async () => {}),
        /closed/,
      );
      await store.close();
    });
  });
}
