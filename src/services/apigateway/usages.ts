import type { ApigatewayOperations, Usage } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import type { UsagePlanRow } from './api-key.ts';
import { badRequest, notFound } from './fault.ts';
import { rowsOf } from './scope.ts';
import { dayStart, parseDay, remaining, USAGE_KEPT_MS, usageBetween } from './usage.ts';
import { planOf } from './usage-plans.ts';

/** How the keys of a plan used its quota. Plans without one are not counted. */
export const usages = {
  GetUsage: async (input, ctx) => {
    const plan = await planOf(ctx, input.usagePlanId);
    const from = parseDay(input.startDate);
    const to = parseDay(input.endDate);
    if (from === undefined || to === undefined)
      throw badRequest('Usage dates must be in the format YYYY-MM-DD');
    if (to < from || to - from > USAGE_KEPT_MS)
      throw badRequest('Invalid usage date range: it must be at most 90 days and end after it begins');
    const links = await rowsOf(ctx).usagePlanKeys.all(ctx.store, [plan.id]);
    const keys = links.map(({ value }) => value.id).filter((id) => [undefined, id].includes(input.keyId));
    return described(ctx, plan, keys, input.startDate, input.endDate);
  },

  UpdateUsage: async (input, ctx) => {
    const now = ctx.world.clock.now();
    const today = dayStart(now);
    const plan = await ctx.transact(async (tx) => {
      const known = await planOf(ctx, input.usagePlanId, tx);
      const { usage, usagePlanKeys } = rowsOf(ctx);
      if ((await usagePlanKeys.get(tx, [known.id, input.keyId])) === undefined)
        throw notFound('Invalid Usage Plan Key identifier specified');
      if (known.quota === undefined) throw badRequest('Usage Plan has no quota');
      for (const { op, path, value } of input.patchOperations ?? []) {
        if (op !== 'replace' || path !== '/remaining')
          throw badRequest(`Invalid patch path ${path ?? 'null'}`);
        const wanted = Number(value);
        if (!Number.isInteger(wanted) || wanted < 0)
          throw badRequest(`Invalid patch value ${value ?? 'null'}`);
        const days = await usage.all(tx, [known.id, input.keyId]);
        const used = days.find(({ key }) => key[2] === today)?.value.used ?? 0;
        usage.set(tx, [known.id, input.keyId, today], {
          used: used + remaining(known.quota, days, now) - wanted,
        });
      }
      return known;
    });
    const date = new Date(today).toISOString().slice(0, 10);
    return described(ctx, plan, [input.keyId], date, date);
  },
} satisfies Group<ApigatewayOperations>;

async function described(
  ctx: Context,
  plan: UsagePlanRow,
  keys: readonly string[],
  startDate: string,
  endDate: string,
  reader: Reader = ctx.store,
): Promise<Usage> {
  const items: Record<string, number[][]> = {};
  const from = parseDay(startDate) ?? 0;
  const to = parseDay(endDate) ?? 0;
  if (plan.quota !== undefined) {
    for (const key of keys) {
      const days = await rowsOf(ctx).usage.all(reader, [plan.id, key]);
      items[key] = usageBetween(plan.quota, days, from, to);
    }
  }
  return { usagePlanId: plan.id, startDate, endDate, items };
}
