import type { Reader } from '../../store/store.ts';
import { layout, type TrailRow } from './layout.ts';

/** A trail as it delivers for an account: its own, or its organization's. */
export interface DeliveredTrail {
  readonly trail: TrailRow;
  /** Whose trail it is. */
  readonly owner: string;
}

/** What rows under the account are keyed by: names of its own trails have no colon. */
export function deliveryName({ trail, owner }: DeliveredTrail): string {
  return trail.organizationId === undefined ? trail.name : `${owner}:${trail.name}`;
}

/** Whose trail a delivery is of, and its name. */
export function ownerOf(name: string, account: string): readonly [owner: string, name: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? [account, name] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** The trail a delivery is of; undefined when it is gone. */
export async function readDelivered(
  reader: Reader,
  account: string,
  homeRegion: string,
  name: string,
): Promise<DeliveredTrail | undefined> {
  const [owner, trailName] = ownerOf(name, account);
  const trail = await layout.at(owner, '').trails.get(reader, [homeRegion, trailName]);
  return trail && { trail, owner };
}
