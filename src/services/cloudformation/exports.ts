import type { CloudformationOperations } from '../../model/gen/cloudformation.ts';
import type { Group } from '../../service/service.ts';
import { validationError } from './fault.ts';
import { layout } from './layout.ts';
import { stackArn } from './stack.ts';

export const exports = {
  async ListExports(_input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const all = await rows.exports.all(ctx.store, []);
    const owners = await Promise.all(all.map(({ value }) => rows.stacks.get(ctx.store, [value.stack])));
    return {
      Exports: all.map(({ key: [Name], value }, index) => ({
        Name,
        Value: value.value,
        ExportingStackId: stackArn(ctx.account, ctx.region, owners[index]?.name ?? '', value.stack),
      })),
    };
  },

  async ListImports({ ExportName }, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const users = await rows.imports.all(ctx.store, [ExportName]);
    if (users.length === 0) {
      const known = await rows.exports.get(ctx.store, [ExportName]);
      throw validationError(
        known === undefined
          ? `Export '${ExportName}' does not exist.`
          : `Export '${ExportName}' is not imported by any stack.`,
      );
    }
    return { Imports: users.map(({ value }) => value.stackName) };
  },
} satisfies Group<CloudformationOperations>;
