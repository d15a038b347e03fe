import type { Context } from '../../service/context.ts';
import { ContentionError, type Transaction } from '../../store/store.ts';
import { claimsOf, releaseClaims } from './claims.ts';
import { type QueueRows, rowsOf } from './content.ts';
import { buryMessage, type DeadLetters, deadLettersOf, isDead } from './dead-letter.ts';
import { type Line, leaveLine, settleGroup } from './fifo-queue.ts';
import { flightsOf } from './flights.ts';
import type { MessageRow, QueueRow } from './layout.ts';
import { drawChance } from './message-key.ts';
import type { QueueName } from './queue.ts';
import { removeMessage, shiftMessage } from './standard-queue.ts';
import { isExpired } from './sweeping.ts';

export interface Taken {
  /** The queue's when it was taken. */
  readonly contentId: string;
  readonly key: string;
  /** As it is now: received once more, in flight. */
  readonly row: MessageRow;
}

export interface Taking {
  readonly name: QueueName;
  readonly queue: QueueRow;
  /** At most this many. */
  readonly most: number;
  readonly visibilityMs: number;
}

export interface Took {
  readonly taken: readonly Taken[];
  /** Something stood in the way (expired, dead letters, another receiver): there may be more to take now. */
  readonly again: boolean;
  /** When the next message is due that was not yet; virtual time. */
  readonly nextDueMs: number | undefined;
  /** As many are in flight as may be. */
  readonly full?: boolean;
}

/** Messages of a queue with noisy tenants behind which others' are looked for. */
const FAIR_LOOK = 2_000;

const NOTHING: Took = { taken: [], again: false, nextDueMs: undefined };
/** Groups looked at in one go: more than a receive can take, fewer than would hold the snapshot long. */
const MOST_CANDIDATES = 10;

/**
 * Takes what may be received now and puts it in flight, in one transaction. What to take is read before it, outside,
 * so that senders at the end of the queue do not conflict with receivers at its head.
 */
export async function takeMessages(ctx: Context, taking: Taking): Promise<Took> {
  const { contentId } = taking.queue;
  const rows = rowsOf(taking.name);
  const nowMs = Math.floor(ctx.world.clock.now());
  const flights = await flightsOf(ctx.store, taking.name, taking.queue, nowMs);
  if (flights.isFull(nowMs)) return { ...NOTHING, full: true };
  const noisy = taking.queue.fifo ? undefined : flights.noisy(nowMs);
  const { names, nextDueMs } = await candidatesOf(ctx, rows, taking, nowMs, noisy);
  // Another receiver may have claimed what was free when it was read.
  const held = claimsOf(ctx.store, contentId);
  const candidates = names.filter((name) => !held.has(name));
  for (const name of candidates) held.add(name);
  try {
    if (candidates.length === 0) return { ...NOTHING, nextDueMs };
    const chance = drawChance(ctx.world);
    const taken = await (taking.queue.fifo
      ? takeFromLines(ctx, rows, taking, candidates, nowMs, chance)
      : takeDue(ctx, rows, taking, candidates, nowMs, chance));
    for (const { key, row } of taken) flights.took(key, row.group, row.visibleAtMs);
    return { taken, again: taken.length === 0, nextDueMs };
  } catch (error) {
    if (!(error instanceof ContentionError)) throw error;
    return { ...NOTHING, again: true };
  } finally {
    releaseClaims(ctx.store, contentId, candidates);
  }
}

interface Candidates {
  readonly names: readonly string[];
  readonly nextDueMs: number | undefined;
}

/** What is due first; where tenants are noisy, the others' messages first, as far back as is looked for them. */
async function candidatesOf(
  ctx: Context,
  rows: QueueRows,
  { queue: { contentId }, most }: Taking,
  nowMs: number,
  noisy: ReadonlySet<string> | undefined,
): Promise<Candidates> {
  const held = claimsOf(ctx.store, contentId);
  const limit = noisy === undefined ? MOST_CANDIDATES + held.size + 1 : FAIR_LOOK;
  const page = await rows.due.page(ctx.store, [contentId], { limit });
  const names: string[] = [];
  const loud: string[] = [];
  let nextDueMs: number | undefined;
  for (const { key, value } of page.rows) {
    const [, dueMs, name] = key;
    if (dueMs > nowMs) {
      nextDueMs = dueMs;
      break;
    }
    if (held.has(name)) continue;
    if (value.group !== undefined && noisy?.has(value.group) === true) loud.push(name);
    else names.push(name);
    if (names.length >= most) break;
  }
  for (const name of loud) if (names.length < most) names.push(name);
  return { names, nextDueMs };
}

function received(row: MessageRow, nowMs: number, visibilityMs: number): MessageRow {
  return {
    ...row,
    receives: row.receives + 1,
    firstReceivedAtMs: row.firstReceivedAtMs ?? nowMs,
    lastReceivedAtMs: nowMs,
    visibleAtMs: nowMs + visibilityMs,
  };
}

/** The queue as the transaction sees it, if it still is the one whose rows were read. */
async function sameQueue(tx: Transaction, rows: QueueRows, taking: Taking): Promise<QueueRow | undefined> {
  const queue = await rows.queues.get(tx, [taking.name.name]);
  return queue?.contentId === taking.queue.contentId ? queue : undefined;
}

function takeDue(
  ctx: Context,
  rows: QueueRows,
  taking: Taking,
  keys: readonly string[],
  nowMs: number,
  chance: string,
): Promise<readonly Taken[]> {
  return ctx.transact(async (tx) => {
    const taken: Taken[] = [];
    const queue = await sameQueue(tx, rows, taking);
    if (queue === undefined) return taken;
    const { contentId } = queue;
    const letters = await deadLettersOf(tx, queue);
    const source = { name: taking.name, rows, contentId };
    for (const key of keys) {
      const row = await rows.messages.get(tx, [contentId, key]);
      if (row === undefined || row.visibleAtMs > nowMs) continue;
      if (isExpired(queue, key, nowMs)) await removeMessage(tx, ctx, rows, contentId, key, row);
      else if (isDead(row, letters)) {
        await buryMessage(tx, ctx, source, letters, { key, row, chance }, nowMs);
        await removeMessage(tx, ctx, rows, contentId, key, row, 'moved');
      } else {
        const after = received(row, nowMs, taking.visibilityMs);
        shiftMessage(tx, rows, contentId, key, row, after);
        taken.push({ contentId, key, row: after });
      }
    }
    return taken;
  });
}

async function takeFromLines(
  ctx: Context,
  rows: QueueRows,
  taking: Taking,
  groups: readonly string[],
  nowMs: number,
  chance: string,
): Promise<readonly Taken[]> {
  const { contentId } = taking.queue;
  const lines: { readonly line: Line; readonly keys: readonly string[] }[] = [];
  let found = 0;
  for (const group of groups) {
    if (found >= taking.most) break;
    // The front of a line only changes by who holds its group, so it may be read outside.
    const page = await rows.lines.page(ctx.store, [contentId, group], { limit: taking.most - found });
    found += page.rows.length;
    lines.push({ line: { rows, contentId, group }, keys: page.rows.map(({ key }) => key[2]) });
  }
  return ctx.transact(async (tx) => {
    const taken: Taken[] = [];
    const queue = await sameQueue(tx, rows, taking);
    if (queue === undefined) return taken;
    const letters = await deadLettersOf(tx, queue);
    for (const { line, keys } of lines) {
      taken.push(...(await takeFromLine(tx, ctx, { taking, queue, letters, line, keys, nowMs, chance })));
    }
    return taken;
  });
}

interface LineTaking {
  readonly taking: Taking;
  readonly queue: QueueRow;
  readonly letters: DeadLetters | undefined;
  readonly line: Line;
  readonly keys: readonly string[];
  readonly nowMs: number;
  readonly chance: string;
}

async function takeFromLine(
  tx: Transaction,
  ctx: Context,
  { taking, queue, letters, line, keys, nowMs, chance }: LineTaking,
): Promise<readonly Taken[]> {
  const { rows, contentId, group: groupName } = line;
  const group = await rows.groups.get(tx, [contentId, groupName]);
  if (group === undefined || group.availableAtMs > nowMs) return [];
  const taken: Taken[] = [];
  const inFlight: Record<string, number> = { ...group.inFlight };
  const source = { name: taking.name, rows, contentId };
  for (const key of keys) {
    const row = await rows.messages.get(tx, [contentId, key]);
    if (row === undefined) continue;
    if (row.visibleAtMs > nowMs) break;
    if (isExpired(queue, key, nowMs)) await leaveLine(tx, ctx, line, key, row);
    else if (isDead(row, letters)) {
      await buryMessage(tx, ctx, source, letters, { key, row, chance }, nowMs);
      await leaveLine(tx, ctx, line, key, row, 'moved');
    } else {
      const after = received(row, nowMs, taking.visibilityMs);
      rows.messages.set(tx, [contentId, key], after);
      rows.lines.set(tx, [contentId, groupName, key], {
        visibleAtMs: after.visibleAtMs,
        receives: after.receives,
      });
      inFlight[key] = after.visibleAtMs;
      taken.push({ contentId, key, row: after });
    }
  }
  await settleGroup(tx, line, group, inFlight, nowMs);
  return taken;
}
