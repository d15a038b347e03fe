import type { FunctionScalingConfig, LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';

function checkScaling({
  MinExecutionEnvironments: least,
  MaxExecutionEnvironments: most,
}: FunctionScalingConfig) {
  if (least === undefined || most === undefined || least <= most) return;
  throw fault(
    'InvalidParameterValueException',
    'MinExecutionEnvironments must be less than or equal to MaxExecutionEnvironments.',
  );
}

/** Throws unless the version is one of a capacity provider. */
async function requireCapacity(reader: Reader, target: Target): Promise<void> {
  const { capacity } = await readVersion(reader, target);
  if (capacity !== undefined) return;
  throw fault(
    'InvalidParameterValueException',
    `${arnOf(target.reference)} has no capacity provider: its scaling cannot be configured.`,
  );
}

function keyOf({ reference }: Target): [string, string] {
  return [reference.name, reference.qualifier ?? ''];
}

/** How many environments a version with a capacity provider is to have: kept, as there are no instances here. */
export const scalingConfigs = {
  async PutFunctionScalingConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const config = input.FunctionScalingConfig;
    if (config !== undefined) checkScaling(config);
    await ctx.transact(async (tx) => {
      await requireCapacity(tx, target);
      if (config === undefined) target.rows.scalings.delete(tx, keyOf(target));
      else target.rows.scalings.set(tx, keyOf(target), config);
    });
    ctx.log('info', `${target.reference.name}: kept, not simulated: FunctionScalingConfig`);
    return { FunctionState: 'Active' as const };
  },

  async GetFunctionScalingConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await requireCapacity(ctx.store, target);
    const config = await target.rows.scalings.get(ctx.store, keyOf(target));
    return {
      FunctionArn: arnOf(target.reference),
      AppliedFunctionScalingConfig: config,
      RequestedFunctionScalingConfig: config,
    };
  },
} satisfies Group<LambdaOperations>;
