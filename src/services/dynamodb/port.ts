import type { CapacityPort } from '../../service/ports.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import type { Index, Table } from './table.ts';
import { lookUpTable } from './tables-cache.ts';
import { limitOf } from './throughput-limits.ts';

type Resource = Parameters<CapacityPort['figures']>[0];

/** What the tables of a store take of their provisioned throughput. */
export function createCapacityPort(host: { readonly store: Store; readonly world: World }): CapacityPort {
  const find = async ({ account, region, table: name, index: indexName }: Resource) => {
    const table = await lookUpTable(host, { account, region, name });
    if (table?.row.billingMode !== 'PROVISIONED') return undefined;
    if (indexName === undefined) return { table, index: undefined };
    const index = table.indexes.find(({ row }) => row.kind === 'global' && row.name === indexName);
    return index && { table, index };
  };
  const limitIn = (
    { table, index }: { readonly table: Table; readonly index: Index | undefined },
    side: 'Read' | 'Write',
  ) => limitOf(host, table, index?.row.number ?? 0, side);
  return {
    figures: async (resource) => {
      const found = await find(resource);
      if (found === undefined) return undefined;
      const { throughput } = found.index?.row ?? found.table.row;
      return {
        read: { provisioned: throughput.reads, consumed: limitIn(found, 'Read')?.taken ?? 0 },
        write: { provisioned: throughput.writes, consumed: limitIn(found, 'Write')?.taken ?? 0 },
      };
    },
    whenConsumed: async (resource, side, callback) => {
      const found = await find(resource);
      if (found !== undefined) limitIn(found, side === 'read' ? 'Read' : 'Write')?.whenTaken(callback);
    },
  };
}
