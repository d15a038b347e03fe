import { validationError } from '../fault.ts';
import { templateError } from '../template/template.ts';
import { knownResources } from './forward.ts';
import type { Plan } from './plan.ts';
import type { Run } from './run.ts';

/**
 * Writes a finished stack's outputs, exports and imports. Checks everything before it writes anything: on a fault
 * the transaction goes on.
 */
export async function settleOutputs(run: Run, plan: Plan): Promise<void> {
  const { rows, tx, stack } = run;
  const known = knownResources(run);
  const outputs = plan.outputs(known);
  const imports = plan.imports(known);
  const exported = new Map(
    outputs.flatMap(({ exportName, value }) =>
      exportName === undefined ? [] : [[exportName, value] as const],
    ),
  );
  for (const [name, value] of exported) {
    const owner = await rows.exports.get(tx, [name]);
    if (owner !== undefined && owner.stack !== stack.uuid) {
      const other = await rows.stacks.get(tx, [owner.stack]);
      throw validationError(
        `Export with name ${name} is already exported by stack ${other?.name ?? owner.stack}`,
      );
    }
    if (owner !== undefined && owner.value !== value) await refuseWhenImported(run, name, 'updated');
  }
  const dropped = stack.outputs.flatMap(({ exportName }) =>
    exportName === undefined || exported.has(exportName) ? [] : [exportName],
  );
  for (const name of dropped) await refuseWhenImported(run, name, 'deleted');
  for (const name of imports) {
    if ((await rows.exports.get(tx, [name])) === undefined)
      throw templateError(`No export named ${name} found.`);
  }

  for (const [name, value] of exported) rows.exports.set(tx, [name], { stack: stack.uuid, value });
  for (const name of dropped) rows.exports.delete(tx, [name]);
  await dropImports(run);
  for (const name of imports) rows.imports.set(tx, [name, stack.uuid], { stackName: stack.name });
  run.setStack({ ...run.stack, outputs });
}

/** Takes a deleted stack's exports and imports away, or says which stack still needs one. */
export async function dropOutputs(run: Run): Promise<void> {
  const exported = run.stack.outputs.flatMap(({ exportName }) => exportName ?? []);
  for (const name of exported) await refuseWhenImported(run, name, 'deleted');
  for (const name of exported) run.rows.exports.delete(run.tx, [name]);
  await dropImports(run);
}

async function dropImports(run: Run): Promise<void> {
  for (const { key } of await run.rows.imports.all(run.tx, [])) {
    if (key[1] === run.stack.uuid) run.rows.imports.delete(run.tx, key);
  }
}

async function refuseWhenImported(run: Run, name: string, what: 'updated' | 'deleted'): Promise<void> {
  const [user] = (await run.rows.imports.page(run.tx, [name], { limit: 1 })).rows;
  if (user === undefined) return;
  throw validationError(`Export ${name} cannot be ${what} as it is in use by ${user.value.stackName}`);
}
