import type { BatchResultErrorEntry, SqsOperations } from '../../model/gen/sqs.ts';
import type { Group } from '../../service/service.ts';
import { batchAnswer, checkEntries, failedEntry } from './batch.ts';
import { changeVisibilities, deleteByHandles } from './handled.ts';
import { queueOfUrl } from './queue.ts';

/** An entry's success or failure from the outcome of its work. */
function answered(
  entries: readonly { readonly Id: string }[],
  outcomes: readonly (Error | undefined)[],
): ReturnType<typeof batchAnswer<{ readonly Id: string }>> {
  const successful: { readonly Id: string }[] = [];
  const failed: BatchResultErrorEntry[] = [];
  for (const [index, { Id }] of entries.entries()) {
    const error = outcomes[index];
    if (error === undefined) successful.push({ Id });
    else failed.push(failedEntry(Id, error));
  }
  return batchAnswer(successful, failed);
}

function orThrow(outcomes: readonly (Error | undefined)[]): Record<string, never> {
  if (outcomes[0] !== undefined) throw outcomes[0];
  return {};
}

/** What a receiver does with a message it holds. */
export const settlements = {
  async DeleteMessage(input, ctx) {
    return orThrow(await deleteByHandles(ctx, queueOfUrl(input.QueueUrl, ctx), [input.ReceiptHandle]));
  },

  async DeleteMessageBatch(input, ctx) {
    checkEntries(input.Entries, 'DeleteMessageBatchRequestEntry');
    const handles = input.Entries.map(({ ReceiptHandle }) => ReceiptHandle);
    return answered(input.Entries, await deleteByHandles(ctx, queueOfUrl(input.QueueUrl, ctx), handles));
  },

  async ChangeMessageVisibility(input, ctx) {
    const change = { handle: input.ReceiptHandle, seconds: input.VisibilityTimeout };
    return orThrow(await changeVisibilities(ctx, queueOfUrl(input.QueueUrl, ctx), [change]));
  },

  async ChangeMessageVisibilityBatch(input, ctx) {
    checkEntries(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
    const changes = input.Entries.map(({ ReceiptHandle, VisibilityTimeout }) => ({
      handle: ReceiptHandle,
      seconds: VisibilityTimeout ?? 0,
    }));
    return answered(input.Entries, await changeVisibilities(ctx, queueOfUrl(input.QueueUrl, ctx), changes));
  },
} satisfies Group<SqsOperations>;
