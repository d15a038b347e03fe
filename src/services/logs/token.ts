import { fault } from './group.ts';

/** Names as opaque tokens. */
export function sealToken(name: string): string {
  return Buffer.from(name).toString('base64url');
}

export function unsealToken(token: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw invalidToken();
  return Buffer.from(token, 'base64url').toString();
}

export function invalidToken(): Error {
  return fault('InvalidParameterException', 'The specified nextToken is invalid.');
}
