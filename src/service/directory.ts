import { keyspace, rows } from '../store/keyspace.ts';
import type { DirectoryEntry, DirectoryPort } from './ports.ts';

/** Cloud-wide names and who owns them: (kind, name) → account, region, detail. */
const layout = keyspace('directory', {
  names: rows<[kind: string, name: string], DirectoryEntry>('names'),
});

/** The directory over the store itself: a name is claimed or released in its owner's transaction. */
export function createDirectory(): DirectoryPort {
  const { names } = layout.global();
  return {
    lookup: (reader, kind, name) => names.get(reader, [kind, name]),
    claim: async (tx, kind, name, entry) => {
      const taken = await names.get(tx, [kind, name]);
      if (taken !== undefined && (taken.account !== entry.account || taken.region !== entry.region))
        return false;
      names.set(tx, [kind, name], entry);
      return true;
    },
    release: (tx, kind, name) => names.delete(tx, [kind, name]),
  };
}
