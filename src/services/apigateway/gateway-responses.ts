import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import { badRequest, notFound } from './fault.ts';
import { describeResponse, RESPONSE_TYPES } from './gateway-response.ts';
import { entry, type PatchTable, patched, REPLACE, value } from './patch.ts';
import { apiOf, rowsOf } from './scope.ts';

export const gatewayResponses = {
  PutGatewayResponse: (input, ctx) => {
    const { restApiId, ...row } = input;
    checkFilled(row);
    return ctx.transact(async (tx) => {
      await apiOf(ctx, restApiId, tx);
      rowsOf(ctx).gatewayResponses.set(tx, [restApiId, input.responseType], row);
      return describeResponse(input.responseType, row);
    });
  },

  GetGatewayResponse: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    const row = await rowsOf(ctx).gatewayResponses.get(ctx.store, [input.restApiId, input.responseType]);
    return describeResponse(input.responseType, row);
  },

  GetGatewayResponses: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    const found = await rowsOf(ctx).gatewayResponses.all(ctx.store, [input.restApiId]);
    const rows = new Map(found.map(({ value: row }) => [row.responseType, row]));
    return { items: RESPONSE_TYPES.map((type) => describeResponse(type, rows.get(type))) };
  },

  UpdateGatewayResponse: (input, ctx) =>
    ctx.transact(async (tx) => {
      const { restApiId, responseType } = input;
      await apiOf(ctx, restApiId, tx);
      const rows = rowsOf(ctx).gatewayResponses;
      const row = (await rows.get(tx, [restApiId, responseType])) ?? { responseType };
      const next = patched(row, input.patchOperations, PATCH);
      checkFilled(next);
      rows.set(tx, [restApiId, responseType], next);
      return describeResponse(responseType, next);
    }),

  DeleteGatewayResponse: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      await apiOf(ctx, input.restApiId, tx);
      const rows = rowsOf(ctx).gatewayResponses;
      if ((await rows.get(tx, [input.restApiId, input.responseType])) === undefined)
        throw notFound('Gateway response type not defined on api');
      rows.delete(tx, [input.restApiId, input.responseType]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: false,
  rules: {
    '/statusCode': value(REPLACE),
    '/responseParameters/{}': entry('string', 'Invalid parameter name specified'),
    '/responseTemplates/{}': entry('string', 'Content-Type specified was not found'),
  },
};

function checkFilled(row: {
  readonly responseParameters?: Readonly<Record<string, string>> | undefined;
  readonly responseTemplates?: Readonly<Record<string, string>> | undefined;
}): void {
  for (const name of ['responseTemplates', 'responseParameters'] as const) {
    if (Object.values(row[name] ?? {}).some((text) => text === ''))
      throw badRequest(`Invalid null or empty value in ${name}`);
  }
}
