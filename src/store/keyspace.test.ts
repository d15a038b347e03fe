import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { bytesCodec, keyspace, rows } from './keyspace.ts';
import { openMemory } from './memory.ts';
import { unpackTuple } from './tuple.ts';

const layout = keyspace('sqs', {
  queues: rows<[name: string], { readonly arn: string }>('queues'),
  messages: rows<[queue: string, visibleAtMs: number, id: string], { readonly body: string }>('messages'),
  bodies: rows<[id: string], Uint8Array>('bodies', bytesCodec),
});
const { queues, messages, bodies } = layout.at('000000000000', 'us-east-1');
const store = openMemory({ world: realWorld() });

test('a row comes back under its key, typed', async () => {
  await store.transact(async (tx) => {
    queues.set(tx, ['orders'], { arn: 'arn:orders' });
    bodies.set(tx, ['a'], Uint8Array.of(0, 1, 255));
    assert.deepEqual(await queues.get(tx, ['orders']), { arn: 'arn:orders' });
  });
  assert.deepEqual(await queues.get(store, ['orders']), { arn: 'arn:orders' });
  assert.deepEqual([...((await bodies.get(store, ['a'])) ?? [])], [0, 1, 255]);
  await store.transact(async (tx) => queues.delete(tx, ['orders']));
  assert.equal(await queues.get(store, ['orders']), undefined);
});

test('accounts, regions and the whole cloud are places apart', async () => {
  const places = [
    layout.at('111111111111', 'us-east-1'),
    layout.at('111111111111', 'eu-west-1'),
    layout.at('222222222222', 'us-east-1'),
    layout.global(),
  ];
  assert.equal(layout.at('111111111111', 'us-east-1'), places[0]);
  for (const [i, place] of places.entries()) {
    await store.transact(async (tx) => place.queues.set(tx, ['same'], { arn: `${i}` }));
  }
  for (const [i, place] of places.entries()) {
    assert.deepEqual(await place.queues.all(store, []), [{ key: ['same'], value: { arn: `${i}` } }]);
  }
});

test('the key is the tuple of cloud, account, region, service, rows and key', () => {
  assert.deepEqual(unpackTuple(messages.keyOf(['orders', 5, 'x'])), [
    ...['lambent', '000000000000', 'us-east-1', 'sqs', 'messages'],
    ...['orders', 5, 'x'],
  ]);
});

test('pages go both ways, say whether there are more, and stay under their prefix', async () => {
  await store.transact(async (tx) => {
    for (let i = 0; i < 10; i++) messages.set(tx, ['q', i, `m${i}`], { body: `${i}` });
    messages.set(tx, ['qq', 0, 'other'], { body: 'other' });
  });
  const times = async (options: Parameters<typeof messages.page>[2]) => {
    const { rows: found, next } = await messages.page(store, ['q'], options);
    return [...found.map(({ key }) => key[1]), next === undefined ? 'end' : `next ${next[1]}`];
  };
  assert.deepEqual(await times({ limit: 3 }), [0, 1, 2, 'next 2']);
  assert.deepEqual(await times({ limit: 3, after: ['q', 2, 'm2'] }), [3, 4, 5, 'next 5']);
  assert.deepEqual(await times({ limit: 4, after: ['q', 5, 'm5'] }), [6, 7, 8, 9, 'end']);
  assert.deepEqual(await times({ limit: 3, reverse: true }), [9, 8, 7, 'next 7']);
  assert.deepEqual(await times({ limit: 7, reverse: true, after: ['q', 7, 'm7'] }), [
    ...[6, 5, 4, 3, 2, 1, 0],
    'end',
  ]);
  assert.deepEqual(await times({ limit: 2, after: ['q', 4.5, ''] }), [5, 6, 'next 6']);
  assert.deepEqual(await times({ limit: 1, after: ['a', 0, ''] }), [0, 'next 0']);
  assert.deepEqual(await times({ limit: 1, reverse: true, after: ['z', 0, ''] }), [9, 'next 9']);
  assert.deepEqual(await times({ maxBytes: 1 }), [0, 'next 0']);
  assert.deepEqual(await times({ limit: 0 }), ['end']);
  assert.equal((await messages.all(store, ['q'])).length, 10);
  assert.equal((await messages.all(store, ['q', 3])).length, 1);
  assert.equal((await messages.all(store, ['q', 3, 'm3'])).length, 1);
  assert.equal((await messages.all(store, [])).length, 11);
});

test('all reads more than one page', async () => {
  const many = layout.at('333333333333', 'us-east-1').bodies;
  await store.transact(async (tx) => {
    for (let i = 0; i < 1500; i++) many.set(tx, [`${i}`.padStart(5, '0')], new Uint8Array(4000));
  });
  assert.equal((await many.all(store, [])).length, 1500);
});
