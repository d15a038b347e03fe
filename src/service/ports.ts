import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LintedIdentity } from '../policy/lint.ts';
import type { ContextValues, PolicyPrincipal } from '../policy/request.ts';
import type { Reader, Transaction } from '../store/store.ts';
import type { ActionDecision, AuditPort } from './audit.ts';
import type { Context } from './context.ts';
import type { OrganizationsPort } from './organizations.ts';
import type {
  FederatedUserPrincipal,
  Principal,
  RolePrincipal,
  RootPrincipal,
  UserPrincipal,
} from './principal.ts';
import type { Runtimes } from './runtimes.ts';
import type { ActionRequest } from './service.ts';

/**
 * What the pipeline and services need of each other without importing each other. The composition root fills each
 * port with the service that implements it (`services/iam/port.ts` and so on).
 */
export interface Ports {
  readonly identity: IdentityPort;
  readonly access: AccessPort;
  readonly audit: AuditPort;
  readonly organizations: OrganizationsPort;
  readonly directory: DirectoryPort;
  readonly inbox: InboxPort;
  readonly tokens: TokenPort;
  readonly capacity: CapacityPort;
  readonly runtimes: Runtimes;
}

/** The gateway's own checks, for front doors: no step of the pipeline has checked their requests. */
export interface AccessPort {
  /**
   * Who signed a request (Signature Version 4, header or query) for `service`; undefined when nobody did. Throws the
   * refusal as a {@link Fault}: an unknown key, an expired token, a signature that does not fit or is for another
   * `region`.
   */
  signer(
    request: SignedHttpRequest,
    service: string,
    region?: string,
  ): Promise<{ readonly principal: Principal; readonly accessKeyId: string } | undefined>;
  /**
   * Whether the policies of `ctx.principal` and the resource's own let it do one action. The decision is recorded; a
   * denial is logged with the statement that is missing, and in audit mode it is allowed all the same.
   */
  decide(
    request: ActionRequest,
    ctx: Context,
    resourcePolicy?: string,
    trust?: TrustQuestion,
  ): Promise<AccessDecision>;
}

/** Makes the policy a role's trust policy: it must itself allow. */
export interface TrustQuestion {
  /** Who asks, where a provider vouches for them and not a signature. */
  readonly caller?: PolicyPrincipal;
}

export interface SignedHttpRequest {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly outcome: 'allowed' | 'explicit-deny' | 'implicit-deny';
  /** AWS's words for a denial. */
  readonly message: string;
}

/** A key's secret and whom it stands for. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principal: Principal;
  /** Virtual time after which it no longer works. */
  readonly expiresAtMs?: number;
}

export type CredentialLookup =
  | { readonly kind: 'found'; readonly credential: Credential }
  /** No such key, an inactive one, a session token that is missing, wrong or expired: each has its own AWS error. */
  | { readonly kind: 'unknown' | 'inactive' | 'bad-token' | 'expired' };

/** The policies that bound a principal, JSON text each. */
export interface PrincipalPolicies {
  readonly identity: readonly AttachedPolicy[];
  readonly boundary?: AttachedPolicy;
  /** Context keys the principal brings: `aws:PrincipalTag/…` and the like. */
  readonly context: ContextValues;
}

export interface AttachedPolicy {
  /** Policy ARN, or `inline:<name>`. */
  readonly id: string;
  readonly document: string;
}

/** IAM and STS, as the pipeline and service roles need them. Answers are cached and follow changes at once. */
export interface IdentityPort {
  credential(accessKeyId: string, sessionToken: string | undefined): MaybePromise<CredentialLookup>;
  policies(principal: Principal): MaybePromise<PrincipalPolicies>;
  /** Session credentials of a role for a service that acts under it (a function's execution role); checks the trust policy. */
  assumeForService(request: {
    readonly roleArn: string;
    readonly service: string;
    readonly sessionName: string;
    /** The resource the service acts for: `aws:SourceArn`; its account, or the role's, is `aws:SourceAccount`. */
    readonly sourceArn?: string;
    readonly durationSeconds?: number;
    /** Takes a denial, for the record of the call on whose behalf it was. */
    readonly note?: (decision: ActionDecision) => void;
  }): Promise<SessionCredentials>;
  /** Issues temporary credentials; whether the caller may have them is STS's to decide before. */
  issueSession(request: NewSession): Promise<IssuedSession>;
  /** The role of an ARN, whichever account it is in. */
  role(roleArn: string): Promise<RoleFacts | undefined>;
  /** The text of a managed policy, of AWS or of `account`. */
  managedPolicy(arn: string, account: string): Promise<string | undefined>;
  /**
   * A resource's policy as it is to be kept: users and roles it names stand by their unique ids, so that another of
   * the name, made later, is not meant. Throws `MalformedPolicy` for one of `account` that is not there.
   */
  boundPrincipals(document: string, account: string): Promise<string>;
  /** Such a policy as it is shown: by name whoever still exists. */
  namedPrincipals(document: string): Promise<string>;
  /** The keys (PEM) that open what a SAML provider encrypts for us. */
  samlPrivateKeys(providerArn: string): Promise<readonly string[]>;
  /** The account an access key id of ours belongs to, whether or not the key still exists. */
  accountOfKey(accessKeyId: string): string | undefined;
  /** A new long-lived key of `account`, its secret sealed as its row keeps it. */
  newAccessKey(account: string): NewAccessKey;
  /** Whether `code` is the current one of the user's MFA device; a code works once. */
  verifyMfa(principal: Principal, serialNumber: string, code: string): Promise<boolean>;
  /** Encrypts a secret under the server's key for its row; `label` must be the same to open it. */
  sealSecret(secret: Uint8Array, label: string): string;
  openSecret(sealed: string, label: string): Uint8Array | undefined;
  /** Everybody of an account, root first, for reports about permissions; reads all of it. */
  inventory(account: string): Promise<readonly IdentityFacts[]>;
  /** Notes for GetAccessKeyLastUsed that a key was used; written at most once a quarter of an hour. */
  keyUsed(accessKeyId: string, service: string, region: string): void;
}

/** An identity as reports look at it. */
export type IdentityFacts = Omit<LintedIdentity, 'activity'>;

export interface NewSession {
  /** Its `sessionPolicies` are the inline ones. */
  readonly principal: RootPrincipal | UserPrincipal | RolePrincipal | FederatedUserPrincipal;
  /** Managed policies that bound the session too, read anew when they change. */
  readonly policyArns?: readonly string[];
  /** Virtual time. */
  readonly expiresAtMs: number;
}

export interface IssuedSession {
  readonly credentials: SessionCredentials;
  /** How much of the space for session policies and tags is taken, in percent; over 100 is too much. */
  readonly packedPolicyPercent: number;
}

export interface RoleFacts {
  readonly account: string;
  readonly roleName: string;
  /** AROA… */
  readonly roleId: string;
  readonly roleArn: string;
  /** JSON text; principals that exist are named by their unique ids. */
  readonly trustPolicy: string;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewAccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sealedSecret: string;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly principal: Principal;
}

/** Maps names that carry no account (client ids, bucket names, API ids) to their owner, across the whole cloud. */
export interface DirectoryPort {
  lookup(reader: Reader, kind: string, name: string): Promise<DirectoryEntry | undefined>;
  /** False when the name is taken by somebody else. */
  claim(tx: Transaction, kind: string, name: string, entry: DirectoryEntry): Promise<boolean>;
  release(tx: Transaction, kind: string, name: string): void;
}

export interface DirectoryEntry {
  readonly account: string;
  readonly region: string;
  readonly detail?: string;
}

/** Where mail and text messages land. */
export interface InboxPort {
  /** Delivered with the transaction. */
  deliver(tx: Transaction, message: NewMessage): void;
}

/** What verifies the tokens of user pools; API Gateway's authorizers ask. */
export interface TokenPort {
  /** The keys of an issuer (`https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc`) that is a pool of this cloud. */
  keys(issuer: string): Promise<JsonWebKeySet | undefined>;
}

/** What DynamoDB measures of its tables; what scales them asks. */
export interface CapacityPort {
  /** Undefined when there is no such table or index, or when it has no provisioned throughput. */
  figures(resource: CapacityResource): Promise<CapacityFigures | undefined>;
  /** Calls back once, when something is consumed next while this process runs; in the place of one that waits. */
  whenConsumed(resource: CapacityResource, side: keyof CapacityFigures, callback: () => void): Promise<void>;
}

export interface CapacityResource {
  readonly account: string;
  readonly region: string;
  readonly table: string;
  /** A global secondary index; the table itself when absent. */
  readonly index?: string | undefined;
}

export interface CapacityFigures {
  readonly read: CapacitySide;
  readonly write: CapacitySide;
}

export interface CapacitySide {
  /** Units a second. */
  readonly provisioned: number;
  /** Units taken since the server started. */
  readonly consumed: number;
}

/** RFC 7517, RSA signing keys. */
export interface JsonWebKeySet {
  readonly keys: readonly {
    readonly kid: string;
    readonly kty: 'RSA';
    readonly alg: 'RS256';
    readonly use: 'sig';
    readonly n: string;
    readonly e: string;
  }[];
}

export interface NewMessage {
  readonly kind: 'email' | 'sms' | 'push';
  readonly account: string;
  readonly to: string;
  readonly from: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  /** Whose recipients opt out of what is sent there; of text messages. */
  readonly region?: string;
}
