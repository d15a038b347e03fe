import type { Page, PageOptions, Prefix, Rows } from '../../store/keyspace.ts';
import type { Reader } from '../../store/store.ts';
import type { TuplePart } from '../../store/tuple.ts';
import { fault } from './reference.ts';

/** A page of rows for `Marker` and `MaxItems`; the marker is the last key, sealed in base64. */
export async function pageOf<K extends readonly TuplePart[], V>(
  rows: Rows<K, V>,
  reader: Reader,
  prefix: NoInfer<Prefix<K>>,
  asked: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
  most = 50,
): Promise<Page<K, V> & { readonly marker: string | undefined }> {
  const options: PageOptions<K> = { limit: Math.min(asked.MaxItems ?? most, most) };
  const page = await rows.page(
    reader,
    prefix,
    asked.Marker === undefined ? options : { ...options, after: readMarker<K>(asked.Marker) },
  );
  return {
    ...page,
    marker: page.next === undefined ? undefined : Buffer.from(JSON.stringify(page.next)).toString('base64'),
  };
}

function readMarker<K>(marker: string): K {
  try {
    const key: unknown = JSON.parse(Buffer.from(marker, 'base64').toString('utf8'));
    if (Array.isArray(key)) return key as K;
  } catch {
    // Not one of ours.
  }
  throw fault('InvalidParameterValueException', 'Invalid Marker');
}
