import type { ResourceScope } from './provider.ts';

type Item = Readonly<Record<string, unknown>>;

/** How to list what a resource's service has, and how to know the one an earlier try made. */
export interface Look {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  /** The member of the answer that holds the items. */
  readonly list: string;
  readonly matches: (item: Item) => boolean;
  /** The member that says when an item was made; items older than the first try are somebody else's. */
  readonly madeAt?: string;
}

/**
 * What an earlier try made before the server was killed, for resources whose id the service draws: making them again
 * would make a second one. Undefined on a first try.
 */
export async function earlier(scope: ResourceScope, look: Look): Promise<Item | undefined> {
  if (!scope.rerun) return undefined;
  const answer = await scope.call<Readonly<Record<string, unknown>>>(
    look.service,
    look.operation,
    look.input,
  );
  const items = answer[look.list];
  return (Array.isArray(items) ? (items as readonly Item[]) : []).find((item) => {
    const at = look.madeAt === undefined ? undefined : item[look.madeAt];
    // Dates on the wire may be cut to the second.
    return (
      look.matches(item) && !(at instanceof Date && at.getTime() < Math.floor(scope.sinceMs / 1000) * 1000)
    );
  });
}
