import type {
  AttributeDefinition,
  BillingMode,
  KeySchemaElement,
  OnDemandThroughput,
  ProjectionType,
  SSESpecification,
  StreamViewType,
  TableClass,
} from '../../model/gen/dynamodb.ts';
import type { Warmth } from './warm-throughput.ts';

/** What a table is, as it is stored. */
export interface TableRow {
  /** Names the table in keys. */
  readonly number: number;
  /** Grows with every change of the row. */
  readonly version: number;
  readonly id: string;
  readonly name: string;
  /** CREATING while it is being restored. */
  readonly status: 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';
  readonly createdAtMs: number;
  readonly attributes: readonly AttributeDefinition[];
  readonly keySchema: readonly KeySchemaElement[];
  readonly billingMode: BillingMode;
  /** When the table last became PAY_PER_REQUEST. */
  readonly onDemandSinceMs?: number;
  /** When it was switched there within a day. */
  readonly switchedMs?: readonly number[];
  readonly throughput: Throughput;
  readonly onDemandThroughput?: OnDemandThroughput;
  readonly warmth?: Warmth;
  readonly indexes: readonly IndexRow[];
  /** The number the next index takes. */
  readonly nextIndex: number;
  readonly tableClass?: TableClass;
  readonly deletionProtection: boolean;
  readonly encryption?: SSESpecification;
  /** The stream that is on. */
  readonly stream?: { readonly label: string; readonly view: StreamViewType };
  /** Of the stream that was on last. */
  readonly latestStream?: string;
  /** Time to live is on. */
  readonly expiryAttribute?: string;
  readonly policy?: PolicyRow;
  /** Point-in-time recovery is on. */
  readonly recovery?: { readonly sinceMs: number; readonly days: number };
  /** The same table in other regions. */
  readonly replicas?: readonly { readonly region: string; readonly status: 'CREATING' | 'ACTIVE' }[];
  /** The replicas are tables of their own, bound together by the API of 2017. */
  readonly bound?: true;
  /** Jobs that read the table's past: backups and restores under way. */
  readonly readers?: number;
  /** Where its first items are from. */
  readonly restored?: {
    readonly atMs: number;
    readonly inProgress: boolean;
    /** ARNs. */
    readonly source: { readonly table: string; readonly backup?: string };
  };
}

/** Whether writes keep the images from before them. */
export function keepsHistory({ recovery, readers }: TableRow): boolean {
  return recovery !== undefined || readers !== undefined;
}

/** A policy attached to a table or stream. */
export interface PolicyRow {
  readonly document: string;
  readonly revision: string;
}

/** Provisioned units a second; zeros on demand. */
export interface Throughput {
  readonly reads: number;
  readonly writes: number;
  readonly lastIncreaseAtMs?: number;
  readonly lastDecreaseAtMs?: number;
  /** Of the last UTC day that had any. */
  readonly decreases?: { readonly day: number; readonly count: number };
}

export interface IndexRow {
  /** Names the index in keys, within its table; 0 is the table itself. */
  readonly number: number;
  readonly name: string;
  readonly kind: 'local' | 'global';
  readonly keySchema: readonly KeySchemaElement[];
  readonly projection: ProjectionType;
  readonly nonKeyAttributes?: readonly string[];
  /** CREATING until every item has its entry; writers keep it up from the start. */
  readonly status: 'ACTIVE' | 'CREATING' | 'DELETING';
  readonly throughput: Throughput;
  readonly onDemandThroughput?: OnDemandThroughput;
  readonly warmth?: Warmth;
}
