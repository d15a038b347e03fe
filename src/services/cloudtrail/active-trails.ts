import { enqueueJob } from '../../service/jobs.ts';
import type { AccountControls, OrganizationsPort } from '../../service/organizations.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { type DeliveredTrail, deliveryName } from './delivered-trail.ts';
import type { TrailEvent } from './event.ts';
import { selects, takesData } from './event-selector.ts';
import { layout } from './layout.ts';

/** CloudTrail delivers about every five minutes; virtual time. */
const DELIVER_MS = 5 * 60 * 1000;
export const HOUR_MS = 60 * 60 * 1000;

/** The trails that log, in memory: almost every call meets none. */
export class ActiveTrails {
  readonly #store: Store;
  readonly #world: World;
  readonly #organizations: OrganizationsPort;
  #byAccount: ReadonlyMap<string, readonly DeliveredTrail[]> = new Map();
  #byOrganization: ReadonlyMap<string, readonly DeliveredTrail[]> = new Map();
  #reading: Promise<void>;
  #data = false;

  constructor(store: Store, world: World, organizations: OrganizationsPort) {
    this.#organizations = organizations;
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
    const found = new Map<string, DeliveredTrail[]>();
    const shared = new Map<string, DeliveredTrail[]>();
    for (const { key } of await layout.global().trailAccounts.all(this.#store, [])) {
      const [account] = key;
      for (const { value } of await layout.at(account, '').trails.all(this.#store, [])) {
        if (!value.logging) continue;
        const { organizationId } = value;
        const [map, key] = organizationId === undefined ? [found, account] : [shared, organizationId];
        map.set(key, [...(map.get(key) ?? []), { trail: value, owner: account }]);
      }
    }
    this.#byAccount = found;
    this.#byOrganization = shared;
    this.#data = [...found.values(), ...shared.values()].flat().some(({ trail }) => takesData(trail));
  }

  /** Puts the event in the outbox of every trail that takes it; undefined when none does. */
  entry(event: TrailEvent, account: string, nowMs: number): ((tx: Transaction) => Promise<void>) | undefined {
    // What CloudTrail does to deliver is not delivered: the log files would never end.
    if (event.record.sourceIPAddress === 'cloudtrail.amazonaws.com') return undefined;
    const own = taking(this.#byAccount.get(account), event);
    if (this.#byOrganization.size === 0)
      return own.length === 0 ? undefined : this.#put(event, account, nowMs, own);
    const controls = this.#organizations.controls(account);
    const shared = this.#byOrganization;
    const all = (found: AccountControls | undefined) => [
      ...own,
      ...taking(found && shared.get(found.organizationId), event),
    ];
    // Known but right after a change of an organization, and then known before the event is written.
    if (controls instanceof Promise)
      return async (tx) => this.#put(event, account, nowMs, all(await controls))(tx);
    const trails = all(controls);
    return trails.length === 0 ? undefined : this.#put(event, account, nowMs, trails);
  }

  #put(event: TrailEvent, account: string, nowMs: number, trails: readonly DeliveredTrail[]) {
    const { awsRegion, eventID } = event.record;
    const { outbox } = layout.at(account, awsRegion);
    return async (tx: Transaction): Promise<void> => {
      for (const each of trails) {
        const target = { homeRegion: each.trail.homeRegion, name: deliveryName(each) };
        outbox.set(tx, [target.homeRegion, target.name, nowMs, eventID], event.record);
        await scheduleDelivery(tx, this.#world, account, awsRegion, target, 'deliver', nowMs + DELIVER_MS);
      }
    };
  }
}

function taking(trails: readonly DeliveredTrail[] = [], event: TrailEvent): readonly DeliveredTrail[] {
  return trails.filter(({ trail }) => selects(trail, event));
}

/** One job at a time waits for each trail in each region. */
export async function scheduleDelivery(
  tx: Transaction,
  world: World,
  account: string,
  region: string,
  { homeRegion, name }: { readonly homeRegion: string; readonly name: string },
  kind: 'deliver' | 'digest',
  dueAtMs: number,
): Promise<void> {
  const { deliveries } = layout.at(account, region);
  if ((await deliveries.get(tx, [homeRegion, name, kind])) === true) return;
  deliveries.set(tx, [homeRegion, name, kind], true);
  const scope = { service: 'cloudtrail', account, region };
  const shard = `cloudtrail/${account}/${region}/${homeRegion}/${name}`;
  enqueueJob(tx, world, scope, { kind, payload: { homeRegion, name, dueAtMs }, dueAtMs, shard });
}
