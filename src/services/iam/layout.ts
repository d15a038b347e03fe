import type { FeatureType } from '../../model/gen/iam.ts';
import { keyspace, rows } from '../../store/keyspace.ts';
import type { Transaction } from '../../store/store.ts';

/**
 * IAM is global: an account's rows have no region. Names compare without regard to case, so they are keyed in lower
 * case; what belongs to one user, group or role lies in its row, so that one read tells all its permissions.
 */
export const layout = keyspace('iam', {
  users: rows<[name: string], UserRow>('users'),
  groups: rows<[name: string], GroupRow>('groups'),
  roles: rows<[name: string], RoleRow>('roles'),
  /** Of groups: which users are in one. The user's row names its groups too. */
  members: rows<[group: string, user: string], true>('members'),
  policies: rows<[name: string], PolicyRow>('policies'),
  /** Who has a managed policy (AWS's too), as a policy or as a boundary. */
  attachments: rows<[arn: string, usage: 'policy' | 'boundary', kind: IdentityKind, name: string], true>(
    'attachments',
  ),
  accessKeys: rows<[id: string], AccessKeyRow>('access-keys'),
  keyUses: rows<[id: string], KeyUseRow>('key-uses'),
  /** Only global: unique ids (AIDA…, AROA…) of users and roles; a trust policy keeps whom it named, not the name. */
  uniqueIds: rows<[id: string], UniqueIdRow>('unique-ids'),
  instanceProfiles: rows<[name: string], InstanceProfileRow>('instance-profiles'),
  openIdProviders: rows<[host: string], OpenIdProviderRow>('open-id-providers'),
  samlProviders: rows<[name: string], SamlProviderRow>('saml-providers'),
  virtualMfaDevices: rows<[serial: string], VirtualMfaDeviceRow>('virtual-mfa-devices'),
  serverCertificates: rows<[name: string], ServerCertificateRow>('server-certificates'),
  credentialReport: rows<[], CredentialReportRow>('credential-report'),
  /** What GenerateServiceLastAccessedDetails was asked. */
  lastAccessed: rows<[jobId: string], LastAccessedRow>('last-accessed'),
  root: rows<[], RootRow>('root'),
  /** Only global: what an organization turned on of its members' roots. */
  organizationFeatures: rows<[organization: string], readonly FeatureType[]>('organization-features'),
  /** Whether STS vouches for the account to services outside. */
  outbound: rows<[], OutboundRow>('outbound'),
  /** What GenerateOrganizationsAccessReport was asked. */
  organizationReports: rows<[jobId: string], OrganizationReportRow>('organization-reports'),
  /** At most one. */
  aliases: rows<[alias: string], true>('aliases'),
  passwordPolicy: rows<[], PasswordPolicyRow>('password-policy'),
  /** Only global: changes with every write of any account, so that caches watch one key. */
  changes: rows<[], string>('changes'),
});

/** Every transaction that changes what caches of identities hold says so; `mark` is unlike any before. */
export function announceChange(tx: Transaction, mark: string): void {
  layout.global().changes.set(tx, [], mark);
}

export type IdentityKind = 'user' | 'group' | 'role';

export interface UniqueIdRow {
  readonly account: string;
  readonly kind: 'user' | 'role';
  readonly name: string;
}

export interface Tags {
  readonly [key: string]: string;
}

/** What users, groups and roles have in common. */
export interface IdentityRow {
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** AIDA…, AGPA…, AROA… */
  readonly id: string;
  readonly createdAtMs: number;
  /** Inline policies: name to document. */
  readonly inline: { readonly [name: string]: string };
  /** ARNs of managed policies, in the order they were attached. */
  readonly attached: readonly string[];
}

export interface UserRow extends IdentityRow {
  readonly tags: Tags;
  readonly boundary?: string;
  readonly groups: readonly string[];
  readonly accessKeyIds: readonly string[];
  readonly login?: LoginProfile;
  readonly mfaSerials: readonly string[];
  readonly sshKeys?: readonly SshKeyRow[];
  readonly certificates?: readonly SigningCertificateRow[];
  readonly serviceCredentials?: readonly ServiceCredentialRow[];
}

export interface SshKeyRow {
  /** APKA… */
  readonly id: string;
  /** `ssh-rsa AAAA…` */
  readonly body: string;
  readonly active: boolean;
  readonly uploadedAtMs: number;
}

export interface SigningCertificateRow {
  readonly id: string;
  /** PEM. */
  readonly body: string;
  readonly active: boolean;
  readonly uploadedAtMs: number;
}

export interface ServiceCredentialRow {
  /** ACCA… */
  readonly id: string;
  readonly service: string;
  readonly name: string;
  /** Encrypted under the server's key. */
  readonly sealedPassword: string;
  readonly active: boolean;
  readonly createdAtMs: number;
}

export interface OrganizationReportRow {
  /** `o-…/r-…/ou-…/account`, as deep as was asked. */
  readonly entityPath: string;
  readonly policyId?: string;
  readonly createdAtMs: number;
}

export interface OutboundRow {
  /** In the host of the account's issuer; it stays when the feature is turned off. */
  readonly issuerId: string;
  readonly enabled: boolean;
}

/** What an account's root has besides access keys. */
export interface RootRow {
  /** Set while it may sign in with a password. */
  readonly login?: { readonly createdAtMs: number };
  readonly certificates?: readonly SigningCertificateRow[];
  /** Which tokens the account wants of STS's global endpoint; the second version when absent. */
  readonly globalTokens?: 1 | 2;
}

export interface LoginProfile {
  readonly createdAtMs: number;
  /** scrypt, as `password.ts` writes it. */
  readonly passwordHash: string;
  readonly mustChange: boolean;
}

export type GroupRow = IdentityRow;

export interface RoleRow extends IdentityRow {
  readonly tags: Tags;
  readonly boundary?: string;
  readonly description?: string;
  /** JSON; principals that existed when it was written are named by unique id. */
  readonly trust: string;
  readonly maxSessionSeconds: number;
  /** The service that owns a service-linked role; nobody else changes it. */
  readonly linkedService?: string;
}

export interface PolicyRow {
  readonly name: string;
  readonly path: string;
  /** ANPA… */
  readonly id: string;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly defaultVersion: string;
  /** Newest last. */
  readonly versions: readonly PolicyVersionRow[];
  /** The number of the next version. */
  readonly nextVersion: number;
  readonly tags: Tags;
}

export interface PolicyVersionRow {
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

export interface AccessKeyRow {
  /** Absent: the account's root. */
  readonly userName?: string;
  /** The user's unique id. */
  readonly userId?: string;
  readonly active: boolean;
  /** Encrypted under the server's key. */
  readonly sealedSecret: string;
  readonly createdAtMs: number;
}

export interface KeyUseRow {
  readonly usedAtMs: number;
  readonly service: string;
  readonly region: string;
}

export interface InstanceProfileRow {
  readonly name: string;
  readonly path: string;
  /** AIPA… */
  readonly id: string;
  readonly createdAtMs: number;
  readonly roleName?: string;
  readonly tags: Tags;
}

export interface OpenIdProviderRow {
  /** Without scheme. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly createdAtMs: number;
  readonly tags: Tags;
}

export interface SamlProviderRow {
  readonly name: string;
  readonly metadata: string;
  readonly createdAtMs: number;
  readonly validUntilMs: number;
  readonly tags: Tags;
  readonly uuid: string;
  readonly encryption?: 'Required' | 'Allowed';
  readonly keys?: readonly SamlKeyRow[];
}

/** A private key that opens encrypted assertions. */
export interface SamlKeyRow {
  readonly id: string;
  /** Encrypted under the server's key. */
  readonly sealedKey: string;
  readonly addedAtMs: number;
}

export interface VirtualMfaDeviceRow {
  readonly name: string;
  readonly path: string;
  /** Encrypted under the server's key. */
  readonly sealedSeed: string;
  /** The user it is enabled for. */
  readonly userName?: string;
  readonly enabledAtMs?: number;
  /** The last time step whose code was taken; a code works once. */
  readonly lastStep?: number;
  readonly tags: Tags;
}

export interface PasswordPolicyRow {
  readonly minimumLength: number;
  readonly requireSymbols: boolean;
  readonly requireNumbers: boolean;
  readonly requireUppercase: boolean;
  readonly requireLowercase: boolean;
  readonly allowChange: boolean;
  readonly maxAgeDays?: number;
  readonly reusePrevention?: number;
  readonly hardExpiry?: boolean;
}

export interface ServerCertificateRow {
  readonly name: string;
  readonly path: string;
  /** ASCA… */
  readonly id: string;
  /** PEM. */
  readonly body: string;
  readonly chain?: string;
  /** Encrypted under the server's key. */
  readonly sealedKey: string;
  readonly uploadedAtMs: number;
  readonly expiresAtMs: number;
  readonly tags: Tags;
}

export interface CredentialReportRow {
  readonly generatedAtMs: number;
  /** CSV. */
  readonly content: string;
}

export interface LastAccessedRow {
  readonly arn: string;
  readonly granularity: 'SERVICE_LEVEL' | 'ACTION_LEVEL';
  readonly createdAtMs: number;
}
