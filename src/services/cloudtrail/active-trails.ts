import { enqueueJob } from '../../service/jobs.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import type { TrailEvent } from './event.ts';
import { selects, takesData } from './event-selector.ts';
import { layout, type TrailRow } from './layout.ts';

/** CloudTrail delivers about every five minutes; virtual time. */
const DELIVER_MS = 5 * 60 * 1000;
export const HOUR_MS = 60 * 60 * 1000;

/** The trails that log, in memory: almost every call meets none. */
export class ActiveTrails {
  readonly #store: Store;
  readonly #world: World;
  #byAccount: ReadonlyMap<string, readonly TrailRow[]> = new Map();
  #reading: Promise<void>;
  #data = false;

  constructor(store: Store, world: World) {
    this.#store = store;
    this.#world = world;
    this.#reading = this.#read();
    store.watch(layout.global().trailChanges.rangeOf([]), () => {
      this.#reading = this.#reading.then(() => this.#read());
    });
  }

  /** Resolves when what was committed before the call is known. */
  settled(): Promise<void> {
    return this.#reading;
  }

  /** Whether any trail takes data events. */
  get takeData(): boolean {
    return this.#data;
  }

  async #read(): Promise<void> {
    const found = new Map<string, TrailRow[]>();
    for (const { key } of await layout.global().trailAccounts.all(this.#store, [])) {
      const [account] = key;
      for (const { value } of await layout.at(account, '').trails.all(this.#store, [])) {
        if (!value.logging) continue;
        const list = found.get(account);
        if (list === undefined) found.set(account, [value]);
        else list.push(value);
      }
    }
    this.#byAccount = found;
    this.#data = [...found.values()].flat().some(takesData);
  }

  /** Puts the event in the outbox of every trail that takes it; undefined when none does. */
  entry(event: TrailEvent, account: string, nowMs: number): ((tx: Transaction) => Promise<void>) | undefined {
    const trails = this.#byAccount.get(account);
    // What CloudTrail does to deliver is not delivered: the log files would never end.
    if (trails === undefined || event.record.sourceIPAddress === 'cloudtrail.amazonaws.com') return undefined;
    const taking = trails.filter((trail) => selects(trail, event));
    if (taking.length === 0) return undefined;
    const { awsRegion, eventID } = event.record;
    const { outbox } = layout.at(account, awsRegion);
    return async (tx) => {
      for (const trail of taking) {
        outbox.set(tx, [trail.homeRegion, trail.name, nowMs, eventID], event.record);
        await scheduleDelivery(tx, this.#world, account, awsRegion, trail, 'deliver', nowMs + DELIVER_MS);
      }
    };
  }
}

/** One job at a time waits for each trail in each region. */
export async function scheduleDelivery(
  tx: Transaction,
  world: World,
  account: string,
  region: string,
  { homeRegion, name }: TrailRow,
  kind: 'deliver' | 'digest',
  dueAtMs: number,
): Promise<void> {
  const { deliveries } = layout.at(account, region);
  if ((await deliveries.get(tx, [homeRegion, name, kind])) === true) return;
  deliveries.set(tx, [homeRegion, name, kind], true);
  const scope = { service: 'cloudtrail', account, region };
  const shard = `cloudtrail/${account}/${region}/${homeRegion}/${name}`;
  enqueueJob(tx, world, scope, { kind, payload: { homeRegion, name }, dueAtMs, shard });
}
