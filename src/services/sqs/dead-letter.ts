import type { Context } from '../../service/context.ts';
import { ordinalAt } from '../../service/ordinal.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { type QueueRows, readContent, rowsOf } from './content.ts';
import { badValue } from './fault.ts';
import { appendMessage } from './fifo-queue.ts';
import type { MessageRow, QueueRow } from './layout.ts';
import { ordinalOf } from './message-key.ts';
import { type QueueName, queueArn } from './queue.ts';
import { parseRedrivePolicy, redrivePolicyOf, takesFrom } from './redrive.ts';
import { placeMessage } from './standard-queue.ts';
import { startSweeping } from './sweeping.ts';

/** Where a queue's dead letters go, while that queue is there. */
export interface DeadLetters {
  readonly name: QueueName;
  readonly queue: QueueRow;
  readonly mostReceives: number;
}

export async function deadLettersOf(reader: Reader, source: QueueRow): Promise<DeadLetters | undefined> {
  const policy = redrivePolicyOf(source);
  if (policy === undefined) return undefined;
  const { target: name, mostReceives } = policy;
  const queue = await rowsOf(name).queues.get(reader, [name.name]);
  return queue === undefined || queue.fifo !== source.fifo ? undefined : { name, queue, mostReceives };
}

export function isDead(row: MessageRow, letters: DeadLetters | undefined): letters is DeadLetters {
  return letters !== undefined && row.receives - (row.receivesElsewhere ?? 0) >= letters.mostReceives;
}

/** A message on its way from one queue to another. */
export interface Moving {
  readonly key: string;
  readonly row: MessageRow;
  /** Drawn before the transaction. */
  readonly chance: string;
}

/**
 * Writes a message of `from` into `to`; the caller takes it out of `from`. A standard queue's message keeps the time
 * it was sent at, from which its retention counts; a FIFO queue's begins anew.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */
export async function buryMessage(
  tx: Transaction,
  ctx: Context,
  source: { readonly name: QueueName; readonly rows: QueueRows; readonly contentId: string },
  letters: DeadLetters,
  { key, row, chance }: Moving,
  nowMs: number,
): Promise<void> {
  const content = (await readContent(tx, source.rows, source.contentId, key, row)) ?? { body: '' };
  const { queue } = letters;
  const rows = rowsOf(letters.name);
  const dead: MessageRow = {
    ...row,
    visibleAtMs: nowMs,
    receivesElsewhere: row.receives,
    deadFromArn: row.deadFromArn ?? queueArn(source.name),
  };
  if (!queue.fifo || row.group === undefined) placeMessage(tx, rows, queue.contentId, key, dead, content);
  else {
    const at = { ordinal: Math.max(ordinalOf(key), ordinalAt(nowMs)), chance };
    const line = { rows, contentId: queue.contentId, group: row.group };
    await appendMessage(tx, line, at, { ...dead, sentAtMs: nowMs }, content);
  }
  await startSweeping(tx, ctx, letters.name, queue, nowMs);
}

/** A queue's dead letters go to a queue of its kind, account and region that takes them. */
export async function checkRedrive(
  tx: Transaction,
  source: QueueName,
  attributes: Readonly<Record<string, string>>,
): Promise<void> {
  const text = attributes['RedrivePolicy'];
  if (text === undefined) return;
  const { target } = parseRedrivePolicy(text);
  const queue =
    target.account === source.account && target.region === source.region
      ? await rowsOf(target).queues.get(tx, [target.name])
      : undefined;
  if (queue === undefined) throw badValue(text, 'RedrivePolicy', 'Dead letter target does not exist.');
  if (queue.fifo !== (attributes['FifoQueue'] === 'true')) {
    throw badValue(text, 'RedrivePolicy', 'Dead-letter queue must be same type of queue as the source.');
  }
  if (!takesFrom(queue, source)) {
    throw badValue(text, 'RedrivePolicy', 'Queue does not have permission to use the dead-letter queue.');
  }
}

/** The names of the queues whose dead letters come to this one. */
export async function sourcesOf(ctx: Context, target: QueueName): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { key, value } of await rowsOf(target).queues.all(ctx.store, [])) {
    const text = value.attributes['RedrivePolicy'];
    if (text !== undefined && parseRedrivePolicy(text).target.name === target.name) found.push(key[0]);
  }
  return found;
}
