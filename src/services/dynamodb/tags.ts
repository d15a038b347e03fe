import { parseArn } from '../../base/arn.ts';
import type { DynamodbOperations, Tag } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { lookUpTable, type TableAddress } from './tables-cache.ts';

const MOST_TAGS = 50;
const LIST_PAGE = 10;

export const tags = {
  TagResource: async (input, ctx) => {
    const address = taggedTable(input.ResourceArn);
    if (input.Tags.length === 0) throw invalid('Atleast one Tag needs to be provided as Input.');
    checkTags(input.Tags);
    const number = await tableNumber(ctx, address, input.ResourceArn);
    const { tags: rows } = layout.at(address.account, address.region);
    await ctx.transact(async (tx) => {
      const names = new Set((await rows.all(tx, [number])).map(({ key: [, name] }) => name));
      for (const { Key, Value } of input.Tags) {
        rows.set(tx, [number, Key], Value);
        names.add(Key);
      }
      if (names.size > MOST_TAGS) {
        throw tooMany();
      }
    });
    return {};
  },

  UntagResource: async (input, ctx) => {
    const address = taggedTable(input.ResourceArn);
    if (input.TagKeys.length === 0) throw invalid('Atleast one Tag Key needs to be provided as Input.');
    const number = await tableNumber(ctx, address, input.ResourceArn);
    const { tags: rows } = layout.at(address.account, address.region);
    await ctx.transact(async (tx) => {
      for (const key of input.TagKeys) rows.delete(tx, [number, key]);
    });
    return {};
  },

  ListTagsOfResource: async (input, ctx) => {
    const address = taggedTable(input.ResourceArn);
    const number = await tableNumber(ctx, address, input.ResourceArn);
    const { tags: rows } = layout.at(address.account, address.region);
    const page = await rows.page(ctx.store, [number], {
      limit: LIST_PAGE,
      ...(input.NextToken === undefined ? {} : { after: [number, fromToken(input.NextToken)] }),
    });
    return {
      Tags: page.rows.map(({ key: [, Key], value: Value }) => ({ Key, Value })),
      NextToken: page.next && Buffer.from(page.next[1]).toString('base64url'),
    };
  },
} satisfies Group<DynamodbOperations>;

/** The tags of a table, for the pipeline; its indexes and streams have the table's. */
export async function resourceTags(
  resourceArn: string,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const arn = parseArn(resourceArn);
  const name = /^table\/([^/]+)/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || name === undefined) return undefined;
  const address = { account: arn.account, region: arn.region, name };
  const table = await lookUpTable(ctx, address);
  if (table === undefined) return undefined;
  const rows = await layout.at(arn.account, arn.region).tags.all(ctx.store, [table.row.number]);
  return Object.fromEntries(rows.map(({ key: [, key], value }) => [key, value]));
}

function fromToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}

/** What a tag's key and value may be made of. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function tooMany() {
  return invalid('Number of Tags exceed the current limit for the provided ResourceArn');
}

/** Throws for tags that cannot be. */
export function checkTags(list: readonly Tag[]): void {
  const keys = new Set<string>();
  for (const { Key, Value } of list) {
    if (!TAG_TEXT.test(Key) || !TAG_TEXT.test(Value)) {
      throw invalid(
        'One or more parameter values were invalid: Tag keys and values can only contain letters, numbers, spaces and the characters _ . : / = + - @',
      );
    }
    if (Key.startsWith('aws:')) throw invalid(`Tag Key cannot be prefixed with aws:, Key: ${Key}`);
    if (keys.has(Key)) {
      throw invalid(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${Key}`);
    }
    keys.add(Key);
  }
  if (keys.size > MOST_TAGS) throw tooMany();
}

function taggedTable(resourceArn: string): TableAddress {
  if (!resourceArn.startsWith('arn:')) throw invalid("Invalid TableArn: ARNs must start with 'arn:'");
  const arn = parseArn(resourceArn);
  const name = arn === undefined ? undefined : /^table\/([a-zA-Z0-9_.-]{3,255})$/.exec(arn.resource)?.[1];
  if (arn?.service !== 'dynamodb' || name === undefined) {
    throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${resourceArn}`);
  }
  return { account: arn.account, region: arn.region, name };
}

async function tableNumber(ctx: Context, address: TableAddress, resourceArn: string): Promise<number> {
  const table = await lookUpTable(ctx, address);
  if (table !== undefined) return table.row.number;
  throw fault(
    'ResourceNotFoundException',
    `Requested resource not found: ResourcArn: ${resourceArn} not found`,
  );
}
