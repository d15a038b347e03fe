import { after, type MaybePromise } from '../../base/maybe-promise.ts';
import { denialMessage } from '../../policy/message.ts';
import { Fault } from '../../service/faults.ts';
import type { OrganizationsPort } from '../../service/organizations.ts';
import type {
  Credential,
  CredentialLookup,
  IdentityFacts,
  IdentityPort,
  IssuedSession,
  NewAccessKey,
  NewSession,
  PrincipalPolicies,
  RoleFacts,
  SessionCredentials,
} from '../../service/ports.ts';
import type { Principal, RolePrincipal, RootPrincipal, UserPrincipal } from '../../service/principal.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { accountOfKeyId, iamArn, newAccessKeyId, parseIamArn, sessionArn } from './identifier.ts';
import { type AccountCache, Bounded, IdentityCache, type OpenedToken } from './identity-cache.ts';
import { inventory } from './inventory.ts';
import { KeyUses } from './key-uses.ts';
import { layout, type RoleRow } from './layout.ts';
import { acceptedStep } from './one-time-code.ts';
import { EMPTY_POLICY, managedDocument, policiesOf } from './principal-policies.ts';
import { samlPrivateKeys } from './saml-private-keys.ts';
import { createSeal } from './seal.ts';
import { serviceTrust, sourceAccount } from './service-trust.ts';
import { packedPercent, readToken, type Session, sessionSecret, writeToken } from './session-token.ts';
import { boundPrincipals, namedPrincipals } from './trust-policy.ts';

export interface IdentityPortOptions {
  readonly store: Store;
  readonly world: World;
  /** At least 32 random bytes; whoever has them can forge any session. */
  readonly sealKey: Uint8Array;
  /** Whose resource control policies hold for roles too; absent where there is no organization. */
  readonly organizations?: OrganizationsPort;
  /** Given where denials are only reported: told of each service that a role does not trust and that is let in. */
  readonly onAudited?: (service: string, roleArn: string) => void;
  readonly root: {
    /** Whose root `test`/`test` is. */
    readonly account: string;
    /** Whether `test`, and any 12-digit access key id, with the secret `test`, are root keys. */
    readonly allowBuiltInKeys: boolean;
    readonly keys?: readonly RootKey[];
  };
}

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
}

type ServiceAssumption = Parameters<IdentityPort['assumeForService']>[0];

const SERVICE_SESSION_SECONDS = 3600;
const LAMBDA = 'lambda.amazonaws.com';

export function createIdentityPort(options: IdentityPortOptions): IdentityPort {
  return new StoredIdentity(options);
}

class StoredIdentity implements IdentityPort {
  readonly #store: Store;
  readonly #world: World;
  readonly #root: IdentityPortOptions['root'];
  readonly #rootKeys: ReadonlyMap<string, RootKey>;
  readonly #sessions;
  readonly #secrets;
  readonly #cache: IdentityCache;
  readonly #keyUses: KeyUses;
  readonly #roots = new Bounded<RootPrincipal>(1_000);
  readonly #accounts = new Bounded<string>(10_000);
  readonly #organizations: OrganizationsPort | undefined;
  readonly #audits: boolean;
  readonly #reportAudited: (service: string, roleArn: string) => void;

  constructor({ store, world, sealKey, root, organizations, onAudited }: IdentityPortOptions) {
    this.#organizations = organizations;
    this.#audits = onAudited !== undefined;
    this.#reportAudited = onAudited ?? (() => undefined);
    this.#store = store;
    this.#world = world;
    this.#root = root;
    this.#rootKeys = new Map((root.keys ?? []).map((key) => [key.accessKeyId, key]));
    this.#sessions = createSeal(sealKey, 'session', world.random);
    this.#secrets = createSeal(sealKey, 'secret', world.random);
    this.#cache = new IdentityCache(store);
    this.#keyUses = new KeyUses(store, world);
  }

  credential(accessKeyId: string, sessionToken: string | undefined): MaybePromise<CredentialLookup> {
    const root = this.#rootCredential(accessKeyId);
    if (root !== undefined) return { kind: 'found', credential: root };
    const account = this.#accountOf(accessKeyId);
    if (account === undefined) return { kind: 'unknown' };
    const cache = this.#cache.of(account);
    if (accessKeyId.startsWith('AKIA')) {
      return after(this.#longLived(accessKeyId, account, cache), (lookup) =>
        lookup.kind === 'found' && sessionToken !== undefined ? { kind: 'bad-token' } : lookup,
      );
    }
    if (sessionToken === undefined) return { kind: 'bad-token' };
    const opened = cache.tokens.get(accessKeyId);
    return opened?.token === sessionToken
      ? this.#unexpired(accessKeyId, opened)
      : this.#temporary(accessKeyId, sessionToken, cache);
  }

  #accountOf(accessKeyId: string): string | undefined {
    let account = this.#accounts.get(accessKeyId);
    if (account === undefined) {
      account = accountOfKeyId(accessKeyId);
      if (account !== undefined) this.#accounts.set(accessKeyId, account);
    }
    return account;
  }

  #rootCredential(accessKeyId: string): Credential | undefined {
    const key = this.#rootKeys.get(accessKeyId);
    if (key !== undefined) return { ...key, principal: this.#rootOf(key.account) };
    if (!this.#root.allowBuiltInKeys) return undefined;
    const account =
      accessKeyId === 'test' ? this.#root.account : /^\d{12}$/.test(accessKeyId) ? accessKeyId : undefined;
    if (account === undefined) return undefined;
    return { accessKeyId, secretAccessKey: 'test', principal: this.#rootOf(account) };
  }

  /** The same object each time, so that what is known of it is found again. */
  #rootOf(account: string): RootPrincipal {
    let root = this.#roots.get(account);
    if (root === undefined) {
      root = { kind: 'root', account, arn: iamArn(account, 'root'), userId: account };
      this.#roots.set(account, root);
    }
    return root;
  }

  #longLived(accessKeyId: string, account: string, cache: AccountCache): MaybePromise<CredentialLookup> {
    const known = cache.credentials.get(accessKeyId);
    if (known !== undefined) return { kind: 'found', credential: known };
    return this.#readKey(accessKeyId, account, cache).then((lookup) => {
      if (lookup.kind === 'found') cache.credentials.set(accessKeyId, lookup.credential);
      return lookup;
    });
  }

  async #readKey(accessKeyId: string, account: string, cache: AccountCache): Promise<CredentialLookup> {
    const row = await cache.accessKey(accessKeyId);
    if (row === undefined) return { kind: 'unknown' };
    if (!row.active) return { kind: 'inactive' };
    const secret = this.#secrets.open(Buffer.from(row.sealedSecret, 'base64'), accessKeyId)?.toString();
    if (secret === undefined) return { kind: 'unknown' };
    const found = { accessKeyId, secretAccessKey: secret };
    if (row.userName === undefined)
      return { kind: 'found', credential: { ...found, principal: this.#rootOf(account) } };
    const user = await cache.user(row.userName);
    if (user === undefined || user.id !== row.userId) return { kind: 'unknown' };
    const principal: UserPrincipal = {
      kind: 'user',
      account,
      arn: iamArn(account, 'user', user.path, user.name),
      userId: user.id,
      userName: user.name,
    };
    return { kind: 'found', credential: { ...found, principal } };
  }

  async #temporary(accessKeyId: string, token: string, cache: AccountCache): Promise<CredentialLookup> {
    const session = readToken(token, accessKeyId, this.#sessions);
    if (session === undefined) return { kind: 'bad-token' };
    if (!(await this.#stillExists(session, cache))) {
      return this.#world.clock.now() >= session.expiresAtMs ? { kind: 'expired' } : { kind: 'unknown' };
    }
    const opened = {
      token,
      session,
      secretAccessKey: sessionSecret(token, accessKeyId, this.#sessions),
      principal: await this.#bound(session),
    };
    // Kept until anything of the account's identities changes, and with it what was just found to exist.
    cache.tokens.set(accessKeyId, opened);
    return this.#unexpired(accessKeyId, opened);
  }

  #unexpired(accessKeyId: string, { session, principal, secretAccessKey }: OpenedToken): CredentialLookup {
    const { expiresAtMs } = session;
    if (this.#world.clock.now() >= expiresAtMs) return { kind: 'expired' };
    return { kind: 'found', credential: { accessKeyId, secretAccessKey, principal, expiresAtMs } };
  }

  /** Adds the texts of the managed policies that bound the session; one that is gone allows nothing. */
  async #bound({ principal, policyArns }: Session): Promise<Session['principal']> {
    if (policyArns.length === 0 || !('sessionPolicies' in principal)) return principal;
    const { account, sessionPolicies } = principal;
    const managed = await Promise.all(
      policyArns.map(async (arn) => (await this.managedPolicy(arn, account)) ?? EMPTY_POLICY),
    );
    return { ...principal, sessionPolicies: [...sessionPolicies, ...managed], sessionPolicyArns: policyArns };
  }

  /** A session ends with its role or user, also when another of the same name came after. */
  async #stillExists({ principal }: Session, cache: AccountCache): Promise<boolean> {
    switch (principal.kind) {
      case 'root':
        return true;
      case 'user':
        return (await cache.user(principal.userName))?.id === principal.userId;
      case 'role': {
        const role = await cache.role(principal.roleName);
        return role !== undefined && principal.userId.startsWith(`${role.id}:`);
      }
      case 'federated-user': {
        const named = parseIamArn(principal.userArn);
        if (named === undefined) return true;
        const user = await cache.user(named.name);
        return user !== undefined && user.id === (principal.userUniqueId ?? user.id);
      }
    }
  }

  policies(principal: Principal): MaybePromise<PrincipalPolicies> {
    const cache = this.#cache.of(principal.account);
    const known = cache.policies.get(principal);
    if (known !== undefined) return known;
    const reading = policiesOf(principal, this.#store, cache);
    cache.policies.set(principal, reading);
    reading.then(
      (policies) => cache.policies.set(principal, policies),
      () => cache.policies.delete(principal),
    );
    return reading;
  }

  async issueSession({ principal, policyArns = [], expiresAtMs }: NewSession): Promise<IssuedSession> {
    const session: Session = { principal, policyArns, expiresAtMs };
    const accessKeyId = newAccessKeyId('ASIA', principal.account, this.#world.random);
    const sessionToken = writeToken(session, accessKeyId, this.#sessions);
    return {
      credentials: {
        accessKeyId,
        secretAccessKey: sessionSecret(sessionToken, accessKeyId, this.#sessions),
        sessionToken,
        expiresAtMs,
        principal: await this.#bound(session),
      },
      packedPolicyPercent: packedPercent(session),
    };
  }

  async assumeForService(request: ServiceAssumption): Promise<SessionCredentials> {
    const {
      roleArn,
      service,
      sessionName,
      sourceArn = '',
      durationSeconds = SERVICE_SESSION_SECONDS,
    } = request;
    const account = parseIamArn(roleArn)?.account ?? '';
    const sessions = this.#cache.of(account).serviceSessions;
    const key = `${roleArn}\n${service}\n${sessionName}\n${sourceArn}\n${durationSeconds}`;
    const known = await sessions.get(key);
    // A session in its second half may not last as long as the work it is for.
    if (known !== undefined && known.expiresAtMs - this.#world.clock.now() > durationSeconds * 500)
      return known;
    const issuing = this.#assume(request, durationSeconds);
    sessions.set(key, issuing);
    issuing.catch(() => sessions.delete(key));
    return issuing;
  }

  async #assume(request: ServiceAssumption, durationSeconds: number): Promise<SessionCredentials> {
    const { roleArn, service, sessionName, sourceArn, note } = request;
    const role = await this.role(roleArn);
    const account = role?.account ?? parseIamArn(roleArn)?.account ?? '';
    const decided = serviceTrust(request, {
      role,
      account,
      owner: await this.#organizations?.controls(account),
      source: await this.#organizations?.controls(sourceAccount(request, account)),
      nowMs: this.#world.clock.now(),
    });
    if (role === undefined || !decided.decision.allowed) {
      // What is not there cannot be assumed, not even where denials are only reported.
      const audited = this.#audits && role !== undefined;
      note?.(audited ? { ...decided, audited } : decided);
      if (role === undefined || !audited) {
        const message = denialMessage(decided.principal, 'sts:AssumeRole', roleArn, decided.decision);
        throw new Fault('AccessDenied', message, {}, 403);
      }
      this.#reportAudited(service, roleArn);
    }
    const now = this.#world.clock.now();
    const principal: RolePrincipal = {
      kind: 'role',
      account,
      arn: sessionArn(account, role.roleName, sessionName),
      userId: `${role.roleId}:${sessionName}`,
      roleName: role.roleName,
      roleArn: role.roleArn,
      sessionName,
      sessionPolicies: [],
      sessionTags: {},
      sessionContext: {
        'aws:TokenIssueTime': new Date(now).toISOString(),
        'aws:MultiFactorAuthPresent': 'false',
        ...(service === LAMBDA && sourceArn !== undefined ? { 'lambda:SourceFunctionArn': sourceArn } : {}),
      },
    };
    const seconds = Math.min(durationSeconds, role.maxSessionSeconds);
    const { credentials } = await this.issueSession({ principal, expiresAtMs: now + seconds * 1000 });
    return credentials;
  }

  async role(roleArn: string): Promise<RoleFacts | undefined> {
    const named = parseIamArn(roleArn);
    if (named?.kind !== 'role') return undefined;
    const row = await this.#cache.of(named.account).role(named.name);
    if (row === undefined || row.name !== named.name || row.path !== named.path) return undefined;
    return factsOf(row, named.account);
  }

  managedPolicy(arn: string, account: string): Promise<string | undefined> {
    return managedDocument(this.#store, arn, account);
  }

  boundPrincipals(document: string, account: string): Promise<string> {
    return boundPrincipals(document, account, this.#store);
  }

  namedPrincipals(document: string): Promise<string> {
    return namedPrincipals(document, this.#store);
  }

  samlPrivateKeys(providerArn: string): Promise<readonly string[]> {
    return samlPrivateKeys(providerArn, this.#store, this);
  }

  accountOfKey(accessKeyId: string): string | undefined {
    return this.#rootCredential(accessKeyId)?.principal.account ?? accountOfKeyId(accessKeyId);
  }

  async verifyMfa(principal: Principal, serialNumber: string, code: string): Promise<boolean> {
    if (principal.kind !== 'user') return false;
    const { account, userName } = principal;
    const { virtualMfaDevices } = layout.at(account, '');
    const now = this.#world.clock.now();
    return this.#store.transact(async (tx) => {
      const device = await virtualMfaDevices.get(tx, [serialNumber]);
      if (device === undefined || device.userName !== userName) return false;
      const seed = this.openSecret(device.sealedSeed, serialNumber);
      const step = seed && acceptedStep(seed, code, now, device.lastStep);
      if (step === undefined) return false;
      virtualMfaDevices.set(tx, [serialNumber], { ...device, lastStep: step });
      return true;
    });
  }

  sealSecret(secret: Uint8Array, label: string): string {
    return this.#secrets.seal(secret, label).toString('base64');
  }

  openSecret(sealed: string, label: string): Uint8Array | undefined {
    return this.#secrets.open(Buffer.from(sealed, 'base64'), label);
  }

  newAccessKey(account: string): NewAccessKey {
    const { random } = this.#world;
    const accessKeyId = newAccessKeyId('AKIA', account, random);
    const secretAccessKey = Buffer.from(random.bytes(30)).toString('base64');
    const sealedSecret = this.sealSecret(Buffer.from(secretAccessKey), accessKeyId);
    return { accessKeyId, secretAccessKey, sealedSecret };
  }

  inventory(account: string): Promise<readonly IdentityFacts[]> {
    return inventory(this.#store, account);
  }

  keyUsed(accessKeyId: string, service: string, region: string): void {
    this.#keyUses.note(accessKeyId, service, region);
  }
}

function factsOf(row: RoleRow, account: string): RoleFacts {
  return {
    account,
    roleName: row.name,
    roleId: row.id,
    roleArn: iamArn(account, 'role', row.path, row.name),
    trustPolicy: row.trust,
    maxSessionSeconds: row.maxSessionSeconds,
    tags: row.tags,
  };
}
