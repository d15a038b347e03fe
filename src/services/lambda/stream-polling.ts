import type { Context } from '../../service/context.ts';
import type { Bell } from './bell.ts';
import { readPattern } from './event-pattern.ts';
import { laneKey, lanesOf, shardOfKey } from './lane.ts';
import { drainLane, ENDED, type Reading } from './lane-reading.ts';
import { layout, type MappingRow } from './layout.ts';
import { targetOf } from './reading.ts';
import { runningOf } from './running.ts';
import { type SourceShard, StreamSource } from './stream-source.ts';

/**
 * Reads a stream until it has no more by now: all lanes of all shards side by side, a shard's after its parent's, so that one whose function takes its
 * time, or whose batch waits to be tried again, holds up no other. Answers after how many milliseconds the stream is to
 * be looked at again, infinity for not by itself.
 */
export async function pollStream(ctx: Context, uuid: string, bell: Bell): Promise<number> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  const active = new Map<string, Promise<void>>();
  const wakeAt = new Map<string, number>();
  const ended = new Set<string>();
  let failure: { readonly error: unknown } | undefined;
  let tidied = false;
  let seen: MappingRow | undefined;
  const { clock } = ctx.world;
  const look = async () => {
    const mapping = await mappings.get(ctx.store, [uuid]);
    // Lanes of a mapping that has changed end by themselves; others begin when they have.
    if (mapping?.lastModifiedMs !== seen?.lastModifiedMs) {
      await Promise.all(active.values());
      ended.clear();
    }
    wakeAt.clear();
    if (mapping === undefined || !mapping.enabled) return;
    seen = mapping;
    const reading = await readingOf(ctx, mapping);
    const shards = await reading.source.shards();
    if (!tidied) await forgetGone(ctx, uuid, shards);
    tidied = true;
    const lanesIn = ({ id }: SourceShard) => lanesOf(id, mapping.parallelization);
    const isRead = (shard: SourceShard) => lanesIn(shard).every((lane) => ended.has(laneKey(lane)));
    for (const lane of inTurn(shards, isRead).flatMap(lanesIn)) {
      const key = laneKey(lane);
      if (active.has(key) || ended.has(key)) continue;
      // Of each lane its own: nothing may be called while a transaction is open in a context.
      const draining = drainLane({ ...reading, ctx: ctx.as({}) }, lane)
        .then((waitMs) => {
          if (waitMs === ENDED) {
            ended.add(key);
            // Its children may begin.
            bell.ring();
          } else if (Number.isFinite(waitMs)) wakeAt.set(key, clock.monotonic() + waitMs);
        })
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          active.delete(key);
          bell.nudge();
        });
      active.set(key, draining);
    }
  };
  const soonest = () => Math.min(...wakeAt.values()) - clock.monotonic();
  try {
    while (failure === undefined && (active.size > 0 || bell.rung)) {
      if (bell.take() || soonest() <= 0) await look();
      if (active.size > 0) await bell.heard(Math.max(1, soonest()));
    }
  } finally {
    await Promise.all(active.values());
  }
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
  return Math.max(0, soonest());
}

/** Drops the checkpoints of shards that have been trimmed. */
async function forgetGone(ctx: Context, uuid: string, shards: readonly SourceShard[]): Promise<void> {
  const { checkpoints } = layout.at(ctx.account, ctx.region);
  const there = new Set(shards.map(({ id }) => id));
  const kept = await checkpoints.all(ctx.store, [uuid]);
  const gone = kept.filter(({ key: [, lane] }) => !there.has(shardOfKey(lane)));
  if (gone.length === 0) return;
  await ctx.transact(async (tx) => {
    for (const { key } of gone) checkpoints.delete(tx, key);
  });
}

/** The shards whose parents have been read whole, or are gone. */
function inTurn(
  shards: readonly SourceShard[],
  isRead: (shard: SourceShard) => boolean,
): readonly SourceShard[] {
  const byId = new Map(shards.map((shard) => [shard.id, shard]));
  return shards.filter(({ parent }) => {
    const before = parent === undefined ? undefined : byId.get(parent);
    return before === undefined || isRead(before);
  });
}

async function readingOf(ctx: Context, mapping: MappingRow): Promise<Reading> {
  const target = targetOf(ctx, mapping.functionArn);
  const { version } = await runningOf(ctx).resolve(target);
  return {
    ctx,
    mapping,
    target,
    source: new StreamSource(ctx, mapping, version.role, version.name),
    role: version.role,
    patterns: mapping.filters.map((text) => readPattern(text) ?? {}),
  };
}
