import type { Context } from '../../service/context.ts';
import { enqueueJob } from '../../service/jobs.ts';
import type { JobHandler } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { lookupKeys } from './event.ts';
import { layout, RETENTION_MS } from './layout.ts';

/** How often what is too old is looked for, while there is anything; virtual time. */
const EVERY_MS = 24 * 60 * 60 * 1000;
const PAGE = 500;

/** Sees to it, in the transaction that writes an event, that a job will delete it. */
export function scheduleExpiry(account: string, region: string, nowMs: number, world: World) {
  return schedule('expireEvents', account, region, nowMs + RETENTION_MS, world);
}

/** The same for decisions, which belong to no account. */
export function scheduleDecisionExpiry(nowMs: number, world: World) {
  return schedule('expireDecisions', '', '', nowMs + RETENTION_MS, world);
}

function schedule(
  kind: 'expireEvents' | 'expireDecisions',
  account: string,
  region: string,
  dueAtMs: number,
  world: World,
): (tx: Transaction) => Promise<void> {
  const { retention } = layout.at(account, region);
  return async (tx) => {
    if ((await retention.get(tx, [])) === true) return;
    retention.set(tx, [], true);
    enqueueJob(tx, world, { service: 'cloudtrail', account, region }, { kind, payload: {}, dueAtMs });
  };
}

/** Deletes what is older than CloudTrail's event history reaches, and comes back while there is more. */
export const retention = {
  expireEvents: async (_payload, ctx) => {
    const { events, lookup } = layout.at(ctx.account, ctx.region);
    const untilMs = ctx.world.clock.now() - RETENTION_MS;
    await expire(ctx, 'expireEvents', async (tx) => {
      const { rows, next } = await events.page(tx, [], { limit: PAGE });
      const old = rows.filter(({ key }) => key[0] <= untilMs);
      for (const { key, value } of old) {
        events.delete(tx, key);
        for (const [attribute, text] of lookupKeys(value)) lookup.delete(tx, [attribute, text, ...key]);
      }
      return answer(old.length, rows.length, next !== undefined);
    });
  },

  expireDecisions: async (_payload, ctx) => {
    const { decisions, decisionAges } = layout.global();
    const untilMs = ctx.world.clock.now() - RETENTION_MS;
    await expire(ctx, 'expireDecisions', async (tx) => {
      const { rows, next } = await decisionAges.page(tx, [], { limit: PAGE });
      const old = rows.filter(({ key }) => key[0] <= untilMs);
      for (const { key } of old) {
        decisionAges.delete(tx, key);
        decisions.delete(tx, [key[1]]);
      }
      return answer(old.length, rows.length, next !== undefined);
    });
  },
} satisfies Record<string, JobHandler>;

type Rest = 'more' | 'younger' | 'none';

function answer(old: number, read: number, more: boolean): Rest {
  if (old < read) return 'younger';
  return more ? 'more' : 'none';
}

async function expire(ctx: Context, kind: string, page: (tx: Transaction) => Promise<Rest>): Promise<void> {
  const { retention: marks } = layout.at(ctx.account, ctx.region);
  const dueAtMs = ctx.world.clock.now() + EVERY_MS;
  let rest: Rest;
  do {
    rest = await ctx.transact(async (tx) => {
      const left = await page(tx);
      if (left === 'none') marks.delete(tx, []);
      // At least once is what a job promises: a second one of the same day finds nothing old.
      else if (left === 'younger') ctx.enqueue(tx, { kind, payload: {}, dueAtMs });
      return left;
    });
  } while (rest === 'more');
}
