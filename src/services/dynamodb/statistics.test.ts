import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context, NewJob } from '../../service/context.ts';
import { openMemory } from '../../store/memory.ts';
import { realWorld } from '../../world/real.ts';
import { layout } from './layout.ts';
import { countTable, type Recount, recount } from './statistics.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, tableOf } from './table.ts';
import type { TableRow } from './table-row.ts';

test('a large table is counted by a job, and shown as it was last counted', async () => {
  const world = realWorld();
  const store = openMemory({ world });
  const jobs: NewJob[] = [];
  const ctx = {
    account: '1',
    region: 'r',
    world,
    store,
    transact: store.transact.bind(store),
    enqueue: (_tx: unknown, job: NewJob) => jobs.push(job),
  } as unknown as Context;
  const row: TableRow = {
    number: 1,
    version: 1,
    id: 'id',
    name: 'large',
    status: 'ACTIVE',
    createdAtMs: 0,
    attributes: [{ AttributeName: 'id', AttributeType: 'N' }],
    keySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    billingMode: 'PAY_PER_REQUEST',
    throughput: { reads: 0, writes: 0 },
    indexes: [],
    nextIndex: 1,
    deletionProtection: false,
  };
  const table = tableOf(row, ctx.account, ctx.region);
  await store.transact(async (tx) => {
    layout.at(ctx.account, ctx.region).tables.set(tx, ['large'], row);
    for (let index = 1; index <= 20_500; index++) {
      const item = { id: { N: String(index) } };
      tx.set(itemKey(table, item), StoredItem.of(item).bytes);
    }
  });
  assert.equal((await countTable(ctx, row)).table.items, 20_000);
  await countTable(ctx, row);
  assert.deepEqual(
    jobs.map(({ kind }) => kind),
    ['recount'],
  );
  // Others get their turn between the pages.
  let turns = 0;
  let turn = setImmediate(function next() {
    turns++;
    turn = setImmediate(next);
  });
  await recount(jobs[0]?.payload as Recount, ctx);
  clearImmediate(turn);
  assert.ok(turns >= 20, `${turns} turns`);
  assert.equal((await countTable(ctx, row)).table.items, 20_500);
  await store.close();
});
