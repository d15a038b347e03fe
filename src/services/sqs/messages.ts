import type {
  BatchResultErrorEntry,
  SendMessageBatchResultEntry,
  SqsOperations,
} from '../../model/gen/sqs.ts';
import type { Group } from '../../service/service.ts';
import { batchAnswer, checkEntries, failedEntry } from './batch.ts';
import { commit } from './commit.ts';
import { rowsOf } from './content.ts';
import { fault, noQueue } from './fault.ts';
import { checkOrdered, MOST_BATCH_BYTES } from './message.ts';
import { queueOfUrl, readQueue } from './queue.ts';
import { acceptMessage, type Prepared, prepareMessage } from './sending.ts';

export const messages = {
  async SendMessage(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const queue = await readQueue(ctx.store, name);
    const prepared = await prepareMessage(ctx, queue, input);
    const { queues } = rowsOf(name);
    const { messageId, sequence } = await commit(
      ctx,
      async (tx) => {
        const current = await queues.get(tx, [name.name]);
        if (current === undefined) throw noQueue();
        return acceptMessage(tx, ctx, name, current, prepared);
      },
      // One group's messages stand in line here rather than in conflicts.
      queue.fifo ? { queueKey: `sqs/${queue.id}/${prepared.row.group}` } : {},
    );
    return {
      MD5OfMessageBody: prepared.row.bodyMd5,
      MD5OfMessageAttributes: prepared.attributesMd5,
      MD5OfMessageSystemAttributes: prepared.systemAttributesMd5,
      MessageId: messageId,
      SequenceNumber: sequence,
    };
  },

  async SendMessageBatch(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    checkEntries(input.Entries, 'SendMessageBatchRequestEntry');
    const queue = await readQueue(ctx.store, name);
    if (queue.fifo) for (const entry of input.Entries) checkOrdered(queue, entry);
    const total = input.Entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody), 0);
    if (total > MOST_BATCH_BYTES) throw tooLong(total);
    const ready: { readonly id: string; readonly prepared: Prepared }[] = [];
    const failed: BatchResultErrorEntry[] = [];
    let bytes = 0;
    for (const entry of input.Entries) {
      try {
        const prepared = await prepareMessage(ctx, queue, entry);
        bytes += prepared.size;
        ready.push({ id: entry.Id, prepared });
      } catch (error) {
        failed.push(failedEntry(entry.Id, error));
      }
    }
    if (bytes > MOST_BATCH_BYTES) throw tooLong(bytes);
    const { queues } = rowsOf(name);
    const successful = await commit(ctx, async (tx) => {
      const current = await queues.get(tx, [name.name]);
      if (current === undefined) throw noQueue();
      const sent: SendMessageBatchResultEntry[] = [];
      for (const { id, prepared } of ready) {
        const { messageId, sequence } = await acceptMessage(tx, ctx, name, current, prepared);
        sent.push({
          Id: id,
          MessageId: messageId,
          MD5OfMessageBody: prepared.row.bodyMd5,
          MD5OfMessageAttributes: prepared.attributesMd5,
          MD5OfMessageSystemAttributes: prepared.systemAttributesMd5,
          SequenceNumber: sequence,
        });
      }
      return sent;
    });
    return batchAnswer(successful, failed);
  },
} satisfies Group<SqsOperations>;

function tooLong(bytes: number): Error {
  return fault(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${MOST_BATCH_BYTES} bytes. You have sent ${bytes} bytes.`,
  );
}
