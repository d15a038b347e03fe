import type { Row, Rows } from '../../store/keyspace.ts';
import type { Reader } from '../../store/store.ts';
import type { TuplePart } from '../../store/tuple.ts';
import { fault } from './fault.ts';

const MOST = 50;

export interface Asked {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** A page of the rows of a namespace that fit; the token is the last key, sealed in base64. */
export async function pageOf<K extends readonly [string, ...TuplePart[]], V>(
  rows: Rows<K, V>,
  reader: Reader,
  prefix: Parameters<Rows<K, V>['page']>[1],
  { MaxResults = MOST, NextToken }: Asked,
  fits: (row: Row<K, V>) => boolean,
  reverse = false,
): Promise<{ readonly rows: readonly Row<K, V>[]; readonly token: string | undefined }> {
  const limit = Math.min(Math.max(1, MaxResults), MOST);
  const found: Row<K, V>[] = [];
  let after = NextToken === undefined ? undefined : readToken<K>(NextToken);
  do {
    const page = await rows.page(reader, prefix, { reverse, ...(after === undefined ? {} : { after }) });
    for (const row of page.rows) {
      if (!fits(row)) continue;
      const last = found.at(-1);
      if (found.length === limit && last !== undefined) return { rows: found, token: printToken(last.key) };
      found.push(row);
    }
    after = page.next;
  } while (after !== undefined);
  return { rows: found, token: undefined };
}

/** Whether a row of something that hangs on a target is asked for. */
export function asked(
  names: readonly string[] | undefined,
  of: { readonly ResourceId?: string | undefined; readonly ScalableDimension?: string | undefined },
): (row: { readonly key: readonly [string, string, string, string] }) => boolean {
  return ({ key: [, resource, dimension, name] }) =>
    (names === undefined || names.includes(name)) &&
    (of.ResourceId === undefined || of.ResourceId === resource) &&
    (of.ScalableDimension === undefined || of.ScalableDimension === dimension);
}

function printToken(key: readonly TuplePart[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64');
}

function readToken<K>(token: string): K {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    if (Array.isArray(key)) return key as K;
  } catch {
    // Not one of ours.
  }
  throw fault('InvalidNextTokenException', 'The next token supplied was invalid');
}
