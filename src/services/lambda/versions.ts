import { isDeepStrictEqual } from 'node:util';
import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { base64OfHex, describe, listed, revised } from './function.ts';
import { holdVersion } from './holding.ts';
import type { FunctionVersion } from './layout.ts';
import { pageOf } from './pages.ts';
import { checkRevision, notFound, readFunction, type Target, targetOf } from './reading.ts';
import { fault } from './reference.ts';

/** What makes two versions differ: publishing `$LATEST` unchanged answers the version there is. */
function substance({
  version: _number,
  revisionId: _revision,
  ranAs: _ranAs,
  lastModifiedMs: _modified,
  latestDescription,
  description,
  ...rest
}: FunctionVersion): unknown {
  return { ...rest, description: latestDescription ?? description };
}

/** Freezes `$LATEST` as the next version. */
export async function publish(
  ctx: Context,
  target: Target,
  options: {
    readonly codeSha256?: string | undefined;
    readonly revisionId?: string | undefined;
    readonly description?: string | undefined;
  },
): Promise<FunctionVersion> {
  const { reference, rows } = target;
  const { name } = reference;
  const revisionId = ctx.world.random.uuid();
  const latestRevisionId = ctx.world.random.uuid();
  return ctx.transact(async (tx) => {
    const row = await rows.functions.get(tx, [name]);
    if (row === undefined) throw notFound(reference);
    checkRevision(options.revisionId, row.latest.revisionId, 'GetFunction/GetAlias');
    if (options.codeSha256 !== undefined && options.codeSha256 !== base64OfHex(row.latest.code.sha256)) {
      throw fault(
        'InvalidParameterValueException',
        `CodeSHA256 (${options.codeSha256}) is different from current CodeSHA256 in $LATEST (${base64OfHex(row.latest.code.sha256)}). Please try again with the CodeSHA256 in $LATEST.`,
      );
    }
    const { rows: newest } = await rows.versions.page(tx, [name], { limit: 1, reverse: true });
    const last = newest[0]?.value;
    if (last !== undefined && isDeepStrictEqual(substance(last), substance(row.latest))) return last;
    const version: FunctionVersion = {
      ...row.latest,
      version: String(row.nextVersion),
      description: options.description ?? row.latest.description,
      latestDescription: row.latest.description,
      revisionId,
    };
    rows.versions.set(tx, [name, row.nextVersion], version);
    const latest = revised(row.latest, latestRevisionId);
    rows.functions.set(tx, [name], { ...row, latest, nextVersion: row.nextVersion + 1 });
    await holdVersion(ctx, tx, version);
    return version;
  });
}

export const versions = {
  async PublishVersion(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const version = await publish(ctx, target, {
      codeSha256: input.CodeSha256,
      revisionId: input.RevisionId,
      description: input.Description,
    });
    return describe(version, target.ctx, { qualifier: version.version });
  },

  async ListVersionsByFunction(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { reference, rows } = target;
    const row = await readFunction(ctx.store, target);
    const page = await pageOf(rows.versions, ctx.store, [reference.name], input);
    const published = page.rows.map(({ value }) => listed(value, target.ctx, true));
    return {
      Versions: input.Marker === undefined ? [listed(row.latest, target.ctx, true), ...published] : published,
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
