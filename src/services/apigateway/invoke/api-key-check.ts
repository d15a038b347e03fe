import type { Context } from '../../../service/context.ts';
import type { Store } from '../../../store/store.ts';
import { type ApiKeyRow, type UsagePlanRow, valueHash } from '../api-key.ts';
import { layout } from '../layout.ts';
import { dayStart, remaining, USAGE_KEPT_MS } from '../usage.ts';
import type { Exchange } from './exchange.ts';
import { forbidden, quotaExceeded, throttled } from './refusal.ts';
import { TokenBucket } from './token-bucket.ts';

/** The plans of an account in a region that each key is in. */
interface PlanIndex {
  readonly byValue: ReadonlyMap<string, { readonly key: ApiKeyRow; readonly plans: readonly UsagePlanRow[] }>;
  readonly buckets: Map<string, TokenBucket>;
}

const indexes = new WeakMap<Store, Map<string, Promise<PlanIndex>>>();

/** Read whole once and kept until a key, a plan or their link changes. */
function planIndex(ctx: Context): Promise<PlanIndex> {
  let byScope = indexes.get(ctx.store);
  if (byScope === undefined) indexes.set(ctx.store, (byScope = new Map()));
  const scope = `${ctx.account}/${ctx.region}`;
  const known = byScope.get(scope);
  if (known !== undefined) return known;
  const rows = layout.at(ctx.account, ctx.region);
  const scopes = byScope;
  const forget = () => {
    for (const stop of stops.splice(0)) stop();
    if (scopes.get(scope) === loading) scopes.delete(scope);
  };
  const stops = [rows.apiKeys.rangeOf([]), rows.usagePlans.rangeOf([]), rows.usagePlanKeys.rangeOf([])].map(
    (range) => ctx.store.watch(range, forget),
  );
  const loading = readIndex(ctx);
  loading.catch(forget);
  byScope.set(scope, loading);
  return loading;
}

async function readIndex(ctx: Context): Promise<PlanIndex> {
  const rows = layout.at(ctx.account, ctx.region);
  return ctx.store.snapshot(async (reader) => {
    const [keys, values, plans, links] = await Promise.all([
      rows.apiKeys.all(reader, []),
      rows.apiKeyValues.all(reader, []),
      rows.usagePlans.all(reader, []),
      rows.usagePlanKeys.all(reader, []),
    ]);
    const planOf = new Map(plans.map(({ value }) => [value.id, value]));
    const byKey = new Map<string, UsagePlanRow[]>();
    for (const { key } of links) {
      const plan = planOf.get(key[0]);
      if (plan !== undefined) byKey.set(key[1], [...(byKey.get(key[1]) ?? []), plan]);
    }
    const keyOf = new Map(keys.map(({ value }) => [value.id, value]));
    const byValue = new Map(
      values.flatMap(({ key: [sha256], value: id }) => {
        const key = keyOf.get(id);
        return key === undefined ? [] : [[sha256, { key, plans: byKey.get(id) ?? [] }] as const];
      }),
    );
    return { byValue, buckets: new Map() };
  });
}

/** Requires a key that is enabled and in a plan of the stage, within the plan's rate and quota. */
export async function checkApiKey(exchange: Exchange): Promise<void> {
  const { ctx, stage, request } = exchange;
  const value =
    stage.api.apiKeySource === 'AUTHORIZER' ? exchange.usageIdentifierKey : request.header('x-api-key');
  if (value === undefined || value === '') throw forbidden();
  const index = await planIndex(ctx);
  const found = index.byValue.get(valueHash(value));
  const plan = found?.plans.find(({ apiStages }) =>
    apiStages.some(({ apiId, stage: name }) => apiId === stage.api.id && name === stage.stageName),
  );
  if (found === undefined || plan === undefined || !found.key.enabled) throw forbidden();
  exchange.apiKey = { id: found.key.id, value };
  const { rateLimit, burstLimit } = plan.throttle ?? {};
  if (rateLimit !== undefined || burstLimit !== undefined) {
    const name = `${plan.id}/${found.key.id}`;
    let bucket = index.buckets.get(name);
    if (bucket === undefined) {
      const rate = rateLimit ?? Number.POSITIVE_INFINITY;
      index.buckets.set(name, (bucket = new TokenBucket(rate, burstLimit ?? Math.max(1, rate))));
    }
    if (!bucket.take(ctx.world.clock.now())) throw throttled();
  }
  if (plan.quota !== undefined) await countRequest(ctx, plan, found.key.id);
}

async function countRequest(ctx: Context, plan: UsagePlanRow, key: string): Promise<void> {
  const now = ctx.world.clock.now();
  const { usage } = layout.at(ctx.account, ctx.region);
  const within = await ctx.transact(
    async (tx) => {
      const days = await usage.all(tx, [plan.id, key]);
      if (remaining(plan.quota ?? {}, days, now) <= 0) return false;
      const today = dayStart(now);
      const used = days.find((day) => day.key[2] === today)?.value.used ?? 0;
      usage.set(tx, [plan.id, key, today], { used: used + 1 });
      const old = days.find((day) => day.key[2] < now - USAGE_KEPT_MS);
      if (old !== undefined) usage.delete(tx, old.key);
      return true;
    },
    { queueKey: `apigateway/usage/${plan.id}/${key}` },
  );
  if (!within) throw quotaExceeded();
}
