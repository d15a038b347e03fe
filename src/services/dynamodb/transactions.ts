import type { DynamodbOperations, ItemResponse, TransactWriteItem } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { collectionMetrics, shown } from './answer.ts';
import { checkAttributes, type Item } from './attribute-value.ts';
import { readUnits, writeUnits } from './capacity.ts';
import { asksUsage, UsageSum } from './consumed-capacity.ts';
import { checkExpressionParameters } from './expression-parameters.ts';
import { invalid } from './fault.ts';
import {
  type CheckedWrite,
  type ConditionalInput,
  checkedCheck,
  checkedDelete,
  checkedPut,
  checkedUpdate,
  checkItemSize,
} from './item-request.ts';
import { itemSize } from './item-size.ts';
import type { WriteOutcome } from './item-write.ts';
import { readProjection } from './items.ts';
import { checkKey, checkKeyPaths } from './key-check.ts';
import { project } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { addressOf, tableFor } from './tables-cache.ts';
import {
  cancelOnFaults,
  checkDistinct,
  commitParts,
  fingerprint,
  readParts,
  replayUsage,
  type TransactionPart,
} from './transaction-commit.ts';

const LARGEST_BYTES = 4 << 20;

export const transactions = {
  TransactGetItems: async (input, ctx) => {
    const gets = input.TransactItems.map(({ Get: get }, index) => {
      const address = addressOf(get.TableName, ctx, `transactItems.${index + 1}.member.get.tableName`);
      checkExpressionParameters(get, ['ProjectionExpression'], []);
      checkAttributes(get.Key);
      return { get, address, projection: readProjection(get) };
    });
    const tables = await Promise.all(gets.map(({ address }) => tableFor(ctx, address)));
    const keys = cancelOnFaults(gets, ({ get, projection }, index) => {
      const table = tables[index] as Table;
      checkKey(table, get.Key);
      if (projection !== undefined) checkKeyPaths(table, projection.paths);
      return itemKey(table, get.Key);
    });
    checkDistinct(keys);
    const found = await readParts(ctx, tables, keys);
    const usage = new UsageSum();
    let bytes = 0;
    const responses = found.map((value, index): ItemResponse => {
      const { get, projection } = gets[index] as (typeof gets)[number];
      const stored = value === undefined ? undefined : new StoredItem(value);
      bytes += stored?.size ?? 0;
      usage.add({ tableName: get.TableName, table: 2 * readUnits(stored?.size ?? 0, true), indexes: [] });
      if (stored === undefined) return {};
      if (projection === undefined) return { Item: shown(ctx, stored) };
      const part = project(stored.item, projection);
      return Object.keys(part).length === 0 ? {} : { Item: part };
    });
    if (bytes > LARGEST_BYTES) {
      throw invalid('The aggregated size of the items in the transaction exceeds the limit of 4 MB');
    }
    return {
      Responses: responses,
      ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'ReadCapacityUnits'),
    };
  },

  TransactWriteItems: async (input, ctx) => {
    const counts = asksUsage(input.ReturnConsumedCapacity);
    const actions = input.TransactItems.map((item, index) => checkAction(item, index, ctx, counts));
    if (actions.reduce((sum, { bytes }) => sum + bytes, 0) > LARGEST_BYTES) {
      throw invalid('The size of the transaction request exceeds the limit of 4 MB');
    }
    const token = input.ClientRequestToken;
    const request = token === undefined ? '' : fingerprint(input.TransactItems);
    const { tables, writes, outcomes } = await commitParts(ctx, actions, token, request);
    if (outcomes !== undefined) return writeAnswer(input, actions, tables, outcomes);
    const usage = await replayUsage(ctx, actions, writes);
    return { ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'ReadCapacityUnits') };
  },
} satisfies Group<DynamodbOperations>;

type Input<Name extends keyof DynamodbOperations> = DynamodbOperations[Name]['input'];

interface Action extends TransactionPart {
  readonly key: Item;
  /** Changes nothing. */
  readonly isCheck: boolean;
  /** What the action brings: deleting large items is a small request. */
  readonly bytes: number;
}

/** `counts`: what the action costs is asked for, which takes the image before. */
function checkAction(item: TransactWriteItem, index: number, ctx: Context, counts: boolean): Action {
  const { ConditionCheck: check, Put: put, Delete: remove, Update: update } = item;
  if ([check, put, remove, update].filter((action) => action !== undefined).length !== 1) {
    throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const described = (
    kind: string,
    action: ConditionalInput & { readonly TableName: string },
    key: Item,
    toWrite: () => CheckedWrite,
  ): Action => {
    const address = addressOf(action.TableName, ctx, `transactItems.${index + 1}.member.${kind}.tableName`);
    checkExpressionParameters(
      action,
      kind === 'update' ? ['UpdateExpression', 'ConditionExpression'] : ['ConditionExpression'],
      [],
    );
    checkAttributes(key);
    const write = toWrite();
    return {
      tableName: action.TableName,
      address,
      key,
      on: (table) => write.on(table, counts),
      isCheck: kind === 'conditionCheck',
      bytes: itemSize(key) + itemSize(action.ExpressionAttributeValues ?? {}),
    };
  };
  if (put !== undefined) {
    return described('put', put, put.Item, () => {
      checkItemSize(put.Item);
      return checkedPut(put, put.Item);
    });
  }
  if (update !== undefined)
    return described('update', update, update.Key, () => checkedUpdate(update, update.Key));
  if (remove !== undefined)
    return described('delete', remove, remove.Key, () => checkedDelete(remove, remove.Key));
  const { Key: key = {} } = check ?? {};
  return described('conditionCheck', check as NonNullable<typeof check>, key, () =>
    checkedCheck(check ?? {}, key),
  );
}

function writeAnswer(
  input: Input<'TransactWriteItems'>,
  actions: readonly Action[],
  tables: readonly Table[],
  outcomes: readonly WriteOutcome[],
) {
  const usage = new UsageSum();
  const metrics: Record<string, NonNullable<ReturnType<typeof collectionMetrics>>[]> = {};
  outcomes.forEach(({ before, after, indexUnits }, index) => {
    const { tableName, key, isCheck } = actions[index] as Action;
    usage.add({
      tableName,
      table: 2 * writeUnits(before?.size ?? 0, after?.size ?? 0),
      indexes: indexUnits,
    });
    const metric = isCheck
      ? undefined
      : collectionMetrics(tables[index] as Table, input.ReturnItemCollectionMetrics, key);
    if (metric !== undefined) (metrics[tableName] ??= []).push(metric);
  });
  return {
    ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'WriteCapacityUnits'),
    ItemCollectionMetrics: Object.keys(metrics).length === 0 ? undefined : metrics,
  };
}
