import type { Context } from '../../service/context.ts';
import type { Page, Rows } from '../../store/keyspace.ts';
import type { Reader } from '../../store/store.ts';
import type { TuplePart } from '../../store/tuple.ts';
import type { ApiRow, ResourceRow } from './definition.ts';
import { badRequest, noSuchApi, noSuchResource } from './fault.ts';
import { type ApigatewayRows, layout } from './layout.ts';

export function rowsOf(ctx: Context): ApigatewayRows {
  return layout.at(ctx.account, ctx.region);
}

/** The API a call names, of the caller's account and region. */
export async function apiOf(ctx: Context, id: string, reader: Reader = ctx.store): Promise<ApiRow> {
  const api = await rowsOf(ctx).apis.get(reader, [id]);
  if (api === undefined) throw noSuchApi(ctx.account, id);
  return api;
}

/** The resource a call names; its API need not be looked up for that. */
export async function resourceOf(
  ctx: Context,
  apiId: string,
  resourceId: string,
  reader: Reader = ctx.store,
): Promise<ResourceRow> {
  const resource = await rowsOf(ctx).resources.get(reader, [apiId, resourceId]);
  if (resource === undefined) throw noSuchResource();
  return resource;
}

export interface PageRequest {
  readonly position?: string | undefined;
  readonly limit?: number | undefined;
}

const DEFAULT_LIMIT = 25;
const MOST = 500;

/** One page of a collection as API Gateway gives it: `limit` is 25 unless told, at most 500. */
export async function collection<K extends readonly TuplePart[], V, Item>(
  ctx: Context,
  rows: Rows<K, V>,
  prefix: Parameters<Rows<K, V>['page']>[1],
  request: PageRequest,
  describe: (row: V) => Item,
): Promise<{ items: Item[]; position?: string }> {
  const { limit = DEFAULT_LIMIT, position } = request;
  if (limit < 1 || limit > MOST) {
    throw badRequest(`Invalid limit specified. Limit must be greater than 0 and at most ${MOST}`);
  }
  const page: Page<K, V> = await rows.page(ctx.store, prefix, {
    limit,
    ...(position === undefined ? {} : { after: readPosition<K>(position) }),
  });
  return {
    items: page.rows.map(({ value }) => describe(value)),
    ...(page.next === undefined ? {} : { position: writePosition(page.next) }),
  };
}

function writePosition(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function readPosition<K extends readonly unknown[]>(text: string): K {
  try {
    const key: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.every((part) => typeof part === 'string')) return key as unknown as K;
  } catch {
    // Not ours: refused below.
  }
  throw badRequest('Invalid position parameter specified');
}
