import type { AdvancedEventSelector, EventSelector } from '../../model/gen/cloudtrail.ts';
import type { Activity, RecordedDecision } from '../../service/audit.ts';
import { keyspace, rows } from '../../store/keyspace.ts';
import type { EventRecord, TrailEvent } from './event.ts';

/** CloudTrail's rows. Events are under the account and region they happened in; decisions belong to the whole cloud. */
export const layout = keyspace('cloudtrail', {
  events: rows<[atMs: number, eventId: string], TrailEvent>('events'),
  /** Events by what LookupEvents asks for. */
  lookup: rows<[attribute: string, value: string, atMs: number, eventId: string], true>('lookup'),
  /** Marks that a job of {@link retention} waits for this scope. */
  retention: rows<[], true>('retention'),

  /** Under the account, in no region. */
  trails: rows<[homeRegion: string, name: string], TrailRow>('trails'),
  /** Only global: accounts that have or had trails. */
  trailAccounts: rows<[account: string], true>('trail-accounts'),
  /** Only global: changes with every trail, so that caches watch one key. */
  trailChanges: rows<[], string>('trail-changes'),
  /** What a trail has selected and not yet delivered, under the region it happened in. */
  outbox: rows<[homeRegion: string, trail: string, atMs: number, eventId: string], EventRecord>('outbox'),
  /** Marks that a job will deliver the outbox, or write the digest, of a trail. */
  deliveries: rows<[homeRegion: string, trail: string, kind: 'deliver' | 'digest'], true>('deliveries'),
  /** Delivered files that no digest names yet. */
  files: rows<[homeRegion: string, trail: string, atMs: number, key: string], DeliveredFile>('files'),
  /** The last digest of each trail, under the region it is of. */
  digests: rows<[homeRegion: string, trail: string], DigestRow>('digests'),
  /** Only global: what digests are signed with. */
  signingKeys: rows<[fingerprint: string], SigningKeyRow>('signing-keys'),

  /** Only global: what `lambent iam why` shows. */
  decisions: rows<[requestId: string], RecordedDecision>('decisions'),
  decisionAges: rows<[atMs: number, requestId: string], true>('decision-ages'),
  /** Only global: the latest data calls, as many as were kept of each interval; the slots are written over in turn. */
  samples: rows<[slot: number], readonly RecordedDecision[]>('samples'),
  /** Under the account of the principal, in no region. */
  activity: rows<[principal: string, action: string, resource: string], ActivityRow>('activity'),
});

export type ActivityRow = Omit<Activity, 'action' | 'resource'>;

/** CloudTrail's event history reaches back this far; virtual time. */
export const RETENTION_MS = 90 * 24 * 60 * 60 * 1000;

export interface TrailRow {
  readonly name: string;
  readonly homeRegion: string;
  readonly bucket: string;
  readonly prefix?: string;
  readonly snsTopicArn?: string;
  readonly includeGlobal: boolean;
  readonly multiRegion: boolean;
  readonly validation: boolean;
  /** Of an organization's trail, which takes the events of all its members. */
  readonly organizationId?: string;
  readonly logGroupArn?: string;
  readonly logRoleArn?: string;
  readonly eventSelectors?: readonly EventSelector[];
  readonly advancedSelectors?: readonly AdvancedEventSelector[];
  readonly tags: Readonly<Record<string, string>>;
  readonly logging: boolean;
  readonly startedAtMs?: number;
  readonly stoppedAtMs?: number;
  readonly delivery?: Attempt;
  readonly notification?: Attempt;
  readonly logDelivery?: Attempt;
  readonly digestDelivery?: Attempt;
}

/** How the last try went; times are virtual. */
export interface Attempt {
  readonly attemptedAtMs: number;
  /** Of the last that succeeded. */
  readonly succeededAtMs?: number;
  /** Of the last, when it failed. */
  readonly error?: string;
}

export interface DeliveredFile {
  readonly bucket: string;
  /** SHA-256 of the uncompressed content, hex. */
  readonly hash: string;
  readonly oldestEventTime: string;
  readonly newestEventTime: string;
}

export interface DigestRow {
  readonly bucket: string;
  readonly key: string;
  readonly hash: string;
  readonly signature: string;
  readonly endMs: number;
}

export interface SigningKeyRow {
  /** PKCS #1, DER, base64. */
  readonly publicKey: string;
  /** PKCS #8, encrypted under the server's key. */
  readonly sealedPrivateKey: string;
  readonly fromMs: number;
  readonly untilMs: number;
}
