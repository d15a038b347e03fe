import { bytesCodec, keyspace, rows } from '../../store/keyspace.ts';
import type { BackupRow } from './backup.ts';
import type { InsightsRow } from './contributor-insights.ts';
import type { ShardRow, StreamEnd } from './shard.ts';
import type { StatisticsRow } from './statistics.ts';
import type { RecordRow, StreamRow } from './stream.ts';
import type { TableRow } from './table-row.ts';

/**
 * All of DynamoDB's keys. Tables, and indexes within a table, are numbered; a number is never used again, so that
 * what a deleted table leaves behind can be purged in peace.
 */
export const layout = keyspace('dynamodb', {
  /** Global tables of 2017, at the account's empty region. */
  globalTables: rows<[name: string], GlobalTableRow>('globalTables'),
  /** A table's metadata: read through `tables.ts`'s cache. */
  tables: rows<[name: string], TableRow>('tables'),
  /** `TableRow.version` alone: every write transaction reads it, and so conflicts with changes of the table. */
  versions: rows<[table: number], number>('versions'),
  /** The number the last table or backup took. */
  counters: rows<[name: 'table'], number>('counters'),
  /**
   * Items (index 0) and index entries, of tables and backups. The bytes after the index number are `item-key.ts`'s, the values
   * `item-codec.ts`'s.
   */
  items: rows<[table: number, index: number], Uint8Array>('items', bytesCodec),
  /** Images before, by item (its key behind the table's prefix) and time; empty when there was none. See `history.ts`. */
  history: rows<[table: number, key: Uint8Array, atMs: number], Uint8Array>('history', bytesCodec),
  /** Of tables with replicas: who wrote an item (its key behind the table's prefix) last, deleted ones too. */
  origins: rows<[table: number, key: Uint8Array], Origin>('origins'),
  /** The last record of a stream that has been carried to the replicas. */
  carried: rows<[table: number, label: string], number>('carried'),
  /** Tables whose records a job is carrying. */
  carrying: rows<[table: number], null>('carrying'),
  /** The last item whose entry in a new index is made: a backfill goes on behind it after a restart. */
  backfilled: rows<[table: number, index: number], Uint8Array>('backfilled', bytesCodec),
  backups: rows<[table: string, id: string], BackupRow>('backups'),
  tags: rows<[table: number, key: string], string>('tags'),
  /** Tables and indexes (empty for the table itself) whose contributor insights are on. */
  insights: rows<[table: number, index: string], InsightsRow>('insights'),
  /** Counts of large tables. */
  statistics: rows<[table: number], StatisticsRow>('statistics'),
  /** Idempotency tokens of transactions, for ten minutes. */
  tokens: rows<[token: string], TokenRow>('tokens'),
  /** Items that time to live will delete, by the second they expire. */
  expiries: rows<[table: number, second: number, key: Uint8Array], null>('expiries'),
  /** Minutes for which a sweep of `expiries` is scheduled. */
  sweeps: rows<[table: number, minute: number], null>('sweeps'),
  /** The streams of a table, past ones too while they can be read. */
  streams: rows<[table: string, label: string], StreamRow>('streams'),
  /** Where a stream's next record goes: every write to its table passes here. */
  streamEnds: rows<[table: number, label: string], StreamEnd>('streamEnds'),
  shards: rows<[table: number, label: string, shard: number], ShardRow>('shards'),
  records: rows<[table: number, label: string, shard: number, sequence: number], RecordRow>('records'),
});

/** Of the regions those count whose table says that it belongs to it. */
export interface GlobalTableRow {
  readonly createdAtMs: number;
  readonly regions: readonly string[];
}

/** A write, as replicas compare it. */
export interface Origin {
  readonly atMs: number;
  readonly region: string;
}

/** A transaction that a client token names. */
export interface TokenRow {
  /** SHA-256 of the request, in hex. */
  readonly request: string;
  readonly atMs: number;
}
