import type { CapacityPort } from '../../service/ports.ts';
import type { Store } from '../../store/store.ts';
import { lookUpTable } from './tables-cache.ts';
import { takenOf } from './throughput-limits.ts';

/** What the tables of a store take of their provisioned throughput. */
export function createCapacityPort(store: Store): CapacityPort {
  return {
    figures: async ({ account, region, table: name, index: indexName }) => {
      const table = await lookUpTable({ store }, { account, region, name });
      if (table?.row.billingMode !== 'PROVISIONED') return undefined;
      const index =
        indexName === undefined
          ? undefined
          : table.indexes.find(({ row }) => row.kind === 'global' && row.name === indexName);
      if (indexName !== undefined && index === undefined) return undefined;
      const { throughput } = index?.row ?? table.row;
      const taken = (side: 'Read' | 'Write') => takenOf({ store }, table, index?.row.number ?? 0, side);
      return {
        read: { provisioned: throughput.reads, consumed: taken('Read') },
        write: { provisioned: throughput.writes, consumed: taken('Write') },
      };
    },
  };
}
