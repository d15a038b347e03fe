import { scrypt, timingSafeEqual } from 'node:crypto';
import { fault } from './fault.ts';
import type { PasswordPolicyRow } from './layout.ts';

/** Console passwords of users. */
const HASH_BYTES = 32;
/** What AWS asks of passwords in an account without a policy of its own. */
const DEFAULT_LENGTH = 8;
const DEFAULT_KINDS = 3;
const SYMBOLS = /[!@#$%^&*()_+\-=[\]{}|']/;

/** `salt:hash`, both base64; slow to guess. */
export async function hashPassword(password: string, salt: Uint8Array): Promise<string> {
  return `${Buffer.from(salt).toString('base64')}:${(await derive(password, salt)).toString('base64')}`;
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split(':');
  const derived = await derive(password, Buffer.from(salt, 'base64'));
  return timingSafeEqual(derived, Buffer.from(hash, 'base64'));
}

/** Throws PasswordPolicyViolation. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html */
export function checkPassword(password: string, policy: PasswordPolicyRow | undefined): void {
  const kinds = [/[A-Z]/, /[a-z]/, /\d/, SYMBOLS].filter((kind) => kind.test(password)).length;
  const least = policy?.minimumLength ?? DEFAULT_LENGTH;
  if (password.length < least) throw violation(`Password should have a minimum length of ${least}`);
  if (policy === undefined) {
    if (kinds < DEFAULT_KINDS)
      throw violation(
        'Password should have at least three of the following: uppercase letters, lowercase letters, numbers, symbols',
      );
    return;
  }
  if (policy.requireUppercase && !/[A-Z]/.test(password))
    throw violation('Password should have at least one uppercase letter');
  if (policy.requireLowercase && !/[a-z]/.test(password))
    throw violation('Password should have at least one lowercase letter');
  if (policy.requireNumbers && !/\d/.test(password))
    throw violation('Password should have at least one number');
  if (policy.requireSymbols && !SYMBOLS.test(password))
    throw violation('Password should have at least one symbol');
}

function violation(message: string) {
  return fault('PasswordPolicyViolation', message);
}

function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
