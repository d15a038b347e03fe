import type {
  CreateUserPoolRequest,
  SchemaAttributeType,
  UpdateUserPoolRequest,
  UserPoolType,
} from '../../model/gen/cognito-idp.ts';
import { schemaOf } from './attribute.ts';
import type { PoolFactors } from './factor.ts';
import { DEFAULT_PASSWORD_POLICY, type PasswordPolicy } from './password.ts';

/** What UpdateUserPool replaces whole. */
export type PoolSettings = Omit<UpdateUserPoolRequest, 'UserPoolId' | 'PoolName' | 'UserPoolTags'>;

export interface PoolRow {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  readonly settings: PoolSettings;
  /** What the caller declared; the standard attributes are not repeated. Custom names carry their prefix. */
  readonly declaredSchema: readonly SchemaAttributeType[];
  readonly aliasAttributes: readonly string[];
  readonly usernameAttributes: readonly string[];
  /** Absent when the pool was created without UsernameConfiguration: then names are told apart by case. */
  readonly caseSensitive?: boolean;
  /** The second factors it offers. */
  readonly factors?: PoolFactors;
  readonly tags: Readonly<Record<string, string>>;
  readonly domain?: string;
  readonly customDomain?: string;
}

export interface DomainRow {
  readonly poolId: string;
  readonly certificateArn?: string;
  readonly managedLoginVersion: number;
}

type Named<Name extends keyof CreateUserPoolRequest> = Name;
const SETTINGS = [
  'Policies',
  'DeletionProtection',
  'LambdaConfig',
  'AutoVerifiedAttributes',
  'SmsVerificationMessage',
  'EmailVerificationMessage',
  'EmailVerificationSubject',
  'VerificationMessageTemplate',
  'SmsAuthenticationMessage',
  'UserAttributeUpdateSettings',
  'MfaConfiguration',
  'DeviceConfiguration',
  'EmailConfiguration',
  'SmsConfiguration',
  'AdminCreateUserConfig',
  'UserPoolAddOns',
  'AccountRecoverySetting',
  'UserPoolTier',
] as const satisfies readonly Named<keyof CreateUserPoolRequest & keyof PoolSettings>[];

/** The settings a create or update request names, and nothing else of it. */
export function settingsOf(request: PoolSettings): PoolSettings {
  return Object.fromEntries(
    SETTINGS.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])),
  ) as PoolSettings;
}

export function passwordPolicy(pool: PoolRow): PasswordPolicy {
  const given = pool.settings.Policies?.PasswordPolicy;
  if (given === undefined) return DEFAULT_PASSWORD_POLICY;
  return {
    MinimumLength: given.MinimumLength ?? 6,
    RequireUppercase: given.RequireUppercase ?? false,
    RequireLowercase: given.RequireLowercase ?? false,
    RequireNumbers: given.RequireNumbers ?? false,
    RequireSymbols: given.RequireSymbols ?? false,
    TemporaryPasswordValidityDays:
      given.TemporaryPasswordValidityDays ??
      pool.settings.AdminCreateUserConfig?.UnusedAccountValidityDays ??
      DEFAULT_PASSWORD_POLICY.TemporaryPasswordValidityDays,
    ...(given.PasswordHistorySize === undefined ? {} : { PasswordHistorySize: given.PasswordHistorySize }),
  };
}

/** A name as it is stored and compared. */
export function normalName(pool: PoolRow, name: string): string {
  return pool.caseSensitive === false ? name.toLowerCase() : name;
}

/** Tokens name this issuer, as AWS's do, whatever address the pool is reached at. */
export function issuerOf(poolId: string): string {
  return `https://cognito-idp.${regionOf(poolId)}.amazonaws.com/${poolId}`;
}

/** The pool an issuer names, if it is one of ours. */
export function poolOfIssuer(issuer: string): string | undefined {
  const poolId = /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/([\w-]+_[0-9a-zA-Z]+)$/.exec(
    issuer,
  )?.[1];
  return poolId !== undefined && issuerOf(poolId) === issuer ? poolId : undefined;
}

export function regionOf(poolId: string): string {
  return poolId.slice(0, poolId.indexOf('_'));
}

/** A pool as DescribeUserPool shows it. */
export function describePool(pool: PoolRow, userCount: number): UserPoolType {
  const { settings } = pool;
  const template = settings.VerificationMessageTemplate;
  const emailMessage = settings.EmailVerificationMessage ?? template?.EmailMessage;
  const emailSubject = settings.EmailVerificationSubject ?? template?.EmailSubject;
  const smsMessage = settings.SmsVerificationMessage ?? template?.SmsMessage;
  return {
    ...settings,
    Id: pool.id,
    Name: pool.name,
    Arn: pool.arn,
    Policies: {
      PasswordPolicy: passwordPolicy(pool),
      SignInPolicy: settings.Policies?.SignInPolicy ?? { AllowedFirstAuthFactors: ['PASSWORD'] },
    },
    DeletionProtection: settings.DeletionProtection ?? 'INACTIVE',
    LambdaConfig: settings.LambdaConfig ?? {},
    CreationDate: new Date(pool.createdAtMs),
    LastModifiedDate: new Date(pool.modifiedAtMs),
    SchemaAttributes: schemaOf(pool.declaredSchema),
    ...(pool.aliasAttributes.length === 0
      ? {}
      : { AliasAttributes: pool.aliasAttributes as NonNullable<UserPoolType['AliasAttributes']> }),
    ...(pool.usernameAttributes.length === 0
      ? {}
      : { UsernameAttributes: pool.usernameAttributes as NonNullable<UserPoolType['UsernameAttributes']> }),
    ...(pool.caseSensitive === undefined
      ? {}
      : { UsernameConfiguration: { CaseSensitive: pool.caseSensitive } }),
    EmailVerificationMessage: emailMessage,
    EmailVerificationSubject: emailSubject,
    SmsVerificationMessage: smsMessage,
    VerificationMessageTemplate: {
      SmsMessage: smsMessage,
      EmailMessage: emailMessage,
      EmailSubject: emailSubject,
      EmailMessageByLink: template?.EmailMessageByLink,
      EmailSubjectByLink: template?.EmailSubjectByLink,
      DefaultEmailOption: template?.DefaultEmailOption ?? 'CONFIRM_WITH_CODE',
    },
    MfaConfiguration: settings.MfaConfiguration ?? 'OFF',
    EstimatedNumberOfUsers: userCount,
    EmailConfiguration: settings.EmailConfiguration ?? { EmailSendingAccount: 'COGNITO_DEFAULT' },
    UserPoolTags: pool.tags,
    AdminCreateUserConfig: {
      AllowAdminCreateUserOnly: false,
      UnusedAccountValidityDays: passwordPolicy(pool).TemporaryPasswordValidityDays,
      ...settings.AdminCreateUserConfig,
    },
    UserPoolTier: settings.UserPoolTier ?? 'ESSENTIALS',
    ...(pool.domain === undefined ? {} : { Domain: pool.domain }),
    ...(pool.customDomain === undefined ? {} : { CustomDomain: pool.customDomain }),
  };
}
