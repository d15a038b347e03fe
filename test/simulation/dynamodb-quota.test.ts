import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { layout } from '../../src/services/dynamodb/layout.ts';
import { MOST_TABLES } from '../../src/services/dynamodb/quota.ts';
import { tables } from '../../src/services/dynamodb/tables.ts';
import { memoryBlobs } from '../../src/store/blobs.ts';
import { memoryDisk, openMemory } from '../../src/store/memory.ts';
import { simulatedWorld } from '../../src/world/simulated.ts';
import { serviceContext } from '../support/service-context.ts';

test('a region takes so many tables and no more', async () => {
  const world = simulatedWorld(1);
  const store = openMemory({ world, disk: memoryDisk() });
  const ctx = serviceContext({ service: 'dynamodb', store, world, blobs: memoryBlobs({ store, world }) });
  const create = (TableName: string) =>
    tables.CreateTable(
      {
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
      ctx,
    );
  await create('first');
  // Made by hand: each of them the slow way would count all before it.
  const { tables: rows } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    const first = (await rows.get(tx, ['first'])) ?? assert.fail();
    for (let number = 2; number < MOST_TABLES; number++) {
      const name = `table-${number}`;
      rows.set(tx, [name], { ...first, name, number });
    }
  });
  await create('last');
  await assert.rejects(create('one-more'), {
    code: 'LimitExceededException',
    message: 'Subscriber limit exceeded: There is a limit of 2500 tables per subscriber',
  });
});
