import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../../test/support/tier.ts';
import type { Context } from '../../service/context.ts';
import { openMemory } from '../../store/memory.ts';
import { realWorld } from '../../world/real.ts';
import type { AttributeValue, Item } from './attribute-value.ts';
import { items } from './items.ts';
import { reads } from './reads.ts';
import { tables } from './tables.ts';
import { transactions } from './transactions.ts';

type Step =
  | { readonly kind: 'put' | 'delete'; readonly id: number; readonly colour: number }
  | { readonly kind: 'paint' | 'fade'; readonly id: number; readonly colour: number }
  | { readonly kind: 'swap'; readonly id: number; readonly other: number; readonly colour: number };

const id = fc.integer({ min: 0, max: 4 });
const colour = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), id, colour }),
  fc.record({ kind: fc.constantFrom('paint' as const, 'fade' as const), id, colour }),
  fc.record({ kind: fc.constant('swap' as const), id, other: id, colour }),
);

const s = (prefix: string, number: number): AttributeValue => ({ S: `${prefix}${number}` });

function run(ctx: Context, action: Step): Promise<unknown> {
  const TableName = 'things';
  const Key = { id: s('i', action.id) };
  const values = { ':c': s('c', action.colour) };
  switch (action.kind) {
    case 'put':
      return items.PutItem(
        { TableName, Item: { ...Key, colour: s('c', action.colour), n: { N: '1' } } },
        ctx,
      );
    case 'delete':
      return items.DeleteItem({ TableName, Key }, ctx);
    case 'paint':
      return items.UpdateItem(
        {
          TableName,
          Key,
          UpdateExpression: 'SET colour = :c ADD n :one',
          ExpressionAttributeValues: { ...values, ':one': { N: '1' } },
        },
        ctx,
      );
    case 'fade':
      return items.UpdateItem({ TableName, Key, UpdateExpression: 'REMOVE colour' }, ctx);
    case 'swap':
      if (action.id === action.other) return Promise.resolve();
      return transactions.TransactWriteItems(
        {
          TransactItems: [
            { Delete: { TableName, Key } },
            { Put: { TableName, Item: { id: s('i', action.other), colour: s('c', action.colour) } } },
          ],
        },
        ctx,
      );
  }
}

async function scan(ctx: Context, IndexName?: string): Promise<readonly Item[]> {
  const { Items = [] } = await reads.Scan({ TableName: 'things', IndexName }, ctx);
  return [...Items].sort((a, b) => (a['id']?.S ?? '').localeCompare(b['id']?.S ?? ''));
}

test('whatever happens at once, an index holds what its items say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
      async (steps, chance) => {
        const world = realWorld();
        const store = openMemory({
          world,
          faults: {
            reach: () => Promise.resolve(),
            conflict: () => chance.next().value < 3,
          },
        });
        const ctx = {
          account: '1',
          region: 'r',
          inside: true,
          world,
          store,
          transact: store.transact.bind(store),
          as: () => ctx,
        } as unknown as Context;
        await tables.CreateTable(
          {
            TableName: 'things',
            AttributeDefinitions: [
              { AttributeName: 'id', AttributeType: 'S' },
              { AttributeName: 'colour', AttributeType: 'S' },
            ],
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            GlobalSecondaryIndexes: [
              {
                IndexName: 'byColour',
                KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
                Projection: { ProjectionType: 'KEYS_ONLY' },
              },
            ],
            BillingMode: 'PAY_PER_REQUEST',
          },
          ctx,
        );
        await Promise.all(steps.map((action) => run(ctx, action)));
        const expected = (await scan(ctx))
          .filter((item) => item['colour'] !== undefined)
          .map((item) => ({ colour: item['colour'], id: item['id'] }));
        assert.deepEqual(
          (await scan(ctx, 'byColour')).map((entry) => ({ ...entry })),
          expected,
        );
        await store.close();
      },
    ),
    { numRuns: scaled(2000, 60) },
  );
});
