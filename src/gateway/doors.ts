import type { FrontDoor } from '../service/front-door.ts';
import type { ServiceDefinition } from '../service/service.ts';

/** A front door and the service it belongs to. */
export interface OwnedDoor {
  readonly door: FrontDoor;
  readonly service: string;
}

export function ownedDoors(definitions: readonly ServiceDefinition[]): readonly OwnedDoor[] {
  return definitions.flatMap(({ name, frontDoors = [] }) =>
    frontDoors.map((door) => ({ door, service: name })),
  );
}

/** The first door that the path or the host matches; AWS's own operations live at paths no door claims. */
export type DoorFinder = (
  host: string,
  path: string,
  contentType: string | undefined,
) => OwnedDoor | undefined;

/** Hosts that name no service; no door's host pattern is tried on them. */
const PLAIN_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);

function matchesPath({ paths, pathPattern }: FrontDoor, path: string): boolean {
  return (
    paths?.some((prefix) => path.startsWith(prefix) || path === prefix.slice(0, -1)) === true ||
    pathPattern?.test(path) === true
  );
}

/** Most requests are to `/` of a plain host and are told so without trying a door. */
export function createDoorFinder(doors: readonly OwnedDoor[]): DoorFinder {
  return (host, path, contentType) => {
    const plain = PLAIN_HOSTS.has(host);
    if (plain && path === '/') return undefined;
    return doors.find(
      ({ door }) =>
        (door.contentType === undefined ||
          (contentType !== undefined && door.contentType.test(contentType))) &&
        (matchesPath(door, path) || (!plain && door.host?.test(host) === true)),
    );
  };
}
