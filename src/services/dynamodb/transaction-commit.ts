import { createHash } from 'node:crypto';
import type { CancellationReason } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { ContentionError, type Transaction, type TransactOptions } from '../../store/store.ts';
import { readUnits } from './capacity.ts';
import { UsageSum } from './consumed-capacity.ts';
import { fault, invalid } from './fault.ts';
import { storedSize } from './item-codec.ts';
import {
  ConditionFailed,
  countWrite,
  DUPLICATE,
  holdTable,
  type ItemWrite,
  isStale,
  type WriteOutcome,
  writeItem,
} from './item-write.ts';
import { layout } from './layout.ts';
import { StoredItem } from './stored-item.ts';
import type { Table } from './table.ts';
import { forgetTables, type TableAddress, tableFor } from './tables-cache.ts';
import { limitsOf } from './throughput-limits.ts';

/** How long a client's token names its transaction. */
const TOKEN_LIFE_MS = 10 * 60_000;

const NO_REASON: CancellationReason = { Code: 'None' };

/** One action of a transaction, checked as far as it can be without its table. */
export interface TransactionPart {
  /** The table as the request named it. */
  readonly tableName: string;
  readonly address: TableAddress;
  readonly on: (table: Table) => ItemWrite;
}

/** What became of a transaction; no outcomes when it had been carried out before. */
export interface Committed {
  readonly tables: readonly Table[];
  readonly writes: readonly ItemWrite[];
  readonly outcomes: readonly WriteOutcome[] | undefined;
}

/** Carries out all parts or none. `token` names the transaction, `request` tells whether it is the same one again. */
export async function commitParts(
  ctx: Context,
  parts: readonly TransactionPart[],
  token: string | undefined,
  request: string,
): Promise<Committed> {
  for (;;) {
    const tables = await Promise.all(parts.map(({ address }) => tableFor(ctx, address)));
    const writes = cancelOnFaults(parts, (part, index) => part.on(tables[index] as Table));
    checkDistinct(writes.map(({ key }) => key));
    const nowMs = ctx.world.clock.now();
    cancelOnThrottles(writes, ({ table, key }) => limitsOf(ctx, table)?.admitWrite(key, nowMs));
    try {
      const outcomes = await ctx.transact(async (tx) => {
        if (token !== undefined && (await isReplay(ctx, tx, token, request))) return undefined;
        return writeAll(ctx, tx, writes);
      }, queueOf(writes));
      outcomes?.forEach((outcome, index) => {
        const write = writes[index] as ItemWrite;
        countWrite(limitsOf(ctx, write.table), write, outcome, 2);
      });
      return { tables, writes, outcomes };
    } catch (error) {
      if (isStale(error)) {
        for (const { address } of parts) forgetTables(ctx, address);
        continue;
      }
      if (!(error instanceof ContentionError)) throw error;
      throw cancelled(
        writes.map(() => ({ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' })),
      );
    }
  }
}

/** Reads all items of a transaction at one moment. Throws when a table cannot serve its part yet. */
export async function readParts(
  ctx: Context,
  tables: readonly Table[],
  keys: readonly Uint8Array[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const nowMs = ctx.world.clock.now();
  const limits = tables.map((table) => limitsOf(ctx, table)?.reading());
  cancelOnThrottles(keys, (key, index) => limits[index]?.admit(key, nowMs));
  const found = await ctx.store.snapshot((reader) => Promise.all(keys.map((key) => reader.get(key))));
  found.forEach((bytes, index) => {
    const size = bytes === undefined ? 0 : storedSize(bytes);
    limits[index]?.take(keys[index] as Uint8Array, 2 * readUnits(size, true));
  });
  return found;
}

const THROTTLE_CODES: Readonly<Record<string, string>> = {
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  ThrottlingException: 'ThrottlingError',
};

/** Cancels a transaction when any of its actions has to wait for throughput. */
function cancelOnThrottles<T>(actions: readonly T[], admit: (action: T, index: number) => void): void {
  let failed = false;
  const reasons = actions.map((action, index): CancellationReason => {
    try {
      admit(action, index);
      return NO_REASON;
    } catch (error) {
      const reason = throttleReason(error);
      if (reason === undefined) throw error;
      failed = true;
      return reason;
    }
  });
  if (failed) throw cancelled(reasons);
}

function throttleReason(error: unknown): CancellationReason | undefined {
  const code = Fault.is(error) ? THROTTLE_CODES[error.code] : undefined;
  return code === undefined ? undefined : { Code: code, Message: (error as Fault).message };
}

/** Runs a check of each action; what a table's schema refuses cancels the transaction, with a reason for each. */
export function cancelOnFaults<T, R>(
  actions: readonly T[],
  check: (action: T, index: number) => R,
): readonly R[] {
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

export function checkDistinct(keys: readonly Uint8Array[]): void {
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
  for (const table of new Set(writes.map((write) => write.table))) holdTable(tx, table);
  const atMs = ctx.world.clock.now();
  const outcomes: WriteOutcome[] = [];
  const reasons: CancellationReason[] = [];
  let failed = false;
  for (const write of writes) {
    try {
      const outcome = await writeItem(ctx, tx, write, atMs);
      limitsOf(ctx, write.table)?.admitIndexWrites(outcome.indexUnits, ctx.world.clock.now());
      outcomes.push(outcome);
      reasons.push(NO_REASON);
    } catch (error) {
      failed = true;
      if (error instanceof ConditionFailed) {
        const { item } = error;
        reasons.push({
          ...(write.showsOnFailure && item !== undefined ? { Item: item.item } : {}),
          ...(write.isInsert === true
            ? { Code: 'DuplicateItem', Message: DUPLICATE }
            : { Code: 'ConditionalCheckFailed', Message: error.message }),
        });
      } else if (Fault.is(error)) {
        reasons.push(throttleReason(error) ?? { Code: 'ValidationError', Message: error.message });
      } else throw error;
    }
  }
  if (failed) throw cancelled(reasons);
  return outcomes;
}

/** Tells one request from another; the order a client writes attributes in makes no other of it. */
export function fingerprint(items: unknown): string {
  const text = JSON.stringify(items, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
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

/** A replay is charged as reads of the items as they are now. */
export async function replayUsage(
  ctx: Context,
  parts: readonly TransactionPart[],
  writes: readonly ItemWrite[],
): Promise<UsageSum> {
  const usage = new UsageSum();
  for (const [index, { key }] of writes.entries()) {
    const found = await ctx.store.get(key);
    const size = found === undefined ? 0 : new StoredItem(found).size;
    const { tableName } = parts[index] as TransactionPart;
    usage.add({ tableName, table: 2 * readUnits(size, true), indexes: [] });
  }
  return usage;
}
