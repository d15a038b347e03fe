import type { ApigatewayOperations, Model } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { type ModelRow, newId } from './definition.ts';
import { badRequest, conflict, noSuchModel } from './fault.ts';
import { ANY_OP, type PatchTable, patched, REPLACE, value } from './patch.ts';
import { compileSchema } from './schema.ts';
import { apiOf, collection, rowsOf } from './scope.ts';

export const models = {
  CreateModel: (input, ctx) => {
    const { restApiId, ...rest } = input;
    if (input.name === '') throw badRequest('Model name must be non-empty');
    const model: ModelRow = { ...rest, id: newId(ctx.world) };
    checkModelSchema(model);
    const rows = rowsOf(ctx);
    return ctx.transact(async (tx) => {
      await apiOf(ctx, restApiId, tx);
      if ((await rows.models.get(tx, [restApiId, input.name])) !== undefined)
        throw conflict('Model name already exists for this REST API');
      rows.models.set(tx, [restApiId, input.name], model);
      return model;
    });
  },

  GetModel: async (input, ctx) => {
    if (input.flatten === true) throw badRequest('The flattening of models is not simulated.');
    return modelOf(ctx, input.restApiId, input.modelName);
  },

  GetModels: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    return collection(ctx, rowsOf(ctx).models, [input.restApiId], input, (row): Model => row);
  },

  UpdateModel: (input, ctx) =>
    ctx.transact(async (tx) => {
      const row = await modelOf(ctx, input.restApiId, input.modelName, tx);
      const next = patched(row, input.patchOperations, PATCH);
      checkModelSchema(next);
      rowsOf(ctx).models.set(tx, [input.restApiId, row.name], next);
      return next;
    }),

  DeleteModel: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const { name } = await modelOf(ctx, input.restApiId, input.modelName, tx);
      for (const { value: resource } of await rows.resources.all(tx, [input.restApiId])) {
        for (const [verb, method] of Object.entries(resource.methods)) {
          if (Object.values(method.requestModels ?? {}).includes(name)) {
            throw conflict(
              `Cannot delete model '${name}', is referenced in method request: ${resource.path}/${verb}`,
            );
          }
        }
      }
      rows.models.delete(tx, [input.restApiId, name]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: { '/description': value(ANY_OP), '/schema': value(REPLACE) },
};

async function modelOf(
  ctx: Context,
  api: string,
  name: string,
  reader: Reader = ctx.store,
): Promise<ModelRow> {
  const row = await rowsOf(ctx).models.get(reader, [api, name]);
  if (row === undefined) {
    await apiOf(ctx, api, reader);
    throw noSuchModel(name);
  }
  return row;
}

function checkModelSchema({ schema, contentType }: ModelRow): void {
  if (schema === '' || schema === undefined) {
    throw badRequest('Model schema must have at least 1 property or array items defined');
  }
  if (contentType?.includes('json') !== true) return;
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw badRequest('Invalid model schema specified');
  }
  const wrong = compileSchema(parsed, () => true).unsupported;
  if (wrong !== undefined)
    throw badRequest(`Invalid model specified: Validation Result: warnings : [], errors : [${wrong}]`);
}
