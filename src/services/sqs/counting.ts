import type { Store } from '../../store/store.ts';
import { rowsOf } from './content.ts';
import type { QueueRow } from './layout.ts';
import type { QueueName } from './queue.ts';
import { isExpired } from './sweeping.ts';

/** What GetQueueAttributes calls approximate. */
export interface Counts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

const PAGE = 2000;

/** Counts a queue's messages by reading their index in pages: exact when nobody writes meanwhile. */
export async function countMessages(
  store: Store,
  name: QueueName,
  queue: QueueRow,
  nowMs: number,
): Promise<Counts> {
  const { due, lines } = rowsOf(name);
  const { contentId, fifo } = queue;
  let visible = 0;
  let inFlight = 0;
  let delayed = 0;
  const count = (messageKey: string, visibleAtMs: number, receives: number) => {
    if (isExpired(queue, messageKey, nowMs)) return;
    if (visibleAtMs <= nowMs) visible++;
    else if (receives === 0) delayed++;
    else inFlight++;
  };
  if (fifo) {
    let after: [string, string, string] | undefined;
    do {
      const page = await lines.page(store, [contentId], { limit: PAGE, ...(after ? { after } : {}) });
      for (const { key, value } of page.rows) count(key[2], value.visibleAtMs, value.receives);
      after = page.next;
    } while (after !== undefined);
  } else {
    let after: [string, number, string] | undefined;
    do {
      const page = await due.page(store, [contentId], { limit: PAGE, ...(after ? { after } : {}) });
      for (const { key, value } of page.rows) count(key[2], key[1], value.receives);
      after = page.next;
    } while (after !== undefined);
  }
  return { visible, inFlight, delayed };
}
