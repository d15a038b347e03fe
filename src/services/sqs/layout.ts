import type { BlobRef } from '../../store/blobs.ts';
import { keyspace, rows } from '../../store/keyspace.ts';

/**
 * SQS's rows of one account in one region.
 *
 * A queue's messages, and what is remembered of them, stand under its `contentId`, which PurgeQueue replaces: one write
 * empties a queue, and a job deletes what the old id held. A message id (`MessageKey`) sorts by arrival.
 *
 * Standard: `due` orders message ids by when each may be received next.
 * FIFO: `lines` keeps each message group in order; `due` orders the groups by when the first of each may be
 * received, and `groups` says which of a group's messages are in flight: while one is, none follows.
 */
export const layout = keyspace('sqs', {
  queues: rows<[name: string], QueueRow>('queues'),
  /** Names of queues that were deleted less than a minute ago, and when. */
  deletions: rows<[name: string], number>('deletions'),
  messages: rows<[contentId: string, messageKey: string], MessageRow>('messages'),
  /** Contents that are too long to be written again with every receive. */
  contents: rows<[contentId: string, messageKey: string], Content>('contents'),
  due: rows<[contentId: string, visibleAtMs: number, messageKeyOrGroup: string], DueRow>('due'),
  groups: rows<[contentId: string, group: string], GroupRow>('groups'),
  lines: rows<[contentId: string, group: string, messageKey: string], LineRow>('lines'),
  duplicates: rows<[contentId: string, scope: string, deduplicationId: string], DuplicateRow>('duplicates'),
  duplicateTimes: rows<[contentId: string, atMs: number, scope: string, deduplicationId: string], 0>(
    'duplicate-times',
  ),
  attempts: rows<[queueId: string, attemptId: string], AttemptRow>('attempts'),
  /** There while the queue's sweep is on its way. */
  sweeps: rows<[queueId: string], 0>('sweeps'),
  moves: rows<[sourceQueueId: string, startedAtMs: number, taskId: string], MoveRow>('moves'),
});

export interface QueueRow {
  readonly id: string;
  readonly contentId: string;
  readonly fifo: boolean;
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
  /** Keys the receipt handles, in base64. */
  readonly secret: string;
  /** As SetQueueAttributes takes them, defaults filled in. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly purgedAtMs?: number | undefined;
}

export interface StoredAttribute {
  readonly type: string;
  readonly text?: string | undefined;
  /** Base64. */
  readonly binary?: string | undefined;
}

/** What was sent; never changes. */
export interface Content {
  /** One of the two. */
  readonly body?: string | undefined;
  readonly blob?: BlobRef | undefined;
  readonly attributes?: Readonly<Record<string, StoredAttribute>> | undefined;
}

export interface MessageRow {
  readonly messageId: string;
  readonly senderId: string;
  readonly sentAtMs: number;
  readonly bodyMd5: string;
  /** Absent when it stands in `contents`. */
  readonly content?: Content | undefined;
  readonly traceHeader?: string | undefined;
  readonly visibleAtMs: number;
  readonly receives: number;
  readonly firstReceivedAtMs?: number | undefined;
  readonly lastReceivedAtMs?: number | undefined;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
  readonly sequence?: string | undefined;
  /** Receives before it came to this queue. */
  readonly receivesElsewhere?: number | undefined;
  /** The queue whose redrive policy moved it here. */
  readonly deadFromArn?: string | undefined;
}

/** `receives` tells a delayed message from one in flight; it is 0 for a group. */
export interface DueRow {
  readonly receives: number;
  /** The tenant of a standard queue's message, which has a fair share of its receivers. */
  readonly group?: string | undefined;
}

export interface GroupRow {
  readonly availableAtMs: number;
  /** By message key: until when. Those whose time is over are in line again. */
  readonly inFlight: Readonly<Record<string, number>>;
}

export interface LineRow {
  readonly visibleAtMs: number;
  readonly receives: number;
}

export interface DuplicateRow {
  readonly messageId: string;
  readonly sequence: string;
  readonly atMs: number;
}

/** What a ReceiveRequestAttemptId was answered with. */
export interface AttemptRow {
  readonly atMs: number;
  readonly contentId: string;
  readonly taken: readonly AttemptedMessage[];
}

export interface AttemptedMessage {
  readonly group: string;
  readonly key: string;
  readonly receives: number;
  readonly visibleAtMs: number;
}

export interface MoveRow {
  readonly sourceArn: string;
  readonly destinationArn?: string | undefined;
  readonly perSecond?: number | undefined;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  readonly toMove: number;
  readonly failure?: string | undefined;
}
