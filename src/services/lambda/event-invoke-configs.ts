import { parseArn } from '../../base/arn.ts';
import type {
  DestinationConfig,
  FunctionEventInvokeConfig,
  LambdaOperations,
} from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { destinationOf } from './destination.ts';
import type { EventInvokeConfigRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault, LATEST, readReference } from './reference.ts';

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

async function requireFunction(reader: Reader, target: Target): Promise<void> {
  try {
    await readVersion(reader, target);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw fault('ResourceNotFoundException', "The function doesn't exist.");
  }
}

/** A function that takes the records must be there, and be another one. */
async function checkDestinations(target: Target, config: DestinationConfig = {}): Promise<void> {
  const { reference, rows, ctx } = target;
  for (const which of ['OnSuccess', 'OnFailure'] as const) {
    const arn = config[which] && destinationOf(config, which);
    if (arn === undefined || parseArn(arn)?.service !== 'lambda') continue;
    const other = readReference(arn, undefined, reference);
    if (other.account !== reference.account || other.region !== reference.region) continue;
    if (other.name === reference.name) {
      throw fault(
        'InvalidParameterValueException',
        "You can't specify the function as a destination for itself.",
      );
    }
    if ((await rows.functions.get(ctx.store, [other.name])) === undefined)
      throw fault('InvalidParameterValueException', `The destination ARN ${arn} is invalid.`);
  }
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
  await requireFunction(ctx.store, target);
  await checkDestinations(target, wanted.DestinationConfig);
  const now = ctx.world.clock.now();
  return ctx.transact(async (tx) => {
    await requireFunction(tx, target);
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
    await requireFunction(ctx.store, target);
    const page = await pageOf(target.rows.eventInvokeConfigs, ctx.store, [target.reference.name], input);
    return {
      FunctionEventInvokeConfigs: page.rows.map(({ key, value }) => describeConfig(target, key[1], value)),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
