import type {
  CognitoIdpOperations,
  EmailMfaSettingsType,
  SetUserPoolMfaConfigResponse,
  SMSMfaSettingsType,
  SoftwareTokenMfaSettingsType,
} from '../../model/gen/cognito-idp.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import {
  openChallenge,
  readSession,
  type SessionChallenge,
  sealSession,
  sessionClient,
} from './challenge.ts';
import { type Factor, has, NO_FACTORS, offers, type PoolFactors, type UserFactors } from './factor.ts';
import { fault } from './fault.ts';
import { getUser } from './membership.ts';
import { updateUser } from './passwords.ts';
import type { PoolRow } from './pool.ts';
import { type ClientScope, clientScope, type PoolScope, poolScope, tokenScope } from './scope.ts';
import { openText, sealText, seedLabel } from './sealed.ts';
import { matchingStep, toBase32 } from './totp.ts';
import type { UserRow } from './user.ts';

/** AWS's software token secrets are 52 letters of base32. */
const SECRET_BYTES = 32;

export const secondFactors = {
  SetUserPoolMfaConfig: async (input, ctx) => {
    if (input.WebAuthnConfiguration !== undefined) {
      throw fault('InvalidParameterException', 'WebAuthnConfiguration is not simulated.');
    }
    const { SmsMfaConfiguration: sms, EmailMfaConfiguration: email } = input;
    const factors: PoolFactors = {
      software: input.SoftwareTokenMfaConfiguration?.Enabled ?? false,
      sms: sms !== undefined,
      ...(sms?.SmsAuthenticationMessage === undefined ? {} : { smsMessage: sms.SmsAuthenticationMessage }),
      ...(email === undefined ? {} : { email }),
    };
    const MfaConfiguration = input.MfaConfiguration ?? 'OFF';
    if (MfaConfiguration !== 'OFF' && !factors.software && !factors.sms && email === undefined) {
      throw fault(
        'InvalidParameterException',
        'Invalid MFA configuration given, can’t turn on MFA and configure an MFA mechanism to be disabled.',
      );
    }
    const modifiedAtMs = ctx.world.clock.now();
    const updated = await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      const SmsConfiguration = sms?.SmsConfiguration ?? pool.settings.SmsConfiguration;
      const next: PoolRow = {
        ...pool,
        factors,
        settings: {
          ...pool.settings,
          MfaConfiguration,
          ...(SmsConfiguration === undefined ? {} : { SmsConfiguration }),
        },
        modifiedAtMs,
      };
      rows.pools.set(tx, [pool.id], next);
      return next;
    });
    return describeFactors(updated);
  },

  GetUserPoolMfaConfig: async (input, ctx) => describeFactors((await poolScope(ctx, input.UserPoolId)).pool),

  AssociateSoftwareToken: async (input, ctx) => {
    const secret = toBase32(ctx.world.random.bytes(SECRET_BYTES));
    if (input.AccessToken !== undefined) {
      const scope = await tokenScope(ctx, input.AccessToken);
      const { username } = scope.user;
      const pendingSecret = sealText(secret, seedLabel(scope, username), ctx);
      await updateUser(scope, username, withFactors({ pendingSecret }));
      return { SecretCode: secret };
    }
    const { scope, session } = await setupSession(ctx, input.Session);
    const next: SessionChallenge = { ...session, ...openChallenge(scope), secret };
    return { SecretCode: secret, Session: await sealSession(scope, next) };
  },

  VerifySoftwareToken: async (input, ctx) => {
    if (input.AccessToken !== undefined) {
      const scope = await tokenScope(ctx, input.AccessToken);
      const { pendingSecret } = scope.user.factors ?? NO_FACTORS;
      const label = seedLabel(scope, scope.user.username);
      const secret = pendingSecret === undefined ? undefined : openText(pendingSecret, label, ctx);
      const used = provenStep(ctx, secret, input.UserCode);
      await updateUser(
        scope,
        scope.user.username,
        withSecret(pendingSecret, used, input.FriendlyDeviceName, false),
      );
      return { Status: 'SUCCESS' as const };
    }
    const { scope, session } = await setupSession(ctx, input.Session);
    const used = provenStep(ctx, session.secret, input.UserCode);
    const sealed = sealText(session.secret ?? '', seedLabel(scope, session.username), ctx);
    await updateUser(scope, session.username, withSecret(sealed, used, input.FriendlyDeviceName, true));
    const { secret: _secret, ...rest } = session;
    return {
      Status: 'SUCCESS' as const,
      Session: await sealSession(scope, { ...rest, ...openChallenge(scope) }),
    };
  },

  SetUserMFAPreference: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    await prefer(scope, scope.user.username, input);
    return {};
  },

  AdminSetUserMFAPreference: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { username } = await getUser(scope, ctx.store, input.Username);
    await prefer(scope, username, input);
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

function describeFactors(pool: PoolRow): SetUserPoolMfaConfigResponse {
  const { software, sms, smsMessage, email } = pool.factors ?? {};
  return {
    MfaConfiguration: pool.settings.MfaConfiguration ?? 'OFF',
    ...(software === undefined ? {} : { SoftwareTokenMfaConfiguration: { Enabled: software } }),
    ...(sms === true
      ? {
          SmsMfaConfiguration: {
            SmsAuthenticationMessage: smsMessage,
            SmsConfiguration: pool.settings.SmsConfiguration,
          },
        }
      : {}),
    ...(email === undefined ? {} : { EmailMfaConfiguration: email }),
  };
}

/** The set-up a Session stands for, and whose it is. */
async function setupSession(
  ctx: Context,
  session: string | undefined,
): Promise<{ readonly scope: ClientScope; readonly session: SessionChallenge }> {
  if (session === undefined) {
    throw fault('InvalidParameterException', 'AccessToken or Session is required.');
  }
  const scope = await clientScope(ctx, sessionClient(session));
  return { scope, session: await readSession(scope, 'MFA_SETUP', session) };
}

function provenStep(ctx: Context, secret: string | undefined, code: string): number {
  if (secret === undefined) {
    throw fault('SoftwareTokenMFANotFoundException', 'Software token MFA has not been associated.');
  }
  const used = matchingStep(secret, code, ctx.world.clock.realNow(), 0);
  if (used === undefined) throw fault('EnableSoftwareTokenMFAException', 'Code mismatch');
  return used;
}

function withFactors(changes: Partial<UserFactors>): (user: UserRow) => UserRow {
  return (user) => ({ ...user, factors: { ...(user.factors ?? NO_FACTORS), ...changes } });
}

function withSecret(
  sealedSecret: string | undefined,
  lastStep: number,
  deviceName: string | undefined,
  enable: boolean,
): (user: UserRow) => UserRow {
  return (user) => {
    const { pendingSecret: _pending, ...factors } = user.factors ?? NO_FACTORS;
    const enabled = new Set<Factor>([
      ...factors.enabled,
      ...(enable ? (['SOFTWARE_TOKEN_MFA'] as const) : []),
    ]);
    return {
      ...user,
      factors: {
        ...factors,
        ...(sealedSecret === undefined ? {} : { sealedSecret }),
        lastStep,
        ...(deviceName === undefined ? {} : { deviceName }),
        enabled: [...enabled],
        ...(enable ? { preferred: 'SOFTWARE_TOKEN_MFA' as const } : {}),
      },
    };
  };
}

interface Preferences {
  readonly SMSMfaSettings?: SMSMfaSettingsType | undefined;
  readonly SoftwareTokenMfaSettings?: SoftwareTokenMfaSettingsType | undefined;
  readonly EmailMfaSettings?: EmailMfaSettingsType | undefined;
  readonly WebAuthnMfaSettings?: unknown;
}

async function prefer(scope: PoolScope, username: string, preferences: Preferences): Promise<void> {
  if (preferences.WebAuthnMfaSettings !== undefined) {
    throw fault('InvalidParameterException', 'WebAuthnMfaSettings is not simulated.');
  }
  const asked = [
    ['SMS_MFA', preferences.SMSMfaSettings],
    ['SOFTWARE_TOKEN_MFA', preferences.SoftwareTokenMfaSettings],
    ['EMAIL_OTP', preferences.EmailMfaSettings],
  ] as const;
  if (asked.filter(([, settings]) => settings?.PreferredMfa === true).length > 1) {
    throw fault('InvalidParameterException', 'Only one MFA type can be preferred.');
  }
  await updateUser(scope, username, (user) => {
    const enabled = new Set(user.factors?.enabled ?? []);
    let preferred = user.factors?.preferred;
    for (const [factor, settings] of asked) {
      if (settings === undefined) continue;
      if (settings.Enabled === true) {
        checkPossible(scope.pool, user, factor);
        enabled.add(factor);
      } else enabled.delete(factor);
      if (settings.PreferredMfa === true && settings.Enabled === true) preferred = factor;
      else if (preferred === factor) preferred = undefined;
    }
    const { preferred: _preferred, ...factors } = user.factors ?? NO_FACTORS;
    return {
      ...user,
      factors: { ...factors, enabled: [...enabled], ...(preferred === undefined ? {} : { preferred }) },
    };
  });
}

function checkPossible(pool: PoolRow, user: UserRow, factor: Factor): void {
  if (!offers(pool, factor)) {
    throw fault('InvalidParameterException', `${factor} is not enabled for the user pool.`);
  }
  if (has(user, factor)) return;
  throw fault(
    'InvalidParameterException',
    factor === 'SOFTWARE_TOKEN_MFA'
      ? 'User has not verified software token mfa'
      : `User does not have delivery config set to turn on ${factor}`,
  );
}
