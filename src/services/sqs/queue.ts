import { formatArn, parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import type { KeyRange, Reader } from '../../store/store.ts';
import { fault, noQueue } from './fault.ts';
import { layout, type QueueRow } from './layout.ts';

/** Where a queue is; its owner need not be the caller. */
export interface QueueName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const FIFO_NAME = /^(?=.{6,80}$)[A-Za-z0-9_-]+\.fifo$/;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
export function checkName(name: string, fifo: boolean): void {
  if (fifo && !FIFO_NAME.test(name)) {
    throw fault(
      'InvalidParameterValue',
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
  if (!fifo && !NAME.test(name)) {
    throw fault(
      'InvalidParameterValue',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
}

/**
 * The queue a URL names: its last two parts are the owner's account and the name, whatever host is before them. A name
 * alone is that of a queue of the caller's.
 */
export function queueOfUrl(
  url: string,
  ctx: { readonly account: string; readonly region: string },
): QueueName {
  const [, account = ctx.account, name] = /^(?:(?:.*\/)?(\d{12})\/)?([^/?#]+)\/?$/.exec(url) ?? [];
  // AWS says of any other address that no queue is there.
  if (name === undefined) throw noQueue();
  return { account, region: ctx.region, name };
}

export function queueOfArn(text: string): QueueName | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'sqs' || arn.account === '' || arn.resource === '') return undefined;
  return { account: arn.account, region: arn.region, name: arn.resource };
}

export function queueArn({ account, region, name }: QueueName): string {
  return formatArn('sqs', region, account, name);
}

export function queueUrl(ctx: Context, { account, name }: QueueName): string {
  return `${ctx.endpoint}/${account}/${name}`;
}

export async function readQueue(reader: Reader, { account, region, name }: QueueName): Promise<QueueRow> {
  const queue = await layout.at(account, region).queues.get(reader, [name]);
  if (queue === undefined) throw noQueue();
  return queue;
}

/** A setting in seconds, bytes or whatever its unit is. */
export function numberOf(queue: QueueRow, attribute: string): number {
  return Number(queue.attributes[attribute] ?? 0);
}

/** The rows that change when a message comes or is moved, for who polls the queue. */
export async function queueChanges(arn: string, ctx: Context): Promise<KeyRange | undefined> {
  const name = queueOfArn(arn);
  if (name === undefined) return undefined;
  const rows = layout.at(name.account, name.region);
  const queue = await rows.queues.get(ctx.store, [name.name]);
  return queue === undefined ? undefined : rows.due.rangeOf([queue.contentId]);
}

/** When the next message may be received. */
export async function nextVisible(arn: string, ctx: Context): Promise<number | undefined> {
  const name = queueOfArn(arn);
  if (name === undefined) return undefined;
  const rows = layout.at(name.account, name.region);
  const queue = await rows.queues.get(ctx.store, [name.name]);
  if (queue === undefined) return undefined;
  const [next] = (await rows.due.page(ctx.store, [queue.contentId], { limit: 1 })).rows;
  return next?.key[1];
}

/** A key's name is kept and shown; it seals nothing. */
export function noteKey(ctx: Context, given: Readonly<Record<string, string>>): void {
  const { KmsMasterKeyId: key = '' } = given;
  if (key !== '') ctx.log('info', `KmsMasterKeyId ${key} is kept; messages are not encrypted under it`);
}
