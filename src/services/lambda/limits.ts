import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import { MOST_UNZIPPED_BYTES, MOST_ZIPPED_BYTES } from './code.ts';
import { ACCOUNT_CONCURRENCY, LEAST_UNRESERVED, provisionedOf, takenConcurrency } from './concurrency.ts';
import { layout } from './layout.ts';
import { notFound, readFunction, targetOf } from './reading.ts';
import { fault, LATEST } from './reference.ts';

const CODE_STORAGE_BYTES = 80_530_636_800;

export const limits = {
  async PutFunctionConcurrency(input, ctx) {
    const { reference, rows } = targetOf(ctx, input.FunctionName);
    const { name, qualifier } = reference;
    if (qualifier !== undefined) {
      throw fault(
        'InvalidParameterValueException',
        'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
      );
    }
    const wanted = input.ReservedConcurrentExecutions;
    await ctx.transact(async (tx) => {
      const row = await rows.functions.get(tx, [name]);
      if (row === undefined) throw notFound({ ...reference, qualifier: LATEST });
      const provisioned = await provisionedOf(tx, rows, name);
      if (wanted < provisioned) {
        throw fault(
          'InvalidParameterValueException',
          ` ReservedConcurrentExecutions  ${wanted} should not be lower than function's total provisioned concurrency [${provisioned}].`,
          { Type: undefined },
        );
      }
      const taken = await takenConcurrency(tx, rows, name);
      if (ACCOUNT_CONCURRENCY - taken - wanted < LEAST_UNRESERVED) {
        throw fault(
          'InvalidParameterValueException',
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`,
          { Type: undefined },
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
    const taken = await takenConcurrency(ctx.store, rows);
    for (const { value } of await rows.functions.all(ctx.store, [])) {
      count++;
      used += value.latest.code.size;
    }
    for (const { value } of await rows.versions.all(ctx.store, [])) used += value.code.size;
    for (const { value } of await rows.layerVersions.all(ctx.store, [])) used += value.code.size;
    return {
      AccountLimit: {
        TotalCodeSize: CODE_STORAGE_BYTES,
        CodeSizeUnzipped: MOST_UNZIPPED_BYTES,
        CodeSizeZipped: MOST_ZIPPED_BYTES,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - taken,
      },
      AccountUsage: { TotalCodeSize: used, FunctionCount: count },
    };
  },
} satisfies Group<LambdaOperations>;
