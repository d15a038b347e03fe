import { createHmac, timingSafeEqual } from 'node:crypto';
import type {
  CreateUserPoolClientRequest,
  UpdateUserPoolClientRequest,
  UserPoolClientType,
} from '../../model/gen/cognito-idp.ts';
import { fault } from './fault.ts';

/** What UpdateUserPoolClient replaces whole. */
export type ClientSettings = Omit<UpdateUserPoolClientRequest, 'UserPoolId' | 'ClientId' | 'ClientName'>;

export interface ClientRow {
  readonly id: string;
  readonly poolId: string;
  readonly name: string;
  readonly secret?: string;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  readonly settings: ClientSettings;
}

const SETTINGS = [
  'RefreshTokenValidity',
  'AccessTokenValidity',
  'IdTokenValidity',
  'TokenValidityUnits',
  'ReadAttributes',
  'WriteAttributes',
  'ExplicitAuthFlows',
  'SupportedIdentityProviders',
  'CallbackURLs',
  'LogoutURLs',
  'DefaultRedirectURI',
  'AllowedOAuthFlows',
  'AllowedOAuthScopes',
  'AllowedOAuthFlowsUserPoolClient',
  'AnalyticsConfiguration',
  'PreventUserExistenceErrors',
  'EnableTokenRevocation',
  'EnablePropagateAdditionalUserContextData',
  'AuthSessionValidity',
  'RefreshTokenRotation',
] as const satisfies readonly (keyof ClientSettings & keyof CreateUserPoolClientRequest)[];

export function clientSettingsOf(request: ClientSettings): ClientSettings {
  return Object.fromEntries(
    SETTINGS.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])),
  ) as ClientSettings;
}

const UNIT_SECONDS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
const HOUR = 3_600;
const DAY = 86_400;

export interface Validity {
  readonly accessSeconds: number;
  readonly idSeconds: number;
  readonly refreshSeconds: number;
}

export function validityOf(settings: ClientSettings): Validity {
  const units = settings.TokenValidityUnits ?? {};
  return {
    accessSeconds: (settings.AccessTokenValidity ?? 1) * UNIT_SECONDS[units.AccessToken ?? 'hours'],
    idSeconds: (settings.IdTokenValidity ?? 1) * UNIT_SECONDS[units.IdToken ?? 'hours'],
    // Zero stands for the default, as on AWS.
    refreshSeconds: (settings.RefreshTokenValidity || 30) * UNIT_SECONDS[units.RefreshToken ?? 'days'],
  };
}

/** Throws for validities and flows AWS refuses. */
export function checkClientSettings(settings: ClientSettings): void {
  const { accessSeconds, idSeconds, refreshSeconds } = validityOf(settings);
  for (const [name, seconds] of [
    ['AccessTokenValidity', accessSeconds],
    ['IdTokenValidity', idSeconds],
  ] as const) {
    if (seconds < 300 || seconds > DAY) {
      throw fault(
        'InvalidParameterException',
        `Invalid range for token validity: ${name} is between 5 minutes and 1 day.`,
      );
    }
  }
  if (refreshSeconds < HOUR || refreshSeconds > 3_650 * DAY) {
    throw fault(
      'InvalidParameterException',
      'Invalid range for token validity: RefreshTokenValidity is between 60 minutes and 3650 days.',
    );
  }
  if (refreshSeconds < Math.max(accessSeconds, idSeconds)) {
    throw fault(
      'InvalidParameterException',
      'Refresh token validity should be greater than or equal to access and ID token validity.',
    );
  }
  const flows = settings.ExplicitAuthFlows ?? [];
  if (flows.some((flow) => flow.startsWith('ALLOW_')) && flows.some((flow) => !flow.startsWith('ALLOW_'))) {
    throw fault(
      'InvalidParameterException',
      'ExplicitAuthFlows values with the ALLOW_ prefix and values without it cannot be used together.',
    );
  }
}

/** Without flows named, a client signs in by SRP, refreshes, and takes custom challenges. */
const DEFAULT_FLOWS = ['ALLOW_USER_SRP_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_CUSTOM_AUTH'] as const;

export type Flow = 'USER_SRP' | 'USER_PASSWORD' | 'ADMIN_USER_PASSWORD' | 'CUSTOM' | 'REFRESH_TOKEN';

/** Whether the client lets users sign in this way, by the newer names or the older ones. */
export function allowsFlow(settings: ClientSettings, flow: Flow): boolean {
  const given = settings.ExplicitAuthFlows ?? [];
  if (given.length === 0) return (DEFAULT_FLOWS as readonly string[]).includes(`ALLOW_${flow}_AUTH`);
  if (given.some((name) => name.startsWith('ALLOW_'))) {
    return (given as readonly string[]).includes(`ALLOW_${flow}_AUTH`);
  }
  switch (flow) {
    case 'REFRESH_TOKEN':
      return true;
    case 'USER_SRP':
    case 'CUSTOM':
      return flow === 'CUSTOM' || !given.includes('CUSTOM_AUTH_FLOW_ONLY');
    case 'USER_PASSWORD':
      return given.includes('USER_PASSWORD_AUTH');
    case 'ADMIN_USER_PASSWORD':
      return given.includes('ADMIN_NO_SRP_AUTH');
  }
}

/** Whether `given` is the client's secret; a client without one asks for none. */
export function secretMatches(client: ClientRow, given: string | undefined): boolean {
  if (client.secret === undefined) return true;
  const [right, bytes] = [Buffer.from(client.secret), Buffer.from(given ?? '')];
  return right.length === bytes.length && timingSafeEqual(right, bytes);
}

/** Base64 of HMAC-SHA256(client secret, username + client id). */
export function secretHash(client: ClientRow, username: string): string {
  return createHmac('sha256', client.secret ?? '')
    .update(username + client.id)
    .digest('base64');
}

/** Throws unless a client with a secret got a hash that proves it, over one of the user's names. */
export function checkSecretHash(
  client: ClientRow,
  usernames: readonly string[],
  given: string | undefined,
): void {
  if (client.secret === undefined) return;
  if (given === undefined) {
    throw fault(
      'NotAuthorizedException',
      `Client ${client.id} is configured with secret but SECRET_HASH was not received`,
    );
  }
  const bytes = Buffer.from(given);
  const right = usernames.some((username) => {
    const hash = Buffer.from(secretHash(client, username));
    return hash.length === bytes.length && timingSafeEqual(hash, bytes);
  });
  if (!right) throw fault('NotAuthorizedException', `Unable to verify secret hash for client ${client.id}`);
}

export function describeClient(client: ClientRow): UserPoolClientType {
  return {
    AllowedOAuthFlowsUserPoolClient: false,
    RefreshTokenValidity: 30,
    EnableTokenRevocation: true,
    EnablePropagateAdditionalUserContextData: false,
    AuthSessionValidity: 3,
    ...client.settings,
    UserPoolId: client.poolId,
    ClientId: client.id,
    ClientName: client.name,
    ...(client.secret === undefined ? {} : { ClientSecret: client.secret }),
    CreationDate: new Date(client.createdAtMs),
    LastModifiedDate: new Date(client.modifiedAtMs),
  };
}
