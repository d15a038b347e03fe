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
export function findDoor(doors: readonly OwnedDoor[], host: string, path: string): OwnedDoor | undefined {
  for (const owned of doors) {
    const { paths, pathPattern, host: hosts } = owned.door;
    if (paths?.some((prefix) => path.startsWith(prefix) || path === prefix.slice(0, -1)) === true)
      return owned;
    if (pathPattern?.test(path) === true || hosts?.test(host) === true) return owned;
  }
  return undefined;
}
