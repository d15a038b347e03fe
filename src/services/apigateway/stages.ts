import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { deploymentOf } from './deployments.ts';
import { badRequest, conflict, noSuchStage } from './fault.ts';
import { ANY_OP, entry, type PatchTable, patched, pointerParts, REPLACE, value } from './patch.ts';
import { apiOf, rowsOf } from './scope.ts';
import {
  checkStageName,
  checkVariables,
  describeStage,
  patchMethodSetting,
  refuseUnsimulated,
  type StageRow,
} from './stage.ts';

export const stages = {
  CreateStage: (input, ctx) => {
    refuseUnsimulated(input);
    checkStageName(input.stageName);
    checkVariables(input.variables);
    const now = ctx.world.clock.now();
    const rows = rowsOf(ctx);
    return ctx.transact(async (tx) => {
      await deploymentOf(ctx, input.restApiId, input.deploymentId, tx);
      if ((await rows.stages.get(tx, [input.restApiId, input.stageName])) !== undefined)
        throw conflict('Stage already exists');
      const stage: StageRow = {
        stageName: input.stageName,
        deploymentId: input.deploymentId,
        createdAtMs: now,
        lastUpdatedAtMs: now,
        description: input.description,
        documentationVersion: input.documentationVersion,
        variables: input.variables,
        methodSettings: {},
        tracingEnabled: input.tracingEnabled ?? false,
        tags: input.tags,
      };
      rows.stages.set(tx, [input.restApiId, input.stageName], stage);
      return describeStage(stage);
    });
  },

  GetStage: async (input, ctx) => describeStage(await stageOf(ctx, input.restApiId, input.stageName)),

  GetStages: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    const found = await rowsOf(ctx).stages.all(ctx.store, [input.restApiId]);
    return {
      item: found
        .map(({ value: stage }) => stage)
        .filter(({ deploymentId }) => [undefined, deploymentId].includes(input.deploymentId))
        .map(describeStage),
    };
  },

  UpdateStage: async (input, ctx) => {
    const now = ctx.world.clock.now();
    const changed = await ctx.transact(async (tx) => {
      const stage = await stageOf(ctx, input.restApiId, input.stageName, tx);
      let next = stage;
      for (const operation of input.patchOperations ?? []) next = patchStage(next, operation);
      if (next.deploymentId !== stage.deploymentId)
        await deploymentOf(ctx, input.restApiId, next.deploymentId, tx);
      checkVariables(next.variables);
      next = { ...next, lastUpdatedAtMs: now };
      rowsOf(ctx).stages.set(tx, [input.restApiId, input.stageName], next);
      return next;
    });
    noteUnsimulated(ctx, changed);
    return describeStage(changed);
  },

  DeleteStage: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      await stageOf(ctx, input.restApiId, input.stageName, tx);
      rowsOf(ctx).stages.delete(tx, [input.restApiId, input.stageName]);
    });
    return {};
  },

  FlushStageAuthorizersCache: async (input, ctx) => {
    const authorizersFlushedAtMs = ctx.world.clock.now();
    await ctx.transact(async (tx) => {
      const stage = await stageOf(ctx, input.restApiId, input.stageName, tx);
      rowsOf(ctx).stages.set(tx, [input.restApiId, input.stageName], { ...stage, authorizersFlushedAtMs });
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

type StagePatch = NonNullable<Parameters<(typeof stages)['UpdateStage']>[0]['patchOperations']>[number];

/** Settings that are kept and shown, but write no logs yet: who asks for them is told. */
function noteUnsimulated(ctx: Context, { stageName, accessLogSettings, methodSettings }: StageRow): void {
  const levels = Object.values(methodSettings).map(({ loggingLevel = 'OFF' }) => loggingLevel);
  if (accessLogSettings !== undefined || levels.some((level) => level !== 'OFF'))
    ctx.log('warn', `the logs of stage ${stageName} are stored as a setting, not simulated`);
}

function patchStage(stage: StageRow, operation: StagePatch): StageRow {
  const { path = '', op = 'replace' } = operation;
  const parts = pointerParts(path);
  if (parts[0] === 'cacheClusterEnabled' || parts[0] === 'cacheClusterSize') {
    if (operation.value === 'true' || parts[0] === 'cacheClusterSize')
      throw badRequest('The cache cluster of a stage is not simulated.');
    return stage;
  }
  if (parts[0] === 'canarySettings') throw badRequest('Canary settings are not simulated.');
  if (parts[0] === 'accessLogSettings') return patchAccessLog(stage, operation, parts);
  const known = parts.length === 1 || parts[0] === 'variables';
  if (known && (parts.length === 2 || Object.hasOwn(PATCH.rules, path)))
    return patched(stage, [operation], PATCH);
  const changed = patchMethodSetting(stage, parts, op, operation.value);
  if (changed === undefined)
    throw badRequest(`Invalid method setting path: ${path}. Must be one of: ${PATHS}`);
  return changed;
}

function patchAccessLog(stage: StageRow, operation: StagePatch, parts: readonly string[]): StageRow {
  const { op = 'replace', value: text } = operation;
  if (op === 'remove') {
    if (parts.length === 1) return { ...stage, accessLogSettings: undefined };
    throw badRequest(
      `Cannot remove method setting ${parts.join('/')} because there is no method setting for this method `,
    );
  }
  const member = parts[1];
  if (parts.length !== 2 || (member !== 'destinationArn' && member !== 'format')) {
    throw badRequest(
      'Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]',
    );
  }
  if (text === undefined || text === '') throw badRequest('Access Log value must not be empty');
  return { ...stage, accessLogSettings: { ...stage.accessLogSettings, [member]: text } };
}

const PATCH: PatchTable = {
  names: false,
  rules: {
    '/deploymentId': value(REPLACE),
    '/description': value(ANY_OP),
    '/clientCertificateId': value(ANY_OP),
    '/documentationVersion': value(ANY_OP),
    '/tracingEnabled': value(REPLACE, 'boolean'),
    '/variables/{}': entry(),
  },
};

const SETTINGS = [
  'metrics/enabled, ',
  'logging/dataTrace, ',
  'logging/loglevel, ',
  'throttling/burstLimit',
  'throttling/rateLimit',
  'caching/ttlInSeconds, ',
  'caching/enabled, ',
  'caching/dataEncrypted, ',
  'caching/requireAuthorizationForCacheControl, ',
  'caching/unauthorizedCacheControlHeaderStrategy, ',
];
/** As AWS lists them, its missing commas included. */
const PATHS = `[/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, ${SETTINGS.map((setting) => `/{resourcePath}/{httpMethod}/${setting}`).join('')}${SETTINGS.map((setting) => `/*/*/${setting}${setting.endsWith(' ') ? '' : ' '}`).join('')}/variables/{variable_name}, /tracingEnabled]`;

export async function stageOf(
  ctx: Context,
  api: string,
  name: string,
  reader: Reader = ctx.store,
): Promise<StageRow> {
  await apiOf(ctx, api, reader);
  const stage = await rowsOf(ctx).stages.get(reader, [api, name]);
  if (stage === undefined) throw noSuchStage();
  return stage;
}
