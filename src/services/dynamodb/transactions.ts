import { createHash } from 'node:crypto';
import type {
  CancellationReason,
  DynamodbOperations,
  ItemResponse,
  TransactWriteItem,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { ContentionError, type Transaction, type TransactOptions } from '../../store/store.ts';
import { collectionMetrics, shown } from './answer.ts';
import { checkAttributes, type Item } from './attribute-value.ts';
import { readUnits, writeUnits } from './capacity.ts';
import { UsageSum } from './consumed-capacity.ts';
import { checkExpressionParameters } from './expression-parameters.ts';
import { fault, invalid } from './fault.ts';
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
import {
  ConditionFailed,
  holdTable,
  type ItemWrite,
  isStale,
  type WriteOutcome,
  writeItem,
} from './item-write.ts';
import { readProjection } from './items.ts';
import { checkKey, checkKeyPaths } from './key-check.ts';
import { layout } from './layout.ts';
import { project } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { addressOf, forgetTables, type TableAddress, tableFor } from './tables-cache.ts';

/** How long a client's token names its transaction. */
const TOKEN_LIFE_MS = 10 * 60_000;
const LARGEST_BYTES = 4 << 20;

const NO_REASON: CancellationReason = { Code: 'None' };

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
    const found = await ctx.store.snapshot((reader) => Promise.all(keys.map((key) => reader.get(key))));
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
    const actions = input.TransactItems.map((item, index) => checkAction(item, index, ctx));
    if (actions.reduce((sum, { bytes }) => sum + bytes, 0) > LARGEST_BYTES) {
      throw invalid('The size of the transaction request exceeds the limit of 4 MB');
    }
    const token = input.ClientRequestToken;
    const request = token === undefined ? '' : fingerprint(input.TransactItems);
    for (;;) {
      const tables = await Promise.all(actions.map(({ address }) => tableFor(ctx, address)));
      const writes = cancelOnFaults(actions, ({ write }, index) => write.on(tables[index] as Table, true));
      checkDistinct(writes.map(({ key }) => key));
      try {
        const outcomes = await ctx.transact(async (tx) => {
          if (token !== undefined && (await isReplay(ctx, tx, token, request))) return undefined;
          return writeAll(ctx, tx, writes);
        }, queueOf(writes));
        return outcomes === undefined
          ? await replayAnswer(ctx, input, actions, writes)
          : writeAnswer(input, actions, tables, outcomes);
      } catch (error) {
        if (isStale(error)) {
          for (const { address } of actions) forgetTables(ctx, address);
          continue;
        }
        if (!(error instanceof ContentionError)) throw error;
        throw cancelled(
          writes.map(() => ({
            Code: 'TransactionConflict',
            Message: 'Transaction is ongoing for the item',
          })),
        );
      }
    }
  },
} satisfies Group<DynamodbOperations>;

type Input<Name extends keyof DynamodbOperations> = DynamodbOperations[Name]['input'];

interface Action {
  readonly tableName: string;
  readonly address: TableAddress;
  readonly key: Item;
  readonly write: CheckedWrite;
  /** Changes nothing. */
  readonly isCheck: boolean;
  /** What the action brings: deleting large items is a small request. */
  readonly bytes: number;
}

function checkAction(item: TransactWriteItem, index: number, ctx: Context): Action {
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
    return {
      tableName: action.TableName,
      address,
      key,
      write: toWrite(),
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

/** Runs a check of each action; what a table's schema refuses cancels the transaction, with a reason for each. */
function cancelOnFaults<T, R>(actions: readonly T[], check: (action: T, index: number) => R): readonly R[] {
  const reasons: CancellationReason[] = [];
  const results: R[] = [];
  let failed = false;
  actions.forEach((action, index) => {
    // Once one action is refused the later ones are not looked at.
    if (failed) {
      reasons.push(NO_REASON);
      return;
    }
    try {
      results.push(check(action, index));
      reasons.push(NO_REASON);
    } catch (error) {
      if (!Fault.is(error)) throw error;
      failed = true;
      reasons.push({ Code: 'ValidationError', Message: error.message });
    }
  });
  if (failed) throw cancelled(reasons);
  return results;
}

function cancelled(reasons: readonly CancellationReason[]): Fault {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return fault('TransactionCanceledException', message, { Message: message, CancellationReasons: reasons });
}

function checkDistinct(keys: readonly Uint8Array[]): void {
  const seen = new Set(keys.map((key) => Buffer.from(key).toString('latin1')));
  if (seen.size < keys.length) {
    throw invalid('Transaction request cannot include multiple operations on one item');
  }
}

/** Writers of one stream queue at its end; others meet too seldom to wait for each other. */
function queueOf(writes: readonly ItemWrite[]): TransactOptions {
  const streamEnd = writes.find(({ table }) => table.streamEnd !== undefined)?.table.streamEnd;
  return streamEnd === undefined ? {} : { queueKey: streamEnd };
}

/** Carries all actions out, or none: every reason is collected before the transaction is cancelled. */
async function writeAll(
  ctx: Context,
  tx: Transaction,
  writes: readonly ItemWrite[],
): Promise<readonly WriteOutcome[]> {
  for (const table of new Set(writes.map((write) => write.table))) await holdTable(tx, table);
  const outcomes: WriteOutcome[] = [];
  const reasons: CancellationReason[] = [];
  let failed = false;
  for (const write of writes) {
    try {
      outcomes.push(await writeItem(ctx, tx, write));
      reasons.push(NO_REASON);
    } catch (error) {
      failed = true;
      if (error instanceof ConditionFailed) {
        const { item } = error;
        reasons.push({
          ...(write.showsOnFailure && item !== undefined ? { Item: item.item } : {}),
          Code: 'ConditionalCheckFailed',
          Message: error.message,
        });
      } else if (Fault.is(error)) reasons.push({ Code: 'ValidationError', Message: error.message });
      else throw error;
    }
  }
  if (failed) throw cancelled(reasons);
  return outcomes;
}

function fingerprint(items: unknown): string {
  const text = JSON.stringify(items, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

/** Whether a token names a transaction already carried out; takes the token if not. */
async function isReplay(ctx: Context, tx: Transaction, token: string, request: string): Promise<boolean> {
  const { tokens } = layout.at(ctx.account, ctx.region);
  const atMs = ctx.world.clock.now();
  const row = await tokens.get(tx, [token]);
  if (row !== undefined && row.atMs + TOKEN_LIFE_MS > atMs) {
    if (row.request === request) return true;
    throw fault(
      'IdempotentParameterMismatchException',
      'The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical',
    );
  }
  tokens.set(tx, [token], { request, atMs });
  ctx.enqueue(tx, { kind: 'forgetToken', payload: { token, atMs }, dueAtMs: atMs + TOKEN_LIFE_MS });
  return false;
}

/** The payload of the job that removes a token. */
export interface ForgetToken {
  readonly token: string;
  readonly atMs: number;
}

export async function forgetToken({ token, atMs }: ForgetToken, ctx: Context): Promise<void> {
  const { tokens } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    if ((await tokens.get(tx, [token]))?.atMs === atMs) tokens.delete(tx, [token]);
  });
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

/** A replay is charged as reads of the items as they are now. */
async function replayAnswer(
  ctx: Context,
  input: Input<'TransactWriteItems'>,
  actions: readonly Action[],
  writes: readonly ItemWrite[],
) {
  const usage = new UsageSum();
  for (const [index, { key }] of writes.entries()) {
    const found = await ctx.store.get(key);
    const size = found === undefined ? 0 : new StoredItem(found).size;
    const { tableName } = actions[index] as Action;
    usage.add({ tableName, table: 2 * readUnits(size, true), indexes: [] });
  }
  return { ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'ReadCapacityUnits') };
}
