import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { FunctionRow } from './layout.ts';
import { notFound, readFunction, readVersion, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';

/** Changes what belongs to a function as a whole. */
async function change(
  ctx: Context,
  functionName: string,
  edit: (row: FunctionRow) => FunctionRow,
): Promise<void> {
  const { reference, rows } = targetOf(ctx, functionName);
  await ctx.transact(async (tx) => {
    const row = await rows.functions.get(tx, [reference.name]);
    if (row === undefined) throw notFound(reference);
    rows.functions.set(tx, [reference.name], edit(row));
  });
}

/** Settings that infrastructure tools read back with every function. */
export const management = {
  async GetRuntimeManagementConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { version } = await readVersion(ctx.store, target);
    const { runtimeManagement } = await readFunction(ctx.store, target);
    const kept = runtimeManagement?.[version];
    return {
      UpdateRuntimeOn: kept?.updateOn ?? 'Auto',
      RuntimeVersionArn: kept?.versionArn,
      FunctionArn: arnOf(target.reference, version),
    };
  },

  async PutRuntimeManagementConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { version } = await readVersion(ctx.store, target);
    const { UpdateRuntimeOn: updateOn, RuntimeVersionArn: versionArn } = input;
    if ((updateOn === 'Manual') !== (versionArn !== undefined)) {
      throw fault(
        'InvalidParameterValueException',
        updateOn === 'Manual'
          ? 'RuntimeVersionArn is required when UpdateRuntimeOn is Manual.'
          : 'RuntimeVersionArn can only be given when UpdateRuntimeOn is Manual.',
      );
    }
    await change(ctx, input.FunctionName, (row) => ({
      ...row,
      runtimeManagement: { ...row.runtimeManagement, [version]: { updateOn, versionArn } },
    }));
    if (updateOn !== 'Auto') {
      const name = target.reference.name;
      ctx.log(
        'info',
        `${name}: UpdateRuntimeOn is kept and not simulated; it runs in this machine's runtime`,
      );
    }
    return {
      UpdateRuntimeOn: updateOn,
      RuntimeVersionArn: versionArn,
      FunctionArn: arnOf(target.reference, version),
    };
  },

  async GetFunctionRecursionConfig(input, ctx) {
    const { recursiveLoop } = await readFunction(ctx.store, targetOf(ctx, input.FunctionName));
    return { RecursiveLoop: recursiveLoop ?? 'Terminate' };
  },

  async PutFunctionRecursionConfig(input, ctx) {
    await change(ctx, input.FunctionName, (row) => ({ ...row, recursiveLoop: input.RecursiveLoop }));
    return { RecursiveLoop: input.RecursiveLoop };
  },
} satisfies Group<LambdaOperations>;
