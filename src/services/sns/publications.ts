import type { PublishBatchResultEntry, SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { checkEntries, checkMessage, ordering } from './message.ts';
import { givenSize } from './message-attribute.ts';
import { isDeviceArn } from './platform.ts';
import { type Prepared, prepare, publishIn } from './publishing.ts';
import { publishToDevice } from './pushing.ts';
import { sendText } from './sms.ts';
import { readTopic, topicFor } from './topic.ts';
import { mostBytes } from './topic-attribute.ts';

async function publishTo(ctx: Context, arn: string, published: Parameters<typeof checkMessage>[0]) {
  const name = topicFor(ctx, arn);
  const topic = await readTopic(ctx.store, name);
  const message = checkMessage(published, mostBytes(topic));
  const prepared = await prepare(ctx, { ...message, ...ordering(topic, published) });
  const { messageId, sequence } = await ctx.transact(
    (tx) => publishIn(tx, ctx, name, prepared),
    // One group's messages stand in line here rather than in conflicts.
    topic.fifo ? { queueKey: `sns/${topic.id}/${prepared.message.group}` } : {},
  );
  return { MessageId: messageId, SequenceNumber: sequence };
}

export const publications = {
  async Publish(input, ctx) {
    const { TopicArn: topicArn, TargetArn: targetArn, PhoneNumber: phoneNumber } = input;
    const given = [topicArn, targetArn, phoneNumber].filter((target) => target !== undefined);
    if (given.length !== 1) {
      throw invalid(
        given.length === 0
          ? 'TopicArn or TargetArn Reason: no value for required parameter'
          : 'TopicArn or TargetArn or PhoneNumber Reason: only one of them may be given',
      );
    }
    if (targetArn !== undefined && isDeviceArn(targetArn)) {
      return { MessageId: await publishToDevice(ctx, targetArn, () => checkMessage(input)) };
    }
    if (phoneNumber === undefined) return publishTo(ctx, topicArn ?? targetArn ?? '', input);
    return { MessageId: await sendText(ctx, phoneNumber, checkMessage(input)) };
  },

  async PublishBatch(input, ctx) {
    const name = topicFor(ctx, input.TopicArn);
    const entries = input.PublishBatchRequestEntries;
    checkEntries(entries);
    const topic = await readTopic(ctx.store, name);
    const ready: { readonly id: string; readonly prepared: Prepared }[] = [];
    let bytes = 0;
    for (const entry of entries) {
      bytes += Buffer.byteLength(entry.Message) + givenSize(entry.MessageAttributes);
      if (bytes > mostBytes(topic)) {
        throw fault(
          'BatchRequestTooLongException',
          'The length of all the messages put together is more than the limit.',
        );
      }
      // What is wrong with one is wrong with the request.
      const message = { ...checkMessage(entry, mostBytes(topic)), ...ordering(topic, entry) };
      ready.push({ id: entry.Id, prepared: await prepare(ctx, message) });
    }
    const successful = await ctx.transact(async (tx) => {
      const published: PublishBatchResultEntry[] = [];
      for (const { id, prepared } of ready) {
        const { messageId, sequence } = await publishIn(tx, ctx, name, prepared);
        published.push({ Id: id, MessageId: messageId, SequenceNumber: sequence });
      }
      return published;
    });
    return { Successful: successful, Failed: [] };
  },
} satisfies Group<SnsOperations>;
