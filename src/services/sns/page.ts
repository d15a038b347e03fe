import { invalid } from './fault.ts';

/** Where the next page begins, as an opaque token. */
export function sealToken(text: string): string {
  return Buffer.from(text).toString('base64url');
}

export function unsealToken(token: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw invalid('NextToken');
  return Buffer.from(token, 'base64url').toString();
}
