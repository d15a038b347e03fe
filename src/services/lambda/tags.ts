import { parseArn } from '../../base/arn.ts';
import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { readProvider } from './capacity-provider.ts';
import { revised } from './function.ts';
import { layout } from './layout.ts';
import { notFound, readFunction, type Target, targetOf } from './reading.ts';
import { fault } from './reference.ts';
import { checkTags } from './tag.ts';

type Tags = Readonly<Record<string, string>>;

function missing(): Error {
  return fault('ResourceNotFoundException', 'The resource you requested does not exist.');
}

function noMapping(arn: string): Error {
  return fault('ResourceNotFoundException', `Event source mapping not found: ${arn}`);
}

/** The mapping an ARN names; undefined when it names something else, or one that is elsewhere. */
function mappingOf(resource: string, ctx: Context): string | undefined {
  return /^event-source-mapping:([0-9a-f-]+)$/.exec(partHere(resource, ctx))?.[1];
}

/** The code signing configuration an ARN names. */
function signingOf(resource: string, ctx: Context): string | undefined {
  return /^code-signing-config:(csc-[a-z0-9]+)$/.exec(partHere(resource, ctx))?.[1];
}

/** The capacity provider an ARN names. */
function providerOf(resource: string, ctx: Context): string | undefined {
  return /^capacity-provider:([a-zA-Z0-9-_]+)$/.exec(partHere(resource, ctx))?.[1];
}

function partHere(text: string, { account, region }: Context): string {
  const arn = parseArn(text);
  return arn?.account === account && arn.region === region ? arn.resource : '';
}

/** Functions carry the tags, not their versions. */
function functionOf(ctx: Context, resource: string): Target {
  if (!resource.includes(':function:')) throw missing();
  const target = targetOf(ctx, resource);
  if (target.reference.qualifier !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  return target;
}

async function change(ctx: Context, resource: string, edit: (tags: Tags) => Tags): Promise<void> {
  const edited = (before: Tags) => {
    const tags = edit(before);
    checkTags(tags);
    return tags;
  };
  const uuid = mappingOf(resource, ctx);
  if (uuid !== undefined) {
    const { mappings } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const row = await mappings.get(tx, [uuid]);
      if (row === undefined) throw noMapping(resource);
      mappings.set(tx, [uuid], { ...row, tags: edited(row.tags) });
    });
    return;
  }
  const signing = signingOf(resource, ctx);
  if (signing !== undefined) {
    const { codeSigningConfigs } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const row = await codeSigningConfigs.get(tx, [signing]);
      if (row === undefined) throw missing();
      codeSigningConfigs.set(tx, [signing], { ...row, tags: edited(row.tags) });
    });
    return;
  }
  const provider = providerOf(resource, ctx);
  if (provider !== undefined) {
    await ctx.transact(async (tx) => {
      const row = await readProvider(tx, ctx, provider);
      const { capacityProviders } = layout.at(ctx.account, ctx.region);
      capacityProviders.set(tx, [provider], { ...row, tags: edited(row.tags) });
    });
    return;
  }
  const { reference, rows } = functionOf(ctx, resource);
  const revisionId = ctx.world.random.uuid();
  await ctx.transact(async (tx) => {
    const row = await rows.functions.get(tx, [reference.name]);
    if (row === undefined) throw notFound(reference);
    const latest = revised(row.latest, revisionId);
    rows.functions.set(tx, [reference.name], { ...row, latest, tags: edited(row.tags) });
  });
}

/** The tags of a function, for the pipeline; its versions have the function's. */
export async function resourceTags(resourceArn: string, ctx: Context): Promise<Tags | undefined> {
  const arn = parseArn(resourceArn);
  const [kind, name] = arn?.resource.split(':') ?? [];
  if (arn === undefined || name === undefined) return undefined;
  const rows = layout.at(arn.account, arn.region);
  if (kind === 'event-source-mapping') return (await rows.mappings.get(ctx.store, [name]))?.tags;
  if (kind === 'code-signing-config') return (await rows.codeSigningConfigs.get(ctx.store, [name]))?.tags;
  if (kind === 'capacity-provider') return (await rows.capacityProviders.get(ctx.store, [name]))?.tags;
  if (kind !== 'function') return undefined;
  return (await layout.at(arn.account, arn.region).functions.get(ctx.store, [name]))?.tags;
}

export const tags = {
  async ListTags(input, ctx) {
    const uuid = mappingOf(input.Resource, ctx);
    const signing = signingOf(input.Resource, ctx);
    if (signing !== undefined) {
      const row = await layout.at(ctx.account, ctx.region).codeSigningConfigs.get(ctx.store, [signing]);
      if (row === undefined) throw missing();
      return { Tags: row.tags };
    }
    const provider = providerOf(input.Resource, ctx);
    if (provider !== undefined) return { Tags: (await readProvider(ctx.store, ctx, provider)).tags };
    if (uuid === undefined)
      return { Tags: (await readFunction(ctx.store, functionOf(ctx, input.Resource))).tags };
    const row = await layout.at(ctx.account, ctx.region).mappings.get(ctx.store, [uuid]);
    if (row === undefined) throw noMapping(input.Resource);
    return { Tags: row.tags };
  },

  async TagResource(input, ctx) {
    if (Object.keys(input.Tags).length === 0) {
      throw fault('InvalidParameterValueException', 'An error occurred and the request cannot be processed.');
    }
    await change(ctx, input.Resource, (before) => ({ ...before, ...input.Tags }));
    return {};
  },

  async UntagResource(input, ctx) {
    const removed = new Set(input.TagKeys);
    await change(ctx, input.Resource, (before) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !removed.has(name))),
    );
    return {};
  },
} satisfies Group<LambdaOperations>;
