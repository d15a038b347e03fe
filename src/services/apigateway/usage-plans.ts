import type { ApigatewayOperations, ApiStage } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { describePlan, openValue, type UsagePlanRow } from './api-key.ts';
import { keyOf } from './api-keys.ts';
import { newId } from './definition.ts';
import { badRequest, conflict, fault, noSuchPlan, notFound } from './fault.ts';
import { ANY_OP, type PatchTable, patched, pointerParts, REPLACE, value } from './patch.ts';
import { collection, rowsOf } from './scope.ts';

export const usagePlans = {
  CreateUsagePlan: (input, ctx) => {
    const row: UsagePlanRow = { ...input, id: newId(ctx.world), apiStages: input.apiStages ?? [] };
    checkPlan(row);
    return ctx.transact(async (tx) => {
      for (const stage of row.apiStages) await checkStage(ctx, tx, stage, row.id);
      rowsOf(ctx).usagePlans.set(tx, [row.id], row);
      return describePlan(row);
    });
  },

  GetUsagePlan: async (input, ctx) => describePlan(await planOf(ctx, input.usagePlanId)),

  GetUsagePlans: async (input, ctx) => {
    const rows = rowsOf(ctx);
    if (input.keyId === undefined) return collection(ctx, rows.usagePlans, [], input, describePlan);
    const items: UsagePlanRow[] = [];
    for (const { value: plan } of await rows.usagePlans.all(ctx.store, []))
      if ((await rows.usagePlanKeys.get(ctx.store, [plan.id, input.keyId])) !== undefined) items.push(plan);
    return { items: items.map(describePlan) };
  },

  UpdateUsagePlan: (input, ctx) =>
    ctx.transact(async (tx) => {
      let row = await planOf(ctx, input.usagePlanId, tx);
      for (const operation of input.patchOperations ?? []) {
        const parts = pointerParts(operation.path ?? '');
        row =
          parts[0] === 'apiStages'
            ? patchStages(row, parts, operation.op ?? 'replace', operation.value)
            : patched(row, [operation], PATCH);
      }
      for (const stage of row.apiStages) await checkStage(ctx, tx, stage, row.id);
      checkPlan(row);
      rowsOf(ctx).usagePlans.set(tx, [row.id], row);
      return describePlan(row);
    }),

  DeleteUsagePlan: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const { id, apiStages } = await planOf(ctx, input.usagePlanId, tx);
      if (apiStages.length > 0) {
        throw badRequest(
          `Cannot delete Usage Plan ${id} because at least one Stage is still associated with it`,
        );
      }
      for (const { key } of await rows.usagePlanKeys.all(tx, [id])) rows.usagePlanKeys.delete(tx, key);
      for (const { key } of await rows.usage.all(tx, [id])) rows.usage.delete(tx, key);
      rows.usagePlans.delete(tx, [id]);
    });
    return {};
  },

  CreateUsagePlanKey: (input, ctx) => {
    const rows = rowsOf(ctx);
    if (input.keyType !== 'API_KEY') throw badRequest('Usage Plan Key type must be API_KEY');
    return ctx.transact(async (tx) => {
      const plan = await planOf(ctx, input.usagePlanId, tx);
      const key = await keyOf(ctx, input.keyId, tx);
      if ((await rows.usagePlanKeys.get(tx, [plan.id, key.id])) !== undefined)
        throw conflict(`${key.id} is already subscribed to usage plan ${plan.id}`);
      rows.usagePlanKeys.set(tx, [plan.id, key.id], { id: key.id, type: input.keyType, name: key.name });
      return { id: key.id, type: input.keyType, name: key.name, value: openValue(key, ctx) };
    });
  },

  GetUsagePlanKey: async (input, ctx) => {
    const row = await rowsOf(ctx).usagePlanKeys.get(ctx.store, [input.usagePlanId, input.keyId]);
    if (row === undefined) throw notFound(`Invalid Usage Plan Key identifier specified`);
    return { ...row, value: openValue(await keyOf(ctx, row.id), ctx) };
  },

  GetUsagePlanKeys: async (input, ctx) => {
    const { nameQuery } = input;
    await planOf(ctx, input.usagePlanId);
    const page = await collection(ctx, rowsOf(ctx).usagePlanKeys, [input.usagePlanId], input, (row) => row);
    const items = page.items.filter((row) => nameQuery === undefined || row.name?.startsWith(nameQuery));
    return { ...page, items };
  },

  DeleteUsagePlanKey: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      await planOf(ctx, input.usagePlanId, tx);
      if ((await rows.usagePlanKeys.get(tx, [input.usagePlanId, input.keyId])) === undefined)
        throw notFound('Invalid Usage Plan Key identifier specified');
      rows.usagePlanKeys.delete(tx, [input.usagePlanId, input.keyId]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: {
    '/name': value(REPLACE),
    '/description': value(REPLACE),
    '/productCode': value(ANY_OP),
    '/throttle': value(['remove']),
    '/throttle/rateLimit': value(ANY_OP, 'number'),
    '/throttle/burstLimit': value(ANY_OP, 'integer'),
    '/quota': value(['remove']),
    '/quota/limit': value(ANY_OP, 'integer'),
    '/quota/offset': value(ANY_OP, 'integer'),
    '/quota/period': value(ANY_OP),
  },
};

function patchStages(
  plan: UsagePlanRow,
  parts: readonly string[],
  op: string,
  text: string | undefined,
): UsagePlanRow {
  const named = parts.length === 1 ? text : parts[1];
  const [apiId, stage, extra] = named?.split(':') ?? [];
  if (apiId === undefined || stage === undefined || extra !== undefined)
    throw badRequest('Invalid API Stage specified');
  if (parts.length > 2) throw badRequest('Throttling of single methods by a usage plan is not simulated.');
  const others = plan.apiStages.filter((known) => known.apiId !== apiId || known.stage !== stage);
  if (op === 'remove') {
    if (others.length === plan.apiStages.length)
      throw notFound(`Invalid API Stage {api: ${apiId}, stage: ${stage}} specified for usageplan ${plan.id}`);
    return { ...plan, apiStages: others };
  }
  return { ...plan, apiStages: [...others, { apiId, stage }] };
}

function checkPlan({ quota, apiStages }: UsagePlanRow): void {
  if (quota !== undefined && (quota.limit === undefined || quota.period === undefined))
    throw badRequest('Usage Plan quota limit and period must be specified');
  if (apiStages.some(({ throttle }) => throttle !== undefined && Object.keys(throttle).length > 0))
    throw badRequest('Throttling of single methods by a usage plan is not simulated.');
}

async function checkStage(ctx: Context, tx: Reader, { apiId, stage }: ApiStage, plan: string): Promise<void> {
  if (apiId === undefined || stage === undefined) throw badRequest('Invalid API Stage specified');
  if ((await rowsOf(ctx).stages.get(tx, [apiId, stage])) === undefined) {
    throw fault(
      'NotFoundException',
      `Invalid API Stage {api: ${apiId}, stage: ${stage}} specified for usageplan ${plan}`,
    );
  }
}

export async function planOf(ctx: Context, id: string, reader: Reader = ctx.store): Promise<UsagePlanRow> {
  const row = await rowsOf(ctx).usagePlans.get(reader, [id]);
  if (row === undefined) throw noSuchPlan();
  return row;
}
