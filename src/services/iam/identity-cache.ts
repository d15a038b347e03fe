import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Credential, PrincipalPolicies, SessionCredentials } from '../../service/ports.ts';
import type { Principal } from '../../service/principal.ts';
import type { Store } from '../../store/store.ts';
import { type AccessKeyRow, layout, type RoleRow, type UserRow } from './layout.ts';
import type { Session } from './session-token.ts';

/** More accounts, tokens or principals than this and the cache starts anew. */
const MOST_ACCOUNTS = 1_000;
const MOST_TOKENS = 10_000;

/** What was read of one account since the last change. */
export interface AccountCache {
  user(name: string): Promise<UserRow | undefined>;
  role(name: string): Promise<RoleRow | undefined>;
  accessKey(id: string): Promise<AccessKeyRow | undefined>;
  /** Of long-lived keys that work. */
  readonly credentials: Bounded<Credential>;
  /** Opened session tokens by access key id, with what their sessions became; their identities exist. */
  readonly tokens: Bounded<OpenedToken>;
  /** Credentials of services under roles. */
  readonly serviceSessions: Bounded<Promise<SessionCredentials>>;
  /** By the principal's identity as an object: credentials hand out the same one each time. */
  readonly policies: WeakMap<Principal, MaybePromise<PrincipalPolicies>>;
}

export interface OpenedToken {
  readonly token: string;
  readonly session: Session;
  readonly secretAccessKey: string;
  readonly principal: Session['principal'];
}

/**
 * Rows of identities in memory. Any change by any process drops all of it: changes are rare, questions are not, and a
 * key that was just deactivated must not work once more.
 */
export class IdentityCache {
  readonly #store: Store;
  #accounts = new Map<string, AccountCache>();

  constructor(store: Store) {
    this.#store = store;
    store.watch(layout.global().changes.rangeOf([]), () => this.drop());
  }

  /** A reader that keeps what it was given across a change keeps only what was true before. */
  of(account: string): AccountCache {
    let cache = this.#accounts.get(account);
    if (cache === undefined) {
      if (this.#accounts.size >= MOST_ACCOUNTS) this.drop();
      this.#accounts.set(account, (cache = this.#open(account)));
    }
    return cache;
  }

  drop(): void {
    this.#accounts = new Map();
  }

  #open(account: string): AccountCache {
    const { users, roles, accessKeys } = layout.at(account, '');
    const store = this.#store;
    return {
      user: remembered((name) => users.get(store, [name.toLowerCase()])),
      role: remembered((name) => roles.get(store, [name.toLowerCase()])),
      accessKey: remembered((id) => accessKeys.get(store, [id])),
      credentials: new Bounded(MOST_TOKENS),
      tokens: new Bounded(MOST_TOKENS),
      serviceSessions: new Bounded(MOST_TOKENS),
      policies: new WeakMap(),
    };
  }
}

/** A map that forgets everything when it is full. */
export class Bounded<V> {
  readonly #map = new Map<string, V>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: V): void {
    if (this.#map.size >= this.#most) this.#map.clear();
    this.#map.set(key, value);
  }

  delete(key: string): void {
    this.#map.delete(key);
  }
}

/** Remembers what was found; what was not, and what failed, is read again. */
function remembered<V>(
  read: (name: string) => Promise<V | undefined>,
): (name: string) => Promise<V | undefined> {
  const found = new Bounded<Promise<V | undefined>>(MOST_TOKENS);
  return (name) => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const reading = read(name);
    found.set(name, reading);
    reading.then(
      (value) => {
        if (value === undefined) found.delete(name);
      },
      () => found.delete(name),
    );
    return reading;
  };
}
