import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { serviceContext } from '../../../test/support/service-context.ts';
import type { Context } from '../../service/context.ts';
import { memoryBlobs } from '../../store/blobs.ts';
import { memoryDisk, openMemory } from '../../store/memory.ts';
import type { Transaction, TransactOptions } from '../../store/store.ts';
import { realWorld } from '../../world/real.ts';
import { backfill } from './index-jobs.ts';
import { items } from './items.ts';
import { layout } from './layout.ts';
import { tableUpdates } from './table-updates.ts';
import { tables } from './tables.ts';

const ITEMS = 700;
const TableName = 'Filled';

/** A context on a disk; once `mortal` was called, its process ends after so many transactions. */
function contextOn(disk: ReturnType<typeof memoryDisk>) {
  const world = realWorld();
  const store = openMemory({ world, disk });
  const ctx: Context = serviceContext({
    service: 'dynamodb',
    store,
    world,
    blobs: memoryBlobs({ store, world }),
  });
  let left = Number.POSITIVE_INFINITY;
  const transact = <T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T> => {
    if (left-- <= 0) throw new Error('the process is gone');
    return store.transact(body, options);
  };
  return {
    ctx: Object.assign(ctx, { transact }),
    mortal: (lives: number) => {
      left = lives;
    },
  };
}

test('a backfill that was cut off goes on behind what it had done', async () => {
  const disk = memoryDisk();
  const first = contextOn(disk);
  await tables.CreateTable(
    {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    },
    first.ctx,
  );
  for (let i = 0; i < ITEMS; i++) {
    await items.PutItem({ TableName, Item: { pk: { S: `p${i}` }, owner: { S: `o${i % 3}` } } }, first.ctx);
  }
  const { TableDescription } = await tableUpdates.UpdateTable(
    {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'owner', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'byOwner',
            KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    },
    first.ctx,
  );
  assert.equal(TableDescription?.GlobalSecondaryIndexes?.length, 1);
  const job = { table: 1, name: TableName, index: 1 };
  const rows = layout.at(first.ctx.account, first.ctx.region);
  const entries = async (ctx: Context) =>
    (await ctx.store.range(rows.items.rangeOf([job.table, job.index]), { limit: 10 * ITEMS })).map(
      ({ key }) => Buffer.from(key).toString('latin1'),
    );

  first.mortal(2);
  await assert.rejects(backfill(job, first.ctx), { message: 'the process is gone' });
  const made = await entries(first.ctx);
  assert.ok(made.length > 0 && made.length < ITEMS / 2, `${made.length} entries are made`);

  const second = contextOn(disk);
  // An entry that is taken away from what was done stays away: the second run does not come by there.
  const [taken = ''] = made;
  await second.ctx.store.transact(async (tx) => tx.delete(Buffer.from(taken, 'latin1')));
  await backfill(job, second.ctx);
  const all = await entries(second.ctx);
  assert.equal(all.length, ITEMS - 1);
  assert.ok(!all.includes(taken));
  assert.equal(await rows.backfilled.get(second.ctx.store, [job.table, job.index]), undefined);
  const { Table } = await tables.DescribeTable({ TableName }, second.ctx);
  assert.equal(Table?.GlobalSecondaryIndexes?.[0]?.IndexStatus, 'ACTIVE');
});
