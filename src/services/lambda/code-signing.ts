import { formatArn } from '../../base/arn.ts';
import type {
  CodeSigningConfig,
  GetFunctionCodeSigningConfigResponse,
  LambdaOperations,
} from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { type CodeSigningRow, layout } from './layout.ts';
import { pageOf } from './pages.ts';
import { notFound, readFunction, type Target, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';
import { checkTags } from './tag.ts';

/**
 * Code signing as it is configured, and no more: nothing here checks a signature, which the answers' log lines say.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
 */
const ID_CHARACTERS = 'abcdef0123456789';
const MOST_LISTED = 10_000;

function arnOfConfig({ region, account }: Pick<Context, 'region' | 'account'>, id: string): string {
  return formatArn('lambda', region, account, `code-signing-config:${id}`);
}

function idOf(ctx: Context, arn: string): string {
  const id = arn.slice(arn.lastIndexOf(':') + 1);
  if (arn !== arnOfConfig(ctx, id)) throw missing(arn);
  return id;
}

function missing(arn: string): Error {
  // Of all of Lambda's faults, this one alone has no type.
  const words = `The Lambda code signing configuration ${arn} can not be found.`;
  return fault('ResourceNotFoundException', words, { Type: undefined });
}

function describe(ctx: Context, id: string, row: CodeSigningRow): CodeSigningConfig {
  return {
    CodeSigningConfigId: id,
    CodeSigningConfigArn: arnOfConfig(ctx, id),
    Description: row.description,
    AllowedPublishers: { SigningProfileVersionArns: [...row.publishers] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: row.policy },
    LastModified: new Date(row.lastModifiedMs).toISOString().replace('Z', '+0000'),
  };
}

/** The id of a configuration a function is to have. */
async function findSigning(tx: Transaction, { rows, ctx }: Target, arn: string): Promise<string> {
  const id = arn.slice(arn.lastIndexOf(':') + 1);
  if (arn !== arnOfConfig(ctx, id) || (await rows.codeSigningConfigs.get(tx, [id])) === undefined) {
    throw fault(
      'CodeSigningConfigNotFoundException',
      `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
    );
  }
  return id;
}

/** Notes with a configuration that a function names it; resolves to its id. */
export async function attachSigning(
  tx: Transaction,
  target: Target,
  arn: string | undefined,
): Promise<string | undefined> {
  if (arn === undefined) return undefined;
  const id = await findSigning(tx, target, arn);
  target.rows.signedFunctions.set(tx, [id, target.reference.name], {});
  return id;
}

function noteUnchecked(ctx: Context): void {
  ctx.log('info', 'code signing is kept and not simulated: no signature is checked');
}

export const codeSigning = {
  async CreateCodeSigningConfig(input, ctx) {
    const { codeSigningConfigs } = layout.at(ctx.account, ctx.region);
    const id = `csc-${ctx.world.random.id(17, ID_CHARACTERS)}`;
    const tags = { ...input.Tags };
    checkTags(tags);
    const row: CodeSigningRow = {
      description: input.Description ?? '',
      publishers: input.AllowedPublishers.SigningProfileVersionArns,
      policy: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? 'Warn',
      tags,
      lastModifiedMs: ctx.world.clock.now(),
    };
    await ctx.transact(async (tx) => codeSigningConfigs.set(tx, [id], row));
    noteUnchecked(ctx);
    return { CodeSigningConfig: describe(ctx, id, row) };
  },

  async GetCodeSigningConfig(input, ctx) {
    const { codeSigningConfigs } = layout.at(ctx.account, ctx.region);
    const id = idOf(ctx, input.CodeSigningConfigArn);
    const row = await codeSigningConfigs.get(ctx.store, [id]);
    if (row === undefined) throw missing(input.CodeSigningConfigArn);
    return { CodeSigningConfig: describe(ctx, id, row) };
  },

  async UpdateCodeSigningConfig(input, ctx) {
    const { codeSigningConfigs } = layout.at(ctx.account, ctx.region);
    const id = idOf(ctx, input.CodeSigningConfigArn);
    const now = ctx.world.clock.now();
    const row = await ctx.transact(async (tx) => {
      const before = await codeSigningConfigs.get(tx, [id]);
      if (before === undefined) throw missing(input.CodeSigningConfigArn);
      const after: CodeSigningRow = {
        ...before,
        description: input.Description ?? before.description,
        publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? before.publishers,
        policy: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? before.policy,
        lastModifiedMs: now,
      };
      codeSigningConfigs.set(tx, [id], after);
      return after;
    });
    return { CodeSigningConfig: describe(ctx, id, row) };
  },

  async DeleteCodeSigningConfig(input, ctx) {
    const { codeSigningConfigs, signedFunctions } = layout.at(ctx.account, ctx.region);
    const id = idOf(ctx, input.CodeSigningConfigArn);
    await ctx.transact(async (tx) => {
      if ((await codeSigningConfigs.get(tx, [id])) === undefined) throw missing(input.CodeSigningConfigArn);
      const users = await signedFunctions.page(tx, [id], { limit: 1 });
      if (users.rows.length > 0) {
        throw fault(
          'ResourceConflictException',
          'The code signing configuration cannot be deleted: it is attached to at least one function.',
        );
      }
      codeSigningConfigs.delete(tx, [id]);
    });
    return {};
  },

  async ListCodeSigningConfigs(input, ctx) {
    const { codeSigningConfigs } = layout.at(ctx.account, ctx.region);
    const page = await pageOf(codeSigningConfigs, ctx.store, [], input, MOST_LISTED);
    return {
      CodeSigningConfigs: page.rows.map(({ key, value }) => describe(ctx, key[0], value)),
      NextMarker: page.marker,
    };
  },

  async PutFunctionCodeSigningConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { reference, rows } = target;
    await ctx.transact(async (tx) => {
      const codeSigning = await findSigning(tx, target, input.CodeSigningConfigArn);
      const row = await rows.functions.get(tx, [reference.name]);
      if (row === undefined) throw notFound(reference);
      if (row.codeSigning !== undefined) rows.signedFunctions.delete(tx, [row.codeSigning, reference.name]);
      rows.signedFunctions.set(tx, [codeSigning, reference.name], {});
      rows.functions.set(tx, [reference.name], { ...row, codeSigning });
    });
    noteUnchecked(ctx);
    return { CodeSigningConfigArn: input.CodeSigningConfigArn, FunctionName: reference.name };
  },

  async GetFunctionCodeSigningConfig(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const { codeSigning: id } = await readFunction(ctx.store, target);
    // What AWS answers of a function without one is empty, though the model requires both.
    if (id === undefined) return {} as GetFunctionCodeSigningConfigResponse;
    return { CodeSigningConfigArn: arnOfConfig(target.ctx, id), FunctionName: target.reference.name };
  },

  async DeleteFunctionCodeSigningConfig(input, ctx) {
    const { reference, rows } = targetOf(ctx, input.FunctionName);
    await ctx.transact(async (tx) => {
      const row = await rows.functions.get(tx, [reference.name]);
      if (row === undefined) throw notFound(reference);
      const { codeSigning: id, ...rest } = row;
      if (id === undefined) return;
      rows.signedFunctions.delete(tx, [id, reference.name]);
      rows.functions.set(tx, [reference.name], rest);
    });
    return {};
  },

  async ListFunctionsByCodeSigningConfig(input, ctx) {
    const { codeSigningConfigs, signedFunctions } = layout.at(ctx.account, ctx.region);
    const id = idOf(ctx, input.CodeSigningConfigArn);
    if ((await codeSigningConfigs.get(ctx.store, [id])) === undefined)
      throw missing(input.CodeSigningConfigArn);
    const page = await pageOf(signedFunctions, ctx.store, [id], input, MOST_LISTED);
    return {
      FunctionArns: page.rows.map(({ key }) =>
        arnOf({ account: ctx.account, region: ctx.region, name: key[1], qualifier: undefined }),
      ),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
