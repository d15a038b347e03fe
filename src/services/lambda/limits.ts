import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import { MOST_UNZIPPED_BYTES } from './code.ts';
import { layout } from './layout.ts';
import { notFound, readFunction, targetOf } from './reading.ts';
import { fault } from './reference.ts';

/** AWS's account quota of concurrent executions in a region. */
export const ACCOUNT_CONCURRENCY = 1_000;
/** What reservations must leave to the functions that reserve nothing. */
const LEAST_UNRESERVED = 100;
const CODE_STORAGE_BYTES = 80_530_636_800;
const ZIPPED_BYTES = 52_428_800;

export const limits = {
  async PutFunctionConcurrency(input, ctx) {
    const { reference, rows } = targetOf(ctx, input.FunctionName);
    const { name } = reference;
    const wanted = input.ReservedConcurrentExecutions;
    await ctx.transact(async (tx) => {
      const row = await rows.functions.get(tx, [name]);
      if (row === undefined) throw notFound(reference);
      let others = 0;
      for (const { key, value } of await rows.functions.all(tx, [])) {
        if (key[0] !== name) others += value.reservedConcurrency ?? 0;
      }
      if (ACCOUNT_CONCURRENCY - others - wanted < LEAST_UNRESERVED) {
        throw fault(
          'InvalidParameterValueException',
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`,
        );
      }
      rows.functions.set(tx, [name], { ...row, reservedConcurrency: wanted });
    });
    return { ReservedConcurrentExecutions: wanted };
  },

  async GetFunctionConcurrency(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { reservedConcurrency } = await readFunction(ctx.store, target);
    return { ReservedConcurrentExecutions: reservedConcurrency };
  },

  async DeleteFunctionConcurrency(input, ctx) {
    const { reference, rows } = targetOf(ctx, input.FunctionName);
    await ctx.transact(async (tx) => {
      const row = await rows.functions.get(tx, [reference.name]);
      if (row === undefined) throw notFound(reference);
      rows.functions.set(tx, [reference.name], { ...row, reservedConcurrency: undefined });
    });
    return {};
  },

  async GetAccountSettings(_input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    let used = 0;
    let count = 0;
    let reserved = 0;
    for (const { value } of await rows.functions.all(ctx.store, [])) {
      count++;
      used += value.latest.code.size;
      reserved += value.reservedConcurrency ?? 0;
    }
    for (const { value } of await rows.versions.all(ctx.store, [])) used += value.code.size;
    for (const { value } of await rows.layerVersions.all(ctx.store, [])) used += value.code.size;
    return {
      AccountLimit: {
        TotalCodeSize: CODE_STORAGE_BYTES,
        CodeSizeUnzipped: MOST_UNZIPPED_BYTES,
        CodeSizeZipped: ZIPPED_BYTES,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reserved,
      },
      AccountUsage: { TotalCodeSize: used, FunctionCount: count },
    };
  },
} satisfies Group<LambdaOperations>;
