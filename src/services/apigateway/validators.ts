import type { ApigatewayOperations, Method, RequestValidator } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { newId, type ValidatorRow } from './definition.ts';
import { badRequest, noSuchValidator } from './fault.ts';
import { checkUnreferenced } from './method.ts';
import { type PatchTable, patched, REPLACE, value } from './patch.ts';
import { apiOf, collection, rowsOf } from './scope.ts';

export const validators = {
  CreateRequestValidator: (input, ctx) => {
    const rows = rowsOf(ctx);
    const row: ValidatorRow = {
      id: newId(ctx.world),
      name: input.name ?? '',
      validateRequestBody: input.validateRequestBody ?? false,
      validateRequestParameters: input.validateRequestParameters ?? false,
    };
    return ctx.transact(async (tx) => {
      if ((await rows.apis.get(tx, [input.restApiId])) === undefined)
        throw badRequest('Invalid REST API identifier specified');
      rows.validators.set(tx, [input.restApiId, row.id], row);
      return row;
    });
  },

  GetRequestValidator: (input, ctx) => validatorOf(ctx, input.restApiId, input.requestValidatorId),

  GetRequestValidators: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    return collection(ctx, rowsOf(ctx).validators, [input.restApiId], input, (row): RequestValidator => row);
  },

  UpdateRequestValidator: (input, ctx) =>
    ctx.transact(async (tx) => {
      const row = await validatorOf(ctx, input.restApiId, input.requestValidatorId, tx);
      const next = patched(row, input.patchOperations, PATCH);
      if (next.name === '') throw badRequest('Request Validator name cannot be blank');
      rowsOf(ctx).validators.set(tx, [input.restApiId, row.id], next);
      return next;
    }),

  DeleteRequestValidator: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const { id } = await validatorOf(ctx, input.restApiId, input.requestValidatorId, tx);
      const refers = ({ requestValidatorId }: Method) => requestValidatorId === id;
      await checkUnreferenced(ctx, tx, input.restApiId, `request validator '${id}'`, refers);
      rows.validators.delete(tx, [input.restApiId, id]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: {
    '/name': value(REPLACE),
    '/validateRequestParameters': value(REPLACE, 'boolean'),
    '/validateRequestBody': value(REPLACE, 'boolean'),
  },
};

async function validatorOf(
  ctx: Context,
  api: string,
  id: string,
  reader: Reader = ctx.store,
): Promise<ValidatorRow> {
  await apiOf(ctx, api, reader);
  const row = await rowsOf(ctx).validators.get(reader, [api, id]);
  if (row === undefined) throw noSuchValidator();
  return row;
}
