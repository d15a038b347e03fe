import { parseArn } from '../../base/arn.ts';
import type { ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Rows } from '../../store/keyspace.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { TuplePart } from '../../store/tuple.ts';
import { badRequest, notFound } from './fault.ts';
import { rowsOf } from './scope.ts';

export const tags = {
  GetTags: async (input, ctx) => ({
    tags: (await taggable(ctx, input.resourceArn).read(ctx.store)) ?? {},
  }),

  TagResource: async (input, ctx) => {
    const tagged = taggable(ctx, input.resourceArn);
    await ctx.transact(async (tx) => tagged.write(tx, { ...(await tagged.read(tx)), ...input.tags }));
    return {};
  },

  UntagResource: async (input, ctx) => {
    const tagged = taggable(ctx, input.resourceArn);
    await ctx.transact(async (tx) => {
      const kept = Object.entries((await tagged.read(tx)) ?? {}).filter(
        ([name]) => !input.tagKeys.includes(name),
      );
      await tagged.write(tx, Object.fromEntries(kept));
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

type Tags = Readonly<Record<string, string>>;

interface Taggable {
  read(reader: Reader): Promise<Tags | undefined>;
  write(tx: Transaction, tags: Tags): Promise<void>;
}

/** What an ARN names: an API, a stage, a key or a usage plan. */
function taggable(ctx: Context, text: string): Taggable {
  const arn = parseArn(text);
  if (arn?.service !== 'apigateway' || arn.region !== ctx.region || arn.account !== '')
    throw badRequest('Invalid ARN specified in the request');
  const rows = rowsOf(ctx);
  const [, kind, id, part, name, ...rest] = arn.resource.split('/');
  if (id !== undefined && rest.length === 0) {
    if (kind === 'restapis' && part === undefined) return row(rows.apis, [id]);
    if (kind === 'restapis' && part === 'stages' && name !== undefined) return row(rows.stages, [id, name]);
    if (kind === 'apikeys' && part === undefined) return row(rows.apiKeys, [id]);
    if (kind === 'usageplans' && part === undefined) return row(rows.usagePlans, [id]);
  }
  throw notFound('Invalid resource identifier specified');
}

function row<K extends readonly TuplePart[], V extends { readonly tags?: Tags | undefined }>(
  rows: Rows<K, V>,
  key: K,
): Taggable {
  const existing = async (reader: Reader) => {
    const found = await rows.get(reader, key);
    if (found === undefined) throw notFound('Invalid resource identifier specified');
    return found;
  };
  return {
    read: async (reader) => (await existing(reader)).tags,
    write: async (tx, tagged) => rows.set(tx, key, { ...(await existing(tx)), tags: tagged }),
  };
}
