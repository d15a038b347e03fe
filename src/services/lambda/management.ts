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
  async GetFunctionCodeSigningConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    await readFunction(ctx.store, target);
    // Code signing cannot be configured, so none is.
    return { CodeSigningConfigArn: '', FunctionName: target.reference.name };
  },

  async GetRuntimeManagementConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await readVersion(ctx.store, target);
    return { UpdateRuntimeOn: 'Auto', FunctionArn: arnOf(target.reference) };
  },

  async PutRuntimeManagementConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    await readVersion(ctx.store, target);
    if (input.UpdateRuntimeOn !== 'Auto') {
      throw fault(
        'InvalidParameterValueException',
        'Functions run in the runtimes of this machine: UpdateRuntimeOn can only be Auto.',
      );
    }
    return { UpdateRuntimeOn: input.UpdateRuntimeOn, FunctionArn: arnOf(target.reference) };
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
