import type { Store } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { accountOfKeyId } from './identifier.ts';
import { layout } from './layout.ts';

const EVERY_MS = 15 * 60 * 1000;
const MOST_KEYS = 10_000;

/** When and for what each key was last used, for GetAccessKeyLastUsed: written at most once a quarter of an hour. */
export class KeyUses {
  readonly #store: Store;
  readonly #world: World;
  readonly #noted = new Map<string, number>();

  constructor(store: Store, world: World) {
    this.#store = store;
    this.#world = world;
  }

  note(accessKeyId: string, service: string, region: string): void {
    const account = accessKeyId.startsWith('AKIA') ? accountOfKeyId(accessKeyId) : undefined;
    if (account === undefined) return;
    const now = this.#world.clock.now();
    const noted = this.#noted.get(accessKeyId);
    if (noted !== undefined && Math.abs(now - noted) < EVERY_MS) return;
    if (this.#noted.size > MOST_KEYS) this.#noted.clear();
    this.#noted.set(accessKeyId, now);
    const { keyUses } = layout.at(account, '');
    this.#store
      .transact(async (tx) => keyUses.set(tx, [accessKeyId], { usedAtMs: now, service, region }))
      .catch(() => this.#noted.delete(accessKeyId));
  }
}
