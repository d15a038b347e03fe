import type { PoolRow } from './pool.ts';
import type { UserRow } from './user.ts';

/** The second factors, by the name of their challenge. */
export const FACTORS = ['SMS_MFA', 'SOFTWARE_TOKEN_MFA', 'EMAIL_OTP'] as const;
export type Factor = (typeof FACTORS)[number];

/** What a pool offers, as SetUserPoolMfaConfig keeps it. */
export interface PoolFactors {
  readonly software?: boolean;
  readonly smsMessage?: string;
  readonly sms?: boolean;
  readonly email?: { readonly Message?: string | undefined; readonly Subject?: string | undefined };
}

/** A user's second factors. */
export interface UserFactors {
  /** Base32, sealed; proven by a code. */
  readonly sealedSecret?: string;
  /** The last time step whose code was used. */
  readonly lastStep?: number;
  /** Given by AssociateSoftwareToken, sealed, not proven yet. */
  readonly pendingSecret?: string;
  readonly deviceName?: string;
  readonly enabled: readonly Factor[];
  readonly preferred?: Factor;
}

export const NO_FACTORS: UserFactors = { enabled: [] };

/** Whether the pool lets users have this factor at all. */
export function offers(pool: PoolRow, factor: Factor): boolean {
  switch (factor) {
    case 'SOFTWARE_TOKEN_MFA':
      return pool.factors?.software === true;
    case 'SMS_MFA':
      return pool.factors?.sms === true;
    case 'EMAIL_OTP':
      return pool.factors?.email !== undefined;
  }
}

/** Whether the user has what the factor needs. */
export function has(user: UserRow, factor: Factor): boolean {
  switch (factor) {
    case 'SOFTWARE_TOKEN_MFA':
      return user.factors?.sealedSecret !== undefined;
    case 'SMS_MFA':
      return Boolean(user.attributes['phone_number']);
    case 'EMAIL_OTP':
      return Boolean(user.attributes['email']) && user.attributes['email_verified'] === 'true';
  }
}

/**
 * What must follow the password: nothing, a factor, a choice, or, where the pool insists, setting one up. Without a
 * factor of one's own choosing, a pool that insists falls back on messages.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
 */
export function factorsFor(pool: PoolRow, user: UserRow): readonly Factor[] | 'set up' {
  const demand = pool.settings.MfaConfiguration ?? 'OFF';
  if (demand === 'OFF') return [];
  const usable = FACTORS.filter((factor) => offers(pool, factor) && has(user, factor));
  const chosen = usable.filter((factor) => user.factors?.enabled.includes(factor));
  const preferred = chosen.find((factor) => factor === user.factors?.preferred);
  if (preferred !== undefined) return [preferred];
  if (chosen.length > 0) return chosen;
  if (demand === 'OPTIONAL') return [];
  const fallback = usable.filter((factor) => factor !== 'SOFTWARE_TOKEN_MFA');
  return fallback.length > 0 ? fallback : 'set up';
}
