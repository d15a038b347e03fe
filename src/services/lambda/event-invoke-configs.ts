import type {
  DestinationConfig,
  FunctionEventInvokeConfig,
  LambdaOperations,
} from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { destinationOf } from './destination.ts';
import type { EventInvokeConfigRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { readFunction, readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault, LATEST } from './reference.ts';

function keyOf({ reference }: Target): [string, string] {
  return [reference.name, reference.qualifier ?? LATEST];
}

function describeConfig(
  { reference }: Target,
  qualifier: string,
  row: EventInvokeConfigRow,
): FunctionEventInvokeConfig {
  return {
    LastModified: new Date(row.lastModifiedMs),
    FunctionArn: arnOf(reference, qualifier),
    MaximumRetryAttempts: row.maximumRetryAttempts,
    MaximumEventAgeInSeconds: row.maximumEventAgeSeconds,
    DestinationConfig: {
      OnSuccess: row.onSuccess === undefined ? {} : { Destination: row.onSuccess },
      OnFailure: row.onFailure === undefined ? {} : { Destination: row.onFailure },
    },
  };
}

interface Wanted {
  readonly MaximumRetryAttempts?: number | undefined;
  readonly MaximumEventAgeInSeconds?: number | undefined;
  readonly DestinationConfig?: DestinationConfig | undefined;
}

async function write(
  ctx: Context,
  target: Target,
  wanted: Wanted,
  keeps: boolean,
): Promise<FunctionEventInvokeConfig> {
  if (
    wanted.MaximumRetryAttempts === undefined &&
    wanted.MaximumEventAgeInSeconds === undefined &&
    wanted.DestinationConfig === undefined
  ) {
    throw fault(
      'InvalidParameterValueException',
      'You must specify at least one of error handling or destination setting.',
    );
  }
  const key = keyOf(target);
  const { eventInvokeConfigs } = target.rows;
  const now = ctx.world.clock.now();
  return ctx.transact(async (tx) => {
    await readVersion(tx, target);
    const existing = await eventInvokeConfigs.get(tx, key);
    if (keeps && existing === undefined) throw noConfig(target);
    const before = keeps ? existing : undefined;
    const { OnSuccess, OnFailure } = wanted.DestinationConfig ?? {};
    const row: EventInvokeConfigRow = {
      maximumRetryAttempts: wanted.MaximumRetryAttempts ?? before?.maximumRetryAttempts,
      maximumEventAgeSeconds: wanted.MaximumEventAgeInSeconds ?? before?.maximumEventAgeSeconds,
      onSuccess:
        OnSuccess === undefined ? before?.onSuccess : destinationOf({ OnSuccess, OnFailure }, 'OnSuccess'),
      onFailure:
        OnFailure === undefined ? before?.onFailure : destinationOf({ OnSuccess, OnFailure }, 'OnFailure'),
      lastModifiedMs: now,
    };
    eventInvokeConfigs.set(tx, key, row);
    return describeConfig(target, key[1], row);
  });
}

function noConfig({ reference }: Target): Error {
  return fault(
    'ResourceNotFoundException',
    `The function ${arnOf(reference, reference.qualifier ?? LATEST)} doesn't have an EventInvokeConfig`,
    { Type: 'User' },
  );
}

export const eventInvokeConfigs = {
  async PutFunctionEventInvokeConfig(input, ctx) {
    return write(ctx, targetOf(ctx, input.FunctionName, input.Qualifier), input, false);
  },

  async UpdateFunctionEventInvokeConfig(input, ctx) {
    return write(ctx, targetOf(ctx, input.FunctionName, input.Qualifier), input, true);
  },

  async GetFunctionEventInvokeConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    const row = await target.rows.eventInvokeConfigs.get(ctx.store, key);
    if (row === undefined) throw noConfig(target);
    return describeConfig(target, key[1], row);
  },

  async DeleteFunctionEventInvokeConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const key = keyOf(target);
    await ctx.transact(async (tx) => {
      if ((await target.rows.eventInvokeConfigs.get(tx, key)) === undefined) throw noConfig(target);
      target.rows.eventInvokeConfigs.delete(tx, key);
    });
    return {};
  },

  async ListFunctionEventInvokeConfigs(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    await readFunction(ctx.store, target);
    const page = await pageOf(target.rows.eventInvokeConfigs, ctx.store, [target.reference.name], input);
    return {
      FunctionEventInvokeConfigs: page.rows.map(({ key, value }) => describeConfig(target, key[1], value)),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
