import type { Message, SqsOperations } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { earlierAttempt, rememberAttempt } from './attempts.ts';
import { bodyOf, readContent, rowsOf } from './content.ts';
import { badValue, fault } from './fault.ts';
import type { MessageRow, QueueRow } from './layout.ts';
import { attributesMd5, selectAttributes, shownAttribute } from './message-attribute.ts';
import { numberOf, type QueueName, queueOfUrl, readQueue } from './queue.ts';
import { sealReceipt } from './receipt.ts';
import { type Taken, type Taking, takeMessages } from './taking.ts';
import { bellOf } from './waiting.ts';

const MOST_MESSAGES = 10;
const MOST_WAIT_SECONDS = 20;
export const MOST_VISIBILITY_SECONDS = 43_200;
/** A receive that meets only dead letters, expired messages and other receivers this often finds nothing. */
const MOST_TRIES = 50;

interface Asked {
  readonly most: number;
  readonly waitMs: number;
  readonly visibilityMs: number;
}

function asked(
  queue: QueueRow,
  input: {
    readonly MaxNumberOfMessages?: number | undefined;
    readonly WaitTimeSeconds?: number | undefined;
    readonly VisibilityTimeout?: number | undefined;
  },
): Asked {
  const most = input.MaxNumberOfMessages ?? 1;
  if (most < 1 || most > MOST_MESSAGES) {
    throw badValue(most, 'MaxNumberOfMessages', `Must be between 1 and ${MOST_MESSAGES}, if provided.`);
  }
  const wait = input.WaitTimeSeconds ?? numberOf(queue, 'ReceiveMessageWaitTimeSeconds');
  if (wait < 0 || wait > MOST_WAIT_SECONDS) {
    throw badValue(wait, 'WaitTimeSeconds', `Must be >= 0 and <= ${MOST_WAIT_SECONDS}, if provided.`);
  }
  const visibility = input.VisibilityTimeout ?? numberOf(queue, 'VisibilityTimeout');
  if (visibility < 0 || visibility > MOST_VISIBILITY_SECONDS) {
    throw badValue(
      visibility,
      'VisibilityTimeout',
      `Must be >= 0 and <= ${MOST_VISIBILITY_SECONDS}, if provided.`,
    );
  }
  return { most, waitMs: wait * 1000, visibilityMs: visibility * 1000 };
}

/** Takes what there is; waits for something when there is nothing, up to the wait time and while the client does. */
async function takeOrWait(ctx: Context, asking: Taking, waitMs: number): Promise<readonly Taken[]> {
  const { clock } = ctx.world;
  const untilMs = clock.monotonic() + waitMs;
  const { due } = rowsOf(asking.name);
  let taking = asking;
  const listen = () => (waitMs > 0 ? bellOf(ctx, due.rangeOf([taking.queue.contentId])) : undefined);
  let bell = listen();
  try {
    // Whether the client has left matters to who waits: to ask costs more than a short poll.
    for (let tries = 1; bell === undefined || !ctx.signal.aborted; tries++) {
      const { taken, again, nextDueMs, full } = await takeMessages(ctx, taking);
      if (taken.length > 0) return taken;
      if (again && tries < MOST_TRIES) continue;
      const leftMs = untilMs - clock.monotonic();
      if (full === true && bell === undefined && !taking.queue.fifo) throw overLimit();
      if (bell === undefined || leftMs <= 0) break;
      tries = 0;
      const dueInMs = nextDueMs === undefined ? leftMs : Math.max(1, nextDueMs - clock.now());
      await bell.wait(Math.min(leftMs, dueInMs));
      const queue = await stillThere(ctx, taking);
      if (queue === undefined) break;
      if (queue.contentId === taking.queue.contentId) continue;
      // A purge gave the queue a new place for what comes.
      bell.close();
      taking = { ...taking, queue };
      bell = listen();
    }
    return [];
  } finally {
    bell?.close();
  }
}

/** Of a standard queue that is asked without waiting: a long poll, and a FIFO queue, answer nothing instead. */
function overLimit(): Error {
  return fault('OverLimit', 'The maximum number of in flight messages for this queue has been reached.');
}

/** The queue as it is now; undefined when the client has left meanwhile. Throws when the queue is gone. */
async function stillThere(ctx: Context, { name }: Taking): Promise<QueueRow | undefined> {
  return ctx.signal.aborted ? undefined : readQueue(ctx.store, name);
}

const SYSTEM: Readonly<Record<string, (row: MessageRow) => string | undefined>> = {
  SenderId: (row) => row.senderId,
  SentTimestamp: (row) => String(row.sentAtMs),
  ApproximateReceiveCount: (row) => String(row.receives),
  ApproximateFirstReceiveTimestamp: (row) => String(row.firstReceivedAtMs),
  SequenceNumber: (row) => row.sequence,
  MessageDeduplicationId: (row) => row.deduplicationId,
  MessageGroupId: (row) => row.group,
  AWSTraceHeader: (row) => row.traceHeader,
  DeadLetterQueueSourceArn: (row) => row.deadFromArn,
};

/** The system attributes asked for; clients name them as queue attributes too, of which only these are a message's. */
function systemAttributes(row: MessageRow, wanted: readonly string[]): Record<string, string> | undefined {
  const all = wanted.includes('All');
  const shown: Record<string, string> = {};
  for (const [name, read] of Object.entries(SYSTEM)) {
    if (!all && !wanted.includes(name)) continue;
    const value = read(row);
    if (value !== undefined) shown[name] = value;
  }
  return Object.keys(shown).length === 0 ? undefined : shown;
}

async function show(
  ctx: Context,
  name: QueueName,
  queue: QueueRow,
  { contentId, key, row }: Taken,
  wanted: { readonly system: readonly string[]; readonly attributes: readonly string[] },
): Promise<Message | undefined> {
  const content = await readContent(ctx.store, rowsOf(name), contentId, key, row);
  // Purged meanwhile.
  if (content === undefined) return undefined;
  const attributes = selectAttributes(content.attributes, wanted.attributes);
  return {
    MessageId: row.messageId,
    ReceiptHandle: sealReceipt(queue, {
      key,
      receives: row.receives,
      ...(queue.fifo ? { group: row.group } : {}),
    }),
    MD5OfBody: row.bodyMd5,
    Body: await bodyOf(ctx, content),
    Attributes: systemAttributes(row, wanted.system) as Message['Attributes'],
    MD5OfMessageAttributes: attributes && attributesMd5(attributes),
    MessageAttributes:
      attributes &&
      Object.fromEntries(Object.entries(attributes).map(([label, value]) => [label, shownAttribute(value)])),
  };
}

export const receives = {
  async ReceiveMessage(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const queue = await readQueue(ctx.store, name);
    const { most, waitMs, visibilityMs } = asked(queue, input);
    const system: readonly string[] = [
      ...(input.AttributeNames ?? []),
      ...(input.MessageSystemAttributeNames ?? []),
    ];
    const unknown = (input.MessageSystemAttributeNames ?? []).find(
      (label) => label !== 'All' && !Object.hasOwn(SYSTEM, label),
    );
    if (unknown !== undefined) throw fault('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
    const attempt = queue.fifo ? input.ReceiveRequestAttemptId : undefined;
    const taking = { name, queue, most, visibilityMs };
    const earlier = attempt === undefined ? undefined : await earlierAttempt(ctx, taking, attempt);
    const taken = earlier ?? (await takeOrWait(ctx, taking, waitMs));
    if (attempt !== undefined && earlier === undefined) await rememberAttempt(ctx, taking, attempt, taken);
    const shown = await Promise.all(
      taken.map((message) =>
        show(ctx, name, queue, message, { system, attributes: input.MessageAttributeNames ?? [] }),
      ),
    );
    const found = shown.filter((message) => message !== undefined);
    return found.length === 0 ? {} : { Messages: found };
  },
} satisfies Group<SqsOperations>;
