import type { Context } from '../../service/context.ts';
import { oldestKept } from './group.ts';
import { layout } from './layout.ts';

const PAGE = 500;
/** Readers do not see what has expired; its rows go once a day. */
const PURGE_EVERY_MS = 86_400_000;

/** Deletes a stream's runs, all of them or those that began before a time. */
async function purgeRuns(ctx: Context, streamId: string, beforeMs = Number.POSITIVE_INFINITY): Promise<void> {
  const { runs } = layout.at(ctx.account, ctx.region);
  for (;;) {
    const more = await ctx.transact(async (tx) => {
      const page = await runs.page(tx, [streamId], { limit: PAGE });
      const due = page.rows.filter(({ key }) => key[1] < beforeMs);
      for (const { key } of due) runs.delete(tx, key);
      return due.length === PAGE;
    });
    if (!more) return;
  }
}

export async function purgeStream({ streamId }: { readonly streamId: string }, ctx: Context): Promise<void> {
  await purgeRuns(ctx, streamId);
}

export async function purgeGroup({ groupId }: { readonly groupId: string }, ctx: Context): Promise<void> {
  const { streams, subscriptions, metricFilters } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    for (const filters of [subscriptions, metricFilters] as const) {
      for (const { key } of await filters.all(tx, [groupId])) filters.delete(tx, key);
    }
  });
  for (;;) {
    const { rows } = await streams.page(ctx.store, [groupId], { limit: PAGE });
    if (rows.length === 0) return;
    for (const { value } of rows) await purgeRuns(ctx, value.id);
    await ctx.transact(async (tx) => {
      for (const { key } of rows) streams.delete(tx, key);
    });
  }
}

/** One day of a retention policy; ends with the policy. */
export async function retain(
  { group: name, retentionId }: { readonly group: string; readonly retentionId: string },
  ctx: Context,
): Promise<void> {
  const { groups, streams } = layout.at(ctx.account, ctx.region);
  const group = await groups.get(ctx.store, [name]);
  if (group?.retentionId !== retentionId) return;
  const now = ctx.world.clock.now();
  const oldest = oldestKept(group, now);
  for (const { value } of await streams.all(ctx.store, [group.id])) {
    if ((value.firstEventMs ?? now) < oldest) await purgeRuns(ctx, value.id, oldest);
  }
  await ctx.transact(async (tx) => {
    const current = await groups.get(tx, [name]);
    if (current?.retentionId !== retentionId) return;
    ctx.enqueue(tx, { kind: 'retain', payload: { group: name, retentionId }, dueAtMs: now + PURGE_EVERY_MS });
  });
}
