import type { BlobRef } from '../../store/blobs.ts';
import { keyspace, rows } from '../../store/keyspace.ts';

/** SNS's rows of one account in one region. A subscription is kept with its topic, whoever owns it. */
export const layout = keyspace('sns', {
  topics: rows<[name: string], TopicRow>('topics'),
  subscriptions: rows<[topic: string, id: string], SubscriptionRow>('subscriptions'),
  /** A topic has one subscription of an endpoint. */
  endpoints: rows<[topic: string, protocol: string, endpoint: string], string>('endpoints'),
  /** What was sent to be confirmed with, for two days. */
  tokens: rows<[topic: string, token: string], string>('tokens'),
  /** Subscriptions that somebody other than their owner ended, and may take back with what they were sent, for two days. */
  departed: rows<[topic: string, token: string], DepartedRow>('departed'),
  /** Subscriptions of the account, in its own topics and others'. */
  owned: rows<[subscriptionArn: string], 0>('owned'),
  /** What a job is to deliver, one row a subscription. */
  deliveries: rows<[id: string], DeliveryRow>('deliveries'),
  /** FIFO topics' deliveries in their order, one line a subscription and message group. */
  lines: rows<[subscriptionId: string, group: string, ordinal: number], string>('lines'),
  /** What FIFO topics keep to send again, by the time of its publication. */
  archived: rows<[archiveId: string, atMs: number, ordinal: number], MessageRow>('archived'),
  /** There while the archive's sweep is on its way. */
  archiveSweeps: rows<[archiveId: string], 0>('archive-sweeps'),
  duplicates: rows<[topicId: string, scope: string, deduplicationId: string], DuplicateRow>('duplicates'),
  sms: rows<[], Readonly<Record<string, string>>>('sms'),
  /** Test destinations of text messages. */
  sandboxNumbers: rows<[phoneNumber: string], SandboxNumberRow>('sandbox-numbers'),
  /** Applications of the push services, and the devices that registered with each. */
  applications: rows<[platform: string, name: string], PlatformApplicationRow>('applications'),
  devices: rows<[platform: string, application: string, id: string], DeviceRow>('devices'),
  deviceTokens: rows<[platform: string, application: string, token: string], string>('device-tokens'),
  optedOut: rows<[phoneNumber: string], 0>('opted-out'),
});

/** One key pair signs for the whole cloud. */
export const signingLayout = keyspace('sns-signing', { keys: rows<[], SigningRow>('keys') });

export interface TopicRow {
  readonly id: string;
  readonly fifo: boolean;
  readonly createdAtMs: number;
  /** As SetTopicAttributes takes them; those at their defaults are absent. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly deleted: number;
  /** JSON text; kept and shown. */
  readonly dataProtectionPolicy?: string;
  /** There while the topic has an archive policy. */
  readonly archive?: { readonly id: string; readonly sinceMs: number };
}

export interface SubscriptionRow {
  readonly protocol: string;
  readonly endpoint: string;
  readonly owner: string;
  /** The ARN of who subscribed. */
  readonly principal: string;
  /** Absent once it is confirmed. */
  readonly pendingToken?: string | undefined;
  readonly authenticated: boolean;
  readonly authenticateOnUnsubscribe?: boolean | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly replay?: ReplayRow | undefined;
}

export interface DepartedRow {
  readonly id: string;
  readonly subscription: SubscriptionRow;
}

export interface ReplayRow {
  readonly id: string;
  readonly status: 'Pending' | 'In progress' | 'Completed' | 'Failed';
  readonly startMs: number;
  readonly endMs?: number | undefined;
  /** Time and ordinal of the last archived message that was looked at. */
  readonly after?: readonly [number, number] | undefined;
}

export interface StoredAttribute {
  readonly type: string;
  /** Base64 for Binary. */
  readonly value: string;
}

/** A message in one protocol's words. */
export interface MessageRow {
  readonly messageId: string;
  /** One of the two. */
  readonly message?: string | undefined;
  readonly blob?: BlobRef | undefined;
  readonly subject?: string | undefined;
  readonly attributes?: Readonly<Record<string, StoredAttribute>> | undefined;
  readonly atMs: number;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly sequence?: string | undefined;
  /** Of who published. */
  readonly traceHeader?: string | undefined;
}

/** A message on its way to one subscription. */
export interface DeliveryRow extends MessageRow {
  readonly topic: string;
  readonly subscriptionId: string;
  /** Out of the archive. */
  readonly replayed?: boolean | undefined;
}

export interface DuplicateRow {
  readonly messageId: string;
  readonly sequence: string;
  readonly atMs: number;
}

export interface SandboxNumberRow {
  readonly verified: boolean;
  /** What was sent to verify it with. */
  readonly password?: string;
  /** When it was verified, or sent a password last. */
  readonly atMs: number;
}

export interface PlatformApplicationRow {
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeviceRow {
  readonly attributes: Readonly<Record<string, string>>;
}

export interface SigningRow {
  /** PEM. */
  readonly certificate: string;
  readonly sealedKey: string;
}
