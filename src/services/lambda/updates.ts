import type { FunctionConfiguration, LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { readCapacity } from './capacity-provider.ts';
import { storeCode } from './code.ts';
import { configure, describe, refuseUnsupported, storedOnly } from './function.ts';
import { holdVersion, noteStored, releaseVersion, warmUp } from './holding.ts';
import { storeImage } from './image.ts';
import { readLayers } from './layer-use.ts';
import type { FunctionVersion } from './layout.ts';
import { checkRevision, notFound, readFunction, type Target, targetOf } from './reading.ts';
import { arnOf, fault, functionArn, LATEST } from './reference.ts';
import { assumeRole } from './roles.ts';
import { checkRuntime, noteRuntime } from './runtime.ts';
import { publish } from './versions.ts';

const REVISION_CALLS = 'GetFunction/GetAlias';

/** Replaces `$LATEST`, held blobs included, and keeps its revision honest. */
async function replaceLatest(
  ctx: Context,
  target: Target,
  expectedRevision: string | undefined,
  change: (before: FunctionVersion) => FunctionVersion,
): Promise<FunctionVersion> {
  const { reference, rows } = target;
  const revisionId = ctx.world.random.uuid();
  const lastModifiedMs = ctx.world.clock.now();
  const after = await ctx.transact(async (tx) => {
    const row = await rows.functions.get(tx, [reference.name]);
    if (row === undefined) throw notFound(reference);
    checkRevision(expectedRevision, row.latest.revisionId, REVISION_CALLS);
    const latest = { ...change(row.latest), revisionId, ranAs: undefined, lastModifiedMs };
    await holdVersion(ctx, tx, latest);
    await releaseVersion(ctx, tx, row.latest);
    rows.functions.set(tx, [reference.name], { ...row, latest });
    return latest;
  });
  await ctx.ports.runtimes.evict(arnOf(reference, LATEST));
  warmUp(ctx, after);
  return after;
}

/** An update as it is answered: to be done is another revision. */
function inProgress({ ctx }: Target, latest: FunctionVersion): FunctionConfiguration {
  return describe({ ...latest, revisionId: ctx.world.random.uuid() }, ctx, { progress: 'updating' });
}

export const updates = {
  async UpdateFunctionCode(input, ctx) {
    refuseUnsupported(input as unknown as Readonly<Record<string, unknown>>);
    const target = targetOf(ctx, input.FunctionName);
    const row = await readFunction(ctx.store, target);
    checkRevision(input.RevisionId, row.latest.revisionId, REVISION_CALLS);
    const { image } = row.latest;
    if ((image === undefined) !== (input.ImageUri === undefined)) {
      throw fault(
        'InvalidParameterValueException',
        image === undefined
          ? "Please don't provide ImageUri when updating a function with packageType Zip."
          : 'Please provide ImageUri when updating a function with packageType Image.',
      );
    }
    const made =
      input.ImageUri === undefined
        ? { code: await storeCode(ctx, input) }
        : await storeImage(ctx, input.ImageUri, image);
    const architecture = input.Architectures?.[0];
    noteStored(ctx, target.reference.name, storedOnly({ Architectures: input.Architectures }));
    const change = (before: FunctionVersion): FunctionVersion => ({
      ...before,
      ...made,
      architecture: architecture ?? before.architecture,
    });
    if (input.DryRun === true) return describe(change(row.latest), target.ctx, { progress: 'updating' });
    const latest = await replaceLatest(ctx, target, input.RevisionId, change);
    if (input.Publish !== true) return inProgress(target, latest);
    const version = await publish(ctx, target, {});
    return describe(version, target.ctx, { qualifier: version.version, progress: 'creating' });
  },

  async UpdateFunctionConfiguration(input, ctx) {
    refuseUnsupported(input as unknown as Readonly<Record<string, unknown>>);
    const target = targetOf(ctx, input.FunctionName);
    checkRuntime(input.Runtime);
    await readFunction(ctx.store, target);
    if (input.Role !== undefined)
      await assumeRole(
        ctx,
        input.Role,
        target.reference.name,
        functionArn(target.reference, target.reference.name),
      );
    const found = {
      layers: input.Layers === undefined ? undefined : await readLayers(ctx, input.Layers),
      capacity: await readCapacity(ctx, input.CapacityProviderConfig),
    };
    noteStored(ctx, target.reference.name, storedOnly(input));
    noteRuntime(ctx, target.reference.name, input.Runtime);
    const latest = await replaceLatest(ctx, target, input.RevisionId, (before) =>
      configure(before, input, found, target.ctx),
    );
    return inProgress(target, latest);
  },
} satisfies Group<LambdaOperations>;
