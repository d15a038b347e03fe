import { createHash } from 'node:crypto';
import { badValue, fault, missing } from './fault.ts';
import type { QueueRow } from './layout.ts';
import { attributesSize, isAllowedText, type StoredAttributes } from './message-attribute.ts';
import { numberOf } from './queue.ts';

/** A batch's messages together may be no longer than this many bytes. */
export const MOST_BATCH_BYTES = 1_048_576;
const MOST_DELAY_SECONDS = 900;
const ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** A message's size in bytes, as its queue's MaximumMessageSize bounds it. */
export function sizeOf(body: string, attributes: StoredAttributes | undefined): number {
  return Buffer.byteLength(body) + attributesSize(attributes);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export function checkBody(queue: QueueRow, body: string, attributes: StoredAttributes | undefined): void {
  if (body === '') throw missing('MessageBody');
  if (!isAllowedText(body)) {
    throw fault(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.',
    );
  }
  const most = numberOf(queue, 'MaximumMessageSize');
  if (sizeOf(body, attributes) > most) {
    throw fault(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
    );
  }
}

/** The delay of one message, in milliseconds. */
export function delayMs(queue: QueueRow, seconds: number | undefined): number {
  if (seconds !== undefined) {
    if (seconds < 0 || seconds > MOST_DELAY_SECONDS) {
      throw badValue(seconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${MOST_DELAY_SECONDS}.`);
    }
    if (queue.fifo && seconds > 0) {
      throw badValue(
        seconds,
        'DelaySeconds',
        'The request include parameter that is not valid for this queue type.',
      );
    }
  }
  return (queue.fifo ? numberOf(queue, 'DelaySeconds') : (seconds ?? numberOf(queue, 'DelaySeconds'))) * 1000;
}

function checkId(value: string, parameter: string): void {
  if (!ID.test(value)) {
    throw badValue(
      value,
      parameter,
      `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  }
}

/** The group of a message; a standard queue takes one too, for fairness between tenants. */
export function groupOf(queue: QueueRow, group: string | undefined): string | undefined {
  if (group !== undefined) checkId(group, 'MessageGroupId');
  else if (queue.fifo) throw missing('MessageGroupId');
  return group;
}

export function deduplicationIdOf(queue: QueueRow, id: string | undefined, body: string): string | undefined {
  if (!queue.fifo) {
    if (id === undefined) return undefined;
    throw badValue(
      id,
      'MessageDeduplicationId',
      'The request include parameter that is not valid for this queue type.',
    );
  }
  if (id !== undefined) {
    checkId(id, 'MessageDeduplicationId');
    return id;
  }
  if (queue.attributes['ContentBasedDeduplication'] !== 'true') throw noDeduplicationId();
  return createHash('sha256').update(body).digest('hex');
}

function noDeduplicationId(): Error {
  return fault(
    'InvalidParameterValue',
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

/** What an entry of a FIFO queue's batch must have: without it the whole batch is refused. */
export function checkOrdered(
  queue: QueueRow,
  entry: {
    readonly MessageGroupId?: string | undefined;
    readonly MessageDeduplicationId?: string | undefined;
  },
): void {
  if (entry.MessageGroupId === undefined) {
    throw fault('InvalidParameterValue', 'The request must contain the parameter MessageGroupId.');
  }
  if (entry.MessageDeduplicationId !== undefined) return;
  if (queue.attributes['ContentBasedDeduplication'] !== 'true') throw noDeduplicationId();
}
