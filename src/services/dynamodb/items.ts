import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { collectionMetrics, shown } from './answer.ts';
import { checkAttributes, type Item, typeOf } from './attribute-value.ts';
import { readUnits, writeUnits } from './capacity.ts';
import { asksUsage, showUsage } from './consumed-capacity.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { checkAttributesToGet, checkExpressionParameters } from './expression-parameters.ts';
import { invalid } from './fault.ts';
import {
  type CheckedWrite,
  checkedDelete,
  checkedPut,
  checkedUpdate,
  checkItemSize,
} from './item-request.ts';
import { performWrite, type WriteOutcome, withTable } from './item-write.ts';
import { checkKey, checkKeyPaths } from './key-check.ts';
import { applyLegacyUpdates, checkLegacyUpdates, createsItem } from './legacy-update.ts';
import { type Projection, parseProjection, project, projectionOf } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { addressOf, tableFor } from './tables-cache.ts';
import { limitsOf } from './throughput-limits.ts';

type Input<Name extends keyof DynamodbOperations> = DynamodbOperations[Name]['input'];

export const items = {
  GetItem: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const projection = checkProjection(input, () => checkAttributes(input.Key));
    const table = await tableFor(ctx, address);
    checkKey(table, input.Key);
    if (projection !== undefined) checkKeyPaths(table, projection.paths);
    const key = itemKey(table, input.Key);
    const limit = limitsOf(ctx, table)?.reading();
    limit?.admit(key, ctx.world.clock.now());
    const bytes = await ctx.store.get(key);
    const stored = bytes === undefined ? undefined : new StoredItem(bytes);
    const units = readUnits(stored?.size ?? 0, input.ConsistentRead === true);
    limit?.take(key, units);
    return {
      Item: stored && (projection === undefined ? shown(ctx, stored) : project(stored.item, projection)),
      ConsumedCapacity: showUsage(input.ReturnConsumedCapacity, {
        tableName: input.TableName,
        table: units,
        indexes: [],
      }),
    };
  },

  PutItem: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    checkExpressionParameters(input, ['ConditionExpression'], ['Expected', 'ConditionalOperator']);
    checkAttributes(input.Item);
    if (
      input.ReturnValues !== undefined &&
      input.ReturnValues !== 'ALL_OLD' &&
      input.ReturnValues !== 'NONE'
    ) {
      throw invalid('ReturnValues can only be ALL_OLD or NONE');
    }
    checkItemSize(input.Item);
    const write = checkedPut(input, input.Item);
    return await withTable(ctx, address, async (table) => {
      const outcome = await perform(ctx, table, input, write);
      return {
        Attributes: oldAttributes(ctx, input.ReturnValues, outcome),
        ...account(input, table, input.Item, outcome),
      };
    });
  },

  DeleteItem: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    checkExpressionParameters(input, ['ConditionExpression'], ['Expected', 'ConditionalOperator']);
    checkAttributes(input.Key);
    if (
      input.ReturnValues !== undefined &&
      input.ReturnValues !== 'ALL_OLD' &&
      input.ReturnValues !== 'NONE'
    ) {
      throw invalid('ReturnValues can only be ALL_OLD or NONE');
    }
    const write = checkedDelete(input, input.Key);
    return await withTable(ctx, address, async (table) => {
      const outcome = await perform(ctx, table, input, write);
      return {
        Attributes: oldAttributes(ctx, input.ReturnValues, outcome),
        ...account(input, table, input.Key, outcome),
      };
    });
  },

  UpdateItem: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    checkExpressionParameters(
      input,
      ['UpdateExpression', 'ConditionExpression'],
      ['AttributeUpdates', 'Expected', 'ConditionalOperator'],
    );
    checkAttributes(input.Key);
    const updates = input.AttributeUpdates;
    checkLegacyUpdates(updates);
    const write = checkedUpdate(
      input,
      input.Key,
      updates && {
        targets: Object.entries(updates).map(([name, { Value: value }]) => ({
          path: [name],
          type: value && typeOf(value),
        })),
        creates: createsItem(updates),
        apply: (item) => applyLegacyUpdates(item, updates),
      },
    );
    return await withTable(ctx, address, async (table) => {
      const outcome = await perform(ctx, table, input, write);
      return {
        Attributes: updatedAttributes(ctx, input.ReturnValues, outcome, write),
        ...account(input, table, input.Key, outcome),
      };
    });
  },
} satisfies Group<DynamodbOperations>;

/** The projection of a read by key; `checkValues` runs where DynamoDB checks the key's values. */
function checkProjection(
  input: Pick<Input<'GetItem'>, 'ProjectionExpression' | 'ExpressionAttributeNames' | 'AttributesToGet'>,
  checkValues: () => void,
): Projection | undefined {
  checkExpressionParameters(input, ['ProjectionExpression'], ['AttributesToGet']);
  checkValues();
  checkAttributesToGet(input.AttributesToGet);
  return readProjection(input);
}

export function readProjection(
  input: Pick<Input<'GetItem'>, 'ProjectionExpression' | 'ExpressionAttributeNames' | 'AttributesToGet'>,
): Projection | undefined {
  if (input.AttributesToGet !== undefined) return projectionOf(input.AttributesToGet.map((name) => [name]));
  if (input.ProjectionExpression === undefined) return undefined;
  const attributes = new ExpressionAttributes(input.ExpressionAttributeNames, undefined);
  const projection = parseProjection(input.ProjectionExpression, attributes);
  attributes.checkAllUsed();
  return projection;
}

type WriteInput = Input<'PutItem'> | Input<'DeleteItem'> | Input<'UpdateItem'>;

function perform(ctx: Context, table: Table, input: WriteInput, write: CheckedWrite): Promise<WriteOutcome> {
  const returns = input.ReturnValues !== undefined && input.ReturnValues !== 'NONE';
  const counts = asksUsage(input.ReturnConsumedCapacity);
  return performWrite(ctx, write.on(table, returns || counts));
}

/** What every write answers besides attributes. */
function account(input: WriteInput, table: Table, key: Item, { before, after, indexUnits }: WriteOutcome) {
  return {
    ConsumedCapacity: showUsage(input.ReturnConsumedCapacity, {
      tableName: input.TableName,
      table: writeUnits(before?.size ?? 0, after?.size ?? 0),
      indexes: indexUnits,
    }),
    ItemCollectionMetrics: collectionMetrics(table, input.ReturnItemCollectionMetrics, key),
  };
}

function oldAttributes(ctx: Context, mode: string | undefined, { before }: WriteOutcome) {
  return mode === 'ALL_OLD' && before !== undefined ? shown(ctx, before) : undefined;
}

function updatedAttributes(
  ctx: Context,
  mode: Input<'UpdateItem'>['ReturnValues'],
  outcome: WriteOutcome,
  { updatedPaths }: CheckedWrite,
) {
  const { before, after } = outcome;
  switch (mode) {
    case 'ALL_OLD':
      return oldAttributes(ctx, mode, outcome);
    case 'ALL_NEW':
      return after && shown(ctx, after);
    case 'UPDATED_OLD':
      return before && whenAny(project(before.item, projectionOf(updatedPaths)));
    case 'UPDATED_NEW':
      return after && whenAny(project(after.item, projectionOf(updatedPaths)));
    default:
      return undefined;
  }
}

function whenAny(attributes: Item): Item | undefined {
  return Object.keys(attributes).length === 0 ? undefined : attributes;
}
