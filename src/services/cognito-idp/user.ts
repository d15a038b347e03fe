import type { UserStatusType, UserType } from '../../model/gen/cognito-idp.ts';
import { type Attributes, attributeList } from './attribute.ts';
import type { Code } from './code.ts';
import type { UserFactors } from './factor.ts';
import type { Failures } from './lockout.ts';
import { normalName, type PoolRow } from './pool.ts';
import type { Verifier } from './srp.ts';

export interface UserRow {
  readonly username: string;
  readonly sub: string;
  readonly attributes: Attributes;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  readonly enabled: boolean;
  readonly status: UserStatusType;
  readonly password?: Verifier;
  /** A temporary password's end, virtual milliseconds. */
  readonly passwordExpiresAtMs?: number;
  /** Earlier passwords, newest first, as many as the policy remembers. */
  readonly earlierPasswords?: readonly Verifier[];
  readonly failures?: Failures;
  readonly factors?: UserFactors;
  readonly confirmation?: Code & { readonly attribute: string };
  readonly reset?: Code & { readonly attribute: string };
  /** By attribute: the code that proves it, and the value it stands for when that is not written yet. */
  readonly verifications?: Readonly<Record<string, Code & { readonly value?: string }>>;
}

export interface GroupRow {
  readonly name: string;
  readonly description?: string;
  readonly roleArn?: string;
  readonly precedence?: number;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

export interface SessionRow {
  readonly clientId: string;
  /** The hashes of its refresh tokens: the one that works first, then those that rotation replaced. */
  readonly refreshTokens: readonly string[];
  readonly expiresAtMs: number;
  /** Of a sign-in over OAuth. */
  readonly scopes?: readonly string[];
}

/** What names a user besides the username, as `aliases` rows: `[attribute, value]`. */
export function aliasesOf(pool: PoolRow, user: UserRow): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  if (user.sub !== user.username) found.push(['sub', user.sub]);
  for (const attribute of pool.usernameAttributes) {
    const value = user.attributes[attribute];
    if (value) found.push([attribute, normalName(pool, value)]);
  }
  for (const attribute of pool.aliasAttributes) {
    const value = user.attributes[attribute];
    const proven = attribute === 'preferred_username' || user.attributes[`${attribute}_verified`] === 'true';
    if (value && proven && user.status !== 'UNCONFIRMED') found.push([attribute, normalName(pool, value)]);
  }
  return found;
}

/** A user's second factors as GetUser and AdminGetUser show them. */
export function describeUserFactors({ factors }: UserRow) {
  return {
    ...(factors === undefined || factors.enabled.length === 0 ? {} : { UserMFASettingList: factors.enabled }),
    ...(factors?.preferred === undefined ? {} : { PreferredMfaSetting: factors.preferred }),
  };
}

/** A user as ListUsers and AdminCreateUser show it. */
export function describeUser(user: UserRow): UserType {
  return {
    Username: user.username,
    Attributes: attributeList(user.sub, user.attributes),
    UserCreateDate: new Date(user.createdAtMs),
    UserLastModifiedDate: new Date(user.modifiedAtMs),
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}

/** `j***@e***` for an address, `+*******1234` for a number. */
export function masked(value: string): string {
  const at = value.indexOf('@');
  if (at > 0) return `${value.slice(0, 1)}***@${value.slice(at + 1, at + 2)}***`;
  return `+${'*'.repeat(Math.max(0, value.length - 5))}${value.slice(-4)}`;
}
