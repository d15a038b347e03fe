import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { type ApiDefinition, newId, readDefinition } from './definition.ts';
import { badRequest, noSuchDeployment } from './fault.ts';
import { ANY_OP, type PatchTable, patched, value } from './patch.ts';
import { apiOf, collection, rowsOf } from './scope.ts';
import {
  checkStageName,
  checkVariables,
  type DeploymentRow,
  describeDeployment,
  refuseUnsimulated,
} from './stage.ts';

export const deployments = {
  CreateDeployment: async (input, ctx) => {
    refuseUnsimulated(input);
    checkVariables(input.variables);
    if (input.stageName !== undefined) checkStageName(input.stageName);
    const rows = rowsOf(ctx);
    const definition = await ctx.store.snapshot(async (reader) =>
      readDefinition(rows, reader, await apiOf(ctx, input.restApiId, reader)),
    );
    checkDeployable(definition);
    const now = ctx.world.clock.now();
    const row: DeploymentRow = {
      id: newId(ctx.world),
      createdAtMs: now,
      description: input.description,
      definition: await ctx.blobs.put(Buffer.from(JSON.stringify(definition))),
    };
    await ctx.transact(async (tx) => {
      await apiOf(ctx, input.restApiId, tx);
      await ctx.blobs.retain(tx, row.definition);
      rows.deployments.set(tx, [input.restApiId, row.id], row);
      const { stageName } = input;
      if (stageName === undefined || stageName === '') return;
      const stage = await rows.stages.get(tx, [input.restApiId, stageName]);
      rows.stages.set(tx, [input.restApiId, stageName], {
        createdAtMs: now,
        methodSettings: {},
        ...stage,
        stageName,
        deploymentId: row.id,
        lastUpdatedAtMs: now,
        description: input.stageDescription ?? stage?.description,
        variables: input.variables ?? stage?.variables,
        tracingEnabled: input.tracingEnabled ?? stage?.tracingEnabled ?? false,
      });
    });
    return describeDeployment(row);
  },

  GetDeployment: async (input, ctx) => {
    const row = await deploymentOf(ctx, input.restApiId, input.deploymentId);
    return describeDeployment(
      row,
      input.embed?.includes('apisummary') === true ? await definitionOf(ctx, row) : undefined,
    );
  },

  GetDeployments: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    return collection(ctx, rowsOf(ctx).deployments, [input.restApiId], input, (row) =>
      describeDeployment(row),
    );
  },

  UpdateDeployment: (input, ctx) =>
    ctx.transact(async (tx) => {
      const row = await deploymentOf(ctx, input.restApiId, input.deploymentId, tx);
      const next = patched(row, input.patchOperations, PATCH);
      rowsOf(ctx).deployments.set(tx, [input.restApiId, row.id], next);
      return describeDeployment(next);
    }),

  DeleteDeployment: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const row = await deploymentOf(ctx, input.restApiId, input.deploymentId, tx);
      const stages = await rows.stages.all(tx, [input.restApiId]);
      if (stages.some(({ value: stage }) => stage.deploymentId === row.id))
        throw badRequest('Active stages pointing to this deployment must be moved or deleted');
      rows.deployments.delete(tx, [input.restApiId, row.id]);
      await ctx.blobs.release(tx, row.definition);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = { names: true, rules: { '/description': value(ANY_OP) } };

export async function deploymentOf(
  ctx: Context,
  api: string,
  id: string,
  reader: Reader = ctx.store,
): Promise<DeploymentRow> {
  await apiOf(ctx, api, reader);
  const row = await rowsOf(ctx).deployments.get(reader, [api, id]);
  if (row === undefined) throw noSuchDeployment();
  return row;
}

/** The API as it was deployed. */
export async function definitionOf(ctx: Context, row: DeploymentRow): Promise<ApiDefinition> {
  return JSON.parse(Buffer.from(await ctx.blobs.read(row.definition)).toString('utf8')) as ApiDefinition;
}

function checkDeployable({ resources }: ApiDefinition): void {
  const methods = resources.flatMap(({ methods: own }) => Object.values(own));
  if (methods.length === 0) throw badRequest("The REST API doesn't contain any methods");
  if (methods.some(({ methodIntegration }) => methodIntegration === undefined))
    throw badRequest('No integration defined for method');
}
