import type { GetProvisionedConcurrencyConfigResponse, LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { ACCOUNT_CONCURRENCY, LEAST_UNRESERVED, provisionedOf, takenConcurrency } from './concurrency.ts';
import { lambdaTime } from './function.ts';
import { layout, type ProvisionRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { readAliased, readFunction, type Target, targetOf } from './reading.ts';
import { arnOf, fault, isVersionNumber, LATEST } from './reference.ts';
import { runningOf } from './running.ts';

/** Has the runtimes keep as many environments of what the target names now; none when nothing is provisioned. */
export async function provide(target: Target): Promise<void> {
  const { reference, rows, ctx } = target;
  const row = await rows.provisions.get(ctx.store, [reference.name, reference.qualifier ?? '']);
  await keep(target, row?.requested ?? 0);
}

export async function keep(target: Target, count: number): Promise<void> {
  const { spec } = await runningOf(target.ctx).resolve(target);
  target.ctx.ports.runtimes.keepReady(spec, count);
}

/** The same for all of an account's region, after a start. */
export async function provideAll(ctx: Context): Promise<void> {
  for (const { key } of await layout.at(ctx.account, ctx.region).provisions.all(ctx.store, [])) {
    try {
      await provide(targetOf(ctx, key[0], key[1]));
    } catch (error) {
      if (!Fault.is(error)) throw error;
      ctx.log('warn', `nothing is provisioned for ${key[0]}`, { error: error.message });
    }
  }
}

/** How far the environments are: asked of what runs, as rows only hold the wish. */
async function describeProvision(
  target: Target,
  row: ProvisionRow,
): Promise<GetProvisionedConcurrencyConfigResponse> {
  const { requested } = row;
  const { spec } = await runningOf(target.ctx).resolve(target);
  const { available, failed } = target.ctx.ports.runtimes.kept(spec.functionKey);
  const started = Math.min(available, requested);
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: started,
    AllocatedProvisionedConcurrentExecutions: started,
    Status: started === requested ? 'READY' : failed ? 'FAILED' : 'IN_PROGRESS',
    StatusReason: started < requested && failed ? 'FUNCTION_ERROR_INIT_FAILURE' : undefined,
    LastModified: lambdaTime(row.lastModifiedMs),
  };
}

function keyOf({ reference }: Target): [string, string] {
  return [reference.name, reference.qualifier ?? ''];
}

function missing(): Error {
  return fault(
    'ProvisionedConcurrencyConfigNotFoundException',
    'No Provisioned Concurrency Config found for this function',
  );
}

async function requirePublished(reader: Reader, target: Target): Promise<void> {
  if (target.reference.qualifier === LATEST) {
    throw fault(
      'InvalidParameterValueException',
      'The function resource provided must be an alias or a published version.',
    );
  }
  await readAliased(reader, target);
}

/** A version has what is provisioned of itself, or of one alias that points to it. */
async function checkFree(reader: Reader, target: Target, version: string): Promise<void> {
  const { rows, reference } = target;
  const { name, qualifier = '' } = reference;
  const others = await rows.provisions.all(reader, [name]);
  const holders = new Set(others.map(({ key }) => key[1]).filter((other) => other !== qualifier));
  if (isVersionNumber(qualifier)) {
    for (const { key, value } of await rows.aliases.all(reader, [name])) {
      if (!holders.has(key[1]) || value.version !== version) continue;
      throw fault('ResourceConflictException', 'Version is pointed by a Provisioned Concurrency alias');
    }
  } else if (holders.has(version)) {
    throw fault(
      'ResourceConflictException',
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
}

/** What is wanted comes out of what the function has reserved, or else out of the account's. */
async function checkRoom(reader: Reader, target: Target, requested: number): Promise<void> {
  const { rows, reference } = target;
  const { reservedConcurrency } = await readFunction(reader, target);
  const before = await rows.provisions.get(reader, keyOf(target));
  const others = (await provisionedOf(reader, rows, reference.name)) - (before?.requested ?? 0);
  if (reservedConcurrency !== undefined) {
    if (others + requested <= reservedConcurrency) return;
    throw fault(
      'InvalidParameterValueException',
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    );
  }
  const left = ACCOUNT_CONCURRENCY - (await takenConcurrency(reader, rows, reference.name)) - others;
  if (requested > left) {
    throw fault(
      'InvalidParameterValueException',
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${left}].`,
      { Type: undefined },
    );
  }
  if (left - requested < LEAST_UNRESERVED) {
    throw fault(
      'InvalidParameterValueException',
      `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`,
      { Type: undefined },
    );
  }
}

export const provisions = {
  async PutProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const requested = input.ProvisionedConcurrentExecutions;
    const row: ProvisionRow = { requested, lastModifiedMs: ctx.world.clock.now() };
    await ctx.transact(async (tx) => {
      const { version } = await readAliased(tx, target);
      if (version === LATEST) {
        throw fault(
          'InvalidParameterValueException',
          'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
        );
      }
      await checkFree(tx, target, version);
      await checkRoom(tx, target, requested);
      target.rows.provisions.set(tx, keyOf(target), row);
    });
    await provide(target);
    return {
      RequestedProvisionedConcurrentExecutions: requested,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: 'IN_PROGRESS',
      LastModified: lambdaTime(row.lastModifiedMs),
    };
  },

  async GetProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await requirePublished(ctx.store, target);
    const row = await target.rows.provisions.get(ctx.store, keyOf(target));
    if (row === undefined) throw missing();
    return describeProvision(target, row);
  },

  async DeleteProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await ctx.transact(async (tx) => {
      await requirePublished(tx, target);
      target.rows.provisions.delete(tx, keyOf(target));
    });
    await keep(target, 0);
    return {};
  },

  async ListProvisionedConcurrencyConfigs(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    await readFunction(ctx.store, target);
    const page = await pageOf(target.rows.provisions, ctx.store, [target.reference.name], input);
    return {
      ProvisionedConcurrencyConfigs: await Promise.all(
        page.rows.map(async ({ key, value }) => ({
          FunctionArn: arnOf(target.reference, key[1]),
          ...(await describeProvision(targetOf(ctx, input.FunctionName, key[1]), value)),
        })),
      ),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
