import type { Random } from '../../world/world.ts';

/** A pool's password policy, defaults filled in. */
export interface PasswordPolicy {
  readonly MinimumLength: number;
  readonly RequireUppercase: boolean;
  readonly RequireLowercase: boolean;
  readonly RequireNumbers: boolean;
  readonly RequireSymbols: boolean;
  readonly TemporaryPasswordValidityDays: number;
  /** How many earlier passwords may not come back. */
  readonly PasswordHistorySize?: number;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html */
export const DEFAULT_PASSWORD_POLICY: PasswordPolicy = {
  MinimumLength: 8,
  RequireUppercase: true,
  RequireLowercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
  TemporaryPasswordValidityDays: 7,
};

const SYMBOLS = '^$*.[]{}()?-"!@#%&/\\,><\':;|_~`+= ';
const UPPERCASE = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const LOWERCASE = 'abcdefghijkmnopqrstuvwxyz';
const DIGITS = '23456789';
const PLAIN_SYMBOLS = '!@#%&*-+=?';

/** What is wrong with a password in AWS's words, or undefined. */
export function passwordFlaw(password: string, policy: PasswordPolicy): string | undefined {
  if (password.length < policy.MinimumLength) return 'Password not long enough';
  if (policy.RequireUppercase && !/[A-Z]/.test(password)) return 'Password must have uppercase characters';
  if (policy.RequireLowercase && !/[a-z]/.test(password)) return 'Password must have lowercase characters';
  if (policy.RequireNumbers && !/[0-9]/.test(password)) return 'Password must have numeric characters';
  if (policy.RequireSymbols && ![...password].some((character) => SYMBOLS.includes(character))) {
    return 'Password must have symbol characters';
  }
  return undefined;
}

/** A temporary password that satisfies the policy, easy to read out. */
export function temporaryPassword(policy: PasswordPolicy, random: Random): string {
  const start = [UPPERCASE, LOWERCASE, DIGITS, PLAIN_SYMBOLS]
    .map((alphabet) => random.id(1, alphabet))
    .join('');
  const rest = random.id(Math.max(policy.MinimumLength, 8) - start.length, LOWERCASE + DIGITS);
  return start + rest;
}
