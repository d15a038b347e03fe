import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { ALPHANUMERIC } from '../../world/world.ts';
import { type ApiKeyRow, describeKey, openValue, sealValue, valueHash } from './api-key.ts';
import { newId } from './definition.ts';
import { badRequest, conflict, noSuchKey } from './fault.ts';
import { ANY_OP, type PatchTable, patched, REPLACE, value } from './patch.ts';
import { collection, rowsOf } from './scope.ts';

const VALUE_LENGTH = 40;

export const apiKeys = {
  CreateApiKey: (input, ctx) => {
    checkKey(input);
    const { world } = ctx;
    const now = world.clock.now();
    const id = newId(world, 10);
    const secret = input.value ?? world.random.id(VALUE_LENGTH, ALPHANUMERIC);
    const row: ApiKeyRow = {
      id,
      sealedValue: sealValue(id, secret, ctx),
      enabled: input.enabled ?? false,
      createdAtMs: now,
      lastUpdatedAtMs: now,
      name: input.name,
      description: input.description,
      customerId: input.customerId,
      stageKeys: (input.stageKeys ?? []).map(({ restApiId, stageName }) => `${restApiId}/${stageName}`),
      tags: input.tags,
    };
    const rows = rowsOf(ctx);
    return ctx.transact(async (tx) => {
      const sha256 = valueHash(secret);
      if ((await rows.apiKeyValues.get(tx, [sha256])) !== undefined) throw conflict('API Key already exists');
      rows.apiKeys.set(tx, [row.id], row);
      rows.apiKeyValues.set(tx, [sha256], row.id);
      return describeKey(row, secret);
    });
  },

  GetApiKey: async (input, ctx) => {
    const row = await keyOf(ctx, input.apiKey);
    return describeKey(row, input.includeValue === true ? openValue(row, ctx) : undefined);
  },

  GetApiKeys: async (input, ctx) => {
    const { nameQuery, customerId, includeValues = false } = input;
    const page = await collection(ctx, rowsOf(ctx).apiKeys, [], input, (row) => row);
    const items = page.items
      .filter((row) => nameQuery === undefined || row.name?.startsWith(nameQuery) === true)
      .filter((row) => customerId === undefined || row.customerId === customerId);
    return {
      ...page,
      items: items.map((row) => describeKey(row, includeValues ? openValue(row, ctx) : undefined)),
    };
  },

  UpdateApiKey: (input, ctx) => {
    const now = ctx.world.clock.now();
    return ctx.transact(async (tx) => {
      const row = await keyOf(ctx, input.apiKey, tx);
      const next = { ...patched(row, input.patchOperations, PATCH), lastUpdatedAtMs: now };
      checkKey({ ...next, value: undefined });
      rowsOf(ctx).apiKeys.set(tx, [row.id], next);
      return describeKey(next);
    });
  },

  DeleteApiKey: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const row = await keyOf(ctx, input.apiKey, tx);
      for (const { value: plan } of await rows.usagePlans.all(tx, []))
        rows.usagePlanKeys.delete(tx, [plan.id, row.id]);
      rows.apiKeyValues.delete(tx, [valueHash(openValue(row, ctx))]);
      rows.apiKeys.delete(tx, [row.id]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: {
    '/description': value(REPLACE),
    '/enabled': value(REPLACE, 'boolean'),
    '/name': value(REPLACE),
    '/customerId': value(ANY_OP),
  },
};

export async function keyOf(ctx: Context, id: string, reader: Reader = ctx.store): Promise<ApiKeyRow> {
  const row = await rowsOf(ctx).apiKeys.get(reader, [id]);
  if (row === undefined) throw noSuchKey();
  return row;
}

const LEAST_VALUE = 20;
const MOST_VALUE = 128;
const MOST_NAME = 1024;
const MOST_DESCRIPTION = 125_000;

function checkKey(input: {
  readonly name?: string | undefined;
  readonly value?: string | undefined;
  readonly description?: string | undefined;
}): void {
  const { name = '', value: text, description = '' } = input;
  if (name.length > MOST_NAME)
    throw badRequest(`Invalid API Key name, can be at most ${MOST_NAME} characters.`);
  if (description.length > MOST_DESCRIPTION) throw badRequest('Invalid API Key description specified.');
  if (text === undefined) return;
  if (text.length < LEAST_VALUE)
    throw badRequest(`API Key value should be at least ${LEAST_VALUE} characters`);
  if (text.length > MOST_VALUE)
    throw badRequest(`API Key value exceeds maximum size of ${MOST_VALUE} characters`);
}
