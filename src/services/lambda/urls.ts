import type { FunctionUrlConfig, LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { lambdaTime } from './function.ts';
import type { UrlRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';
import { URL_PATH } from './url-door.ts';

function describeUrl(ctx: Context, { reference }: Target, qualifier: string, row: UrlRow): FunctionUrlConfig {
  return {
    FunctionUrl: `${ctx.endpoint}${URL_PATH}${row.urlId}/`,
    FunctionArn: arnOf(reference, qualifier === '' ? undefined : qualifier),
    AuthType: row.authType,
    Cors: row.cors,
    CreationTime: lambdaTime(row.createdAtMs),
    LastModifiedTime: lambdaTime(row.lastModifiedMs),
    InvokeMode: row.invokeMode,
  };
}

function keyOf({ reference }: Target): [string, string] {
  return [reference.name, reference.qualifier ?? ''];
}

function missing(): Error {
  return fault('ResourceNotFoundException', 'The resource you requested does not exist.');
}

async function requireFunction(reader: Reader, target: Target): Promise<void> {
  try {
    await readVersion(reader, target);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw fault('ResourceNotFoundException', 'Function does not exist');
  }
}

export const urls = {
  async CreateFunctionUrlConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    const now = ctx.world.clock.now();
    const row: UrlRow = {
      urlId: ctx.world.random.id(32, ALPHANUMERIC_LOWER),
      authType: input.AuthType,
      invokeMode: input.InvokeMode ?? 'BUFFERED',
      cors: input.Cors,
      createdAtMs: now,
      lastModifiedMs: now,
    };
    await ctx.transact(async (tx) => {
      await requireFunction(tx, target);
      if ((await target.rows.urls.get(tx, key)) !== undefined) {
        throw fault(
          'ResourceConflictException',
          `Failed to create function url config for [functionArn = ${arnOf(target.reference)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        );
      }
      target.rows.urls.set(tx, key, row);
      const { account, region } = target.reference;
      await ctx.ports.directory.claim(tx, 'lambda-url', row.urlId, {
        account,
        region,
        detail: key.join(':'),
      });
    });
    return describeUrl(ctx, target, key[1], row);
  },

  async GetFunctionUrlConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    const row = await target.rows.urls.get(ctx.store, key);
    if (row === undefined) throw missing();
    return describeUrl(ctx, target, key[1], row);
  },

  async UpdateFunctionUrlConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    const now = ctx.world.clock.now();
    const row = await ctx.transact(async (tx) => {
      await requireFunction(tx, target);
      const before = await target.rows.urls.get(tx, key);
      if (before === undefined) throw missing();
      const after: UrlRow = {
        ...before,
        authType: input.AuthType ?? before.authType,
        invokeMode: input.InvokeMode ?? before.invokeMode,
        cors: input.Cors ?? before.cors,
        lastModifiedMs: now,
      };
      target.rows.urls.set(tx, key, after);
      return after;
    });
    return describeUrl(ctx, target, key[1], row);
  },

  async DeleteFunctionUrlConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    await ctx.transact(async (tx) => {
      const row = await target.rows.urls.get(tx, key);
      if (row === undefined) throw missing();
      target.rows.urls.delete(tx, key);
      ctx.ports.directory.release(tx, 'lambda-url', row.urlId);
    });
    return {};
  },

  async ListFunctionUrlConfigs(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    await requireFunction(ctx.store, target);
    const page = await pageOf(target.rows.urls, ctx.store, [target.reference.name], input);
    return {
      FunctionUrlConfigs: page.rows.map(({ key, value }) => describeUrl(ctx, target, key[1], value)),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
