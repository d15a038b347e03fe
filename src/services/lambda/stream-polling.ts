import type { Context } from '../../service/context.ts';
import type { Bell } from './bell.ts';
import { readPattern } from './event-pattern.ts';
import { laneKey, lanesOf } from './lane.ts';
import { drainLane, type Reading } from './lane-reading.ts';
import { layout, type MappingRow } from './layout.ts';
import { targetOf } from './reading.ts';
import { runningOf } from './running.ts';
import { StreamSource } from './stream-source.ts';

/**
 * Reads a stream until it has no more by now: all lanes of all shards side by side, so that one whose function takes its
 * time, or whose batch waits to be tried again, holds up no other. Answers after how many milliseconds the stream is to
 * be looked at again, infinity for not by itself.
 */
export async function pollStream(ctx: Context, uuid: string, bell: Bell): Promise<number> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  const active = new Map<string, Promise<void>>();
  const wakeAt = new Map<string, number>();
  let failure: { readonly error: unknown } | undefined;
  let seen: MappingRow | undefined;
  const { clock } = ctx.world;
  const look = async () => {
    const mapping = await mappings.get(ctx.store, [uuid]);
    // Lanes of a mapping that has changed end by themselves; others begin when they have.
    if (mapping?.lastModifiedMs !== seen?.lastModifiedMs) await Promise.all(active.values());
    wakeAt.clear();
    if (mapping === undefined || !mapping.enabled) return;
    seen = mapping;
    const reading = await readingOf(ctx, mapping);
    const shards = await reading.source.shards();
    for (const lane of shards.flatMap((shard) => lanesOf(shard, mapping.parallelization))) {
      const key = laneKey(lane);
      if (active.has(key)) continue;
      const draining = drainLane(reading, lane)
        .then((waitMs) => {
          if (Number.isFinite(waitMs)) wakeAt.set(key, clock.monotonic() + waitMs);
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
