import { fault } from './fault.ts';

/** A page token: the key the page ended with. */
export function writeCursor(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The key again; throws InvalidParameterException for a token that no page of this length of key ended with. */
export function readCursor<K extends readonly unknown[]>(token: string, length: K['length']): K {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === length && key.every((part) => typeof part === 'string')) {
      return key as unknown as K;
    }
  } catch {
    // Not ours: refused below.
  }
  throw fault('InvalidParameterException', 'The pagination token is not valid.');
}
