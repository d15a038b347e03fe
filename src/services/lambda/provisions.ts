import type { GetProvisionedConcurrencyConfigResponse, LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { lambdaTime } from './function.ts';
import { layout, type ProvisionRow } from './layout.ts';
import { pageOf } from './pages.ts';
import { readFunction, readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault, LATEST } from './reference.ts';
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
    { Type: 'User' },
  );
}

export const provisions = {
  async PutProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const requested = input.ProvisionedConcurrentExecutions;
    const row: ProvisionRow = { requested, lastModifiedMs: ctx.world.clock.now() };
    await ctx.transact(async (tx) => {
      const version = await readVersion(tx, target);
      if (version.version === LATEST) {
        throw fault(
          'InvalidParameterValueException',
          'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
        );
      }
      const { reservedConcurrency } = await readFunction(tx, target);
      if (reservedConcurrency !== undefined && requested > reservedConcurrency) {
        throw fault(
          'InvalidParameterValueException',
          'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
        );
      }
      target.rows.provisions.set(tx, keyOf(target), row);
    });
    await provide(target);
    return {
      RequestedProvisionedConcurrentExecutions: requested,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: 'IN_PROGRESS',
      LastModified: lambdaTime(row.lastModifiedMs),
    };
  },

  async GetProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await readVersion(ctx.store, target);
    const row = await target.rows.provisions.get(ctx.store, keyOf(target));
    if (row === undefined) throw missing();
    return describeProvision(target, row);
  },

  async DeleteProvisionedConcurrencyConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await ctx.transact(async (tx) => {
      await readVersion(tx, target);
      if ((await target.rows.provisions.get(tx, keyOf(target))) === undefined) throw missing();
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
