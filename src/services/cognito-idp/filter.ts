import { fault } from './fault.ts';
import type { UserRow } from './user.ts';

/** A test of ListUsers, as its `Filter` writes it. */
export type UserFilter = (user: UserRow) => boolean;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html */
const SEARCHABLE = new Set([
  'username',
  'email',
  'phone_number',
  'name',
  'given_name',
  'family_name',
  'preferred_username',
  'cognito:user_status',
  'status',
  'sub',
]);

/**
 * Reads `attribute = "value"` or, for beginnings, `attribute ^= "value"`; a backslash escapes a quotation mark.
 * Status compares without regard to case. Throws InvalidParameterException.
 */
export function parseFilter(text: string | undefined): UserFilter {
  if (text === undefined || text.trim() === '') return () => true;
  const parts = /^\s*"?([A-Za-z_:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(text);
  if (parts === null) throw fault('InvalidParameterException', 'Error while parsing filter.');
  const [, name = '', operator = '=', quoted = ''] = parts;
  if (!SEARCHABLE.has(name)) throw fault('InvalidParameterException', `Invalid search attribute: ${name}`);
  const wanted = quoted.replace(/\\(.)/g, '$1');
  const matches = (value: string | undefined) =>
    value !== undefined && (operator === '=' ? value === wanted : value.startsWith(wanted));
  switch (name) {
    case 'username':
      return (user) => matches(user.username);
    case 'sub':
      return (user) => matches(user.sub);
    case 'status':
      return (user) => matches(user.enabled ? 'Enabled' : 'Disabled');
    case 'cognito:user_status':
      return (user) => user.status.toLowerCase() === wanted.toLowerCase() || matches(user.status);
    default:
      return (user) => matches(user.attributes[name]);
  }
}
