import type { ChallengeNameType } from '../../model/gen/cognito-idp.ts';
import type { Transaction } from '../../store/store.ts';
import type { Code } from './code.ts';
import { fault } from './fault.ts';
import type { TokenSource } from './issuing.ts';
import { seal, unseal } from './key.ts';
import { type ClientScope, keysOf } from './scope.ts';
import type { ServerKeys } from './srp.ts';

/** One step of a sign-in with custom challenges, as the DefineAuthChallenge trigger is told of it. */
export interface ChallengeResult {
  readonly challengeName: string;
  readonly challengeResult: boolean;
  readonly challengeMetadata: string | null;
}

interface Open {
  readonly id: string;
  readonly username: string;
  /** Virtual milliseconds. */
  readonly expiresAtMs: number;
  /** What came before, in a sign-in with custom challenges. */
  readonly history?: readonly ChallengeResult[];
}

/** What `SECRET_BLOCK` seals. */
export interface SrpChallenge extends Open {
  /** A, hex. */
  readonly clientKey: string;
  readonly server: ServerKeys;
  /** The salt shown to the client, hex. */
  readonly salt: string;
}

/** What `Session` seals; the client's id goes before it. */
export interface SessionChallenge extends Open {
  readonly name: ChallengeNameType;
  readonly privateParameters?: Readonly<Record<string, string>>;
  readonly metadata?: string | null;
  /** What the tokens are for once a second factor is shown. */
  readonly source?: TokenSource;
  /** The code that a second factor sent. */
  readonly code?: Code;
  /** A software token's secret that is being set up. */
  readonly secret?: string;
}

const DEFAULT_VALIDITY_MINUTES = 3;
/** Expired marks cleared away at each answer of their user. */
const MOST_CLEARED = 20;

/** What every new challenge has: an id and an end, by the client's AuthSessionValidity. */
export function openChallenge({ ctx, client }: ClientScope): Pick<Open, 'id' | 'expiresAtMs'> {
  const minutes = client.settings.AuthSessionValidity ?? DEFAULT_VALIDITY_MINUTES;
  return { id: ctx.world.random.uuid(), expiresAtMs: ctx.world.clock.now() + minutes * 60_000 };
}

const purposeOf = (kind: 'srp' | 'session' | 'code' | 'form', { client }: ClientScope) =>
  `${kind}:${client.id}`;

export async function sealSrp(scope: ClientScope, challenge: SrpChallenge): Promise<string> {
  const sealed = seal(await keysOf(scope), purposeOf('srp', scope), challenge, scope.ctx.world.random);
  return sealed.toString('base64');
}

export async function sealSession(scope: ClientScope, challenge: SessionChallenge): Promise<string> {
  const sealed = seal(await keysOf(scope), purposeOf('session', scope), challenge, scope.ctx.world.random);
  return `${scope.client.id}.${sealed.toString('base64url')}`;
}

/** The client a Session was given to, for the calls that name none; what it claims is proven by opening it. */
export function sessionClient(session: string): string {
  return session.slice(0, Math.max(0, session.indexOf('.')));
}

const invalidSession = () => fault('NotAuthorizedException', 'Invalid session for the user.');

function checkOpen<C extends Open>(scope: ClientScope, challenge: C | undefined): C {
  if (challenge === undefined) throw invalidSession();
  if (scope.ctx.world.clock.now() >= challenge.expiresAtMs) {
    throw fault('NotAuthorizedException', 'Invalid session for the user, session is expired.');
  }
  return challenge;
}

/** Opens a SECRET_BLOCK; throws NotAuthorizedException for one that is not ours or too old. */
export async function readSrp(scope: ClientScope, block: Uint8Array): Promise<SrpChallenge> {
  return checkOpen(scope, unseal<SrpChallenge>(await keysOf(scope), purposeOf('srp', scope), block));
}

/** Opens a Session that was given for this challenge; throws NotAuthorizedException. */
export async function readSession(
  scope: ClientScope,
  name: ChallengeNameType,
  session: string | undefined,
): Promise<SessionChallenge> {
  if (session === undefined) throw fault('InvalidParameterException', 'Missing required parameter Session');
  const sealed = Buffer.from(session.slice(session.indexOf('.') + 1), 'base64url');
  const challenge = checkOpen(
    scope,
    unseal<SessionChallenge>(await keysOf(scope), purposeOf('session', scope), sealed),
  );
  if (challenge.name !== name) throw invalidSession();
  return challenge;
}

/** Seals what a browser carries between two steps of the hosted pages: an authorization code, or a form's request. */
export async function sealStep(scope: ClientScope, kind: 'code' | 'form', step: unknown): Promise<string> {
  return seal(await keysOf(scope), purposeOf(kind, scope), step, scope.ctx.world.random).toString(
    'base64url',
  );
}

/** The step again; undefined when it is not ours. Its end is the caller's to check. */
export async function readStep<T>(
  scope: ClientScope,
  kind: 'code' | 'form',
  sealed: string,
): Promise<T | undefined> {
  return unseal<T>(await keysOf(scope), purposeOf(kind, scope), Buffer.from(sealed, 'base64url'));
}

/** Marks a challenge as answered, and throws when it was before. */
export async function useChallenge(
  { ctx, rows, pool }: ClientScope,
  tx: Transaction,
  challenge: Pick<Open, 'username' | 'id' | 'expiresAtMs'>,
): Promise<void> {
  const { username, id, expiresAtMs } = challenge;
  if ((await rows.answeredChallenges.get(tx, [pool.id, username, id])) !== undefined) {
    throw fault('NotAuthorizedException', 'Invalid session for the user, session can only be used once.');
  }
  const now = ctx.world.clock.now();
  const marks = await rows.answeredChallenges.page(tx, [pool.id, username], { limit: MOST_CLEARED });
  for (const { key, value } of marks.rows) {
    if (value <= now) rows.answeredChallenges.delete(tx, key);
  }
  rows.answeredChallenges.set(tx, [pool.id, username, id], expiresAtMs);
}
