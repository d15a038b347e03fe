import { createHmac, timingSafeEqual } from 'node:crypto';
import { fault } from './fault.ts';
import type { QueueRow } from './layout.ts';

/** What a receipt handle says: which message, and its how manieth receive. */
export interface Receipt {
  readonly key: string;
  readonly receives: number;
  /** Of a FIFO queue's message. */
  readonly group?: string | undefined;
}

const MAC_BYTES = 24;

function mac(queue: QueueRow, text: string): Buffer {
  return createHmac('sha256', Buffer.from(queue.secret, 'base64'))
    .update(text)
    .digest()
    .subarray(0, MAC_BYTES);
}

/** A handle nobody can make up: it carries a MAC under the queue's own secret. */
export function sealReceipt(queue: QueueRow, { key, receives, group }: Receipt): string {
  const text = JSON.stringify(group === undefined ? [key, receives] : [key, receives, group]);
  return Buffer.concat([mac(queue, text), Buffer.from(text)]).toString('base64');
}

export function openReceipt(queue: QueueRow, handle: string): Receipt {
  const bytes = Buffer.from(handle, 'base64');
  const text = bytes.subarray(MAC_BYTES).toString();
  if (bytes.length <= MAC_BYTES || !timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac(queue, text))) {
    throw fault(
      'ReceiptHandleIsInvalid',
      `The input receipt handle "${handle}" is not a valid receipt handle.`,
    );
  }
  const [key, receives, group] = JSON.parse(text) as [string, number, string?];
  return { key, receives, group };
}
