import type { GetQueueAttributesResult, SqsOperations } from '../../model/gen/sqs.ts';
import type { Group } from '../../service/service.ts';
import { boundAttributes, COUNTS, changedAttributes, isKnown, unknownAttribute } from './attribute.ts';
import { rowsOf } from './content.ts';
import { countMessages } from './counting.ts';
import { checkRedrive } from './dead-letter.ts';
import { noteKey, queueArn, queueOfUrl, readQueue } from './queue.ts';

export const attributes = {
  async GetQueueAttributes(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const wanted: readonly string[] = input.AttributeNames ?? [];
    const unknown = wanted.find((attribute) => attribute !== 'All' && !isKnown(attribute));
    if (unknown !== undefined) throw unknownAttribute(unknown);
    const queue = await readQueue(ctx.store, name);
    if (wanted.length === 0) return {};
    const all = wanted.includes('All');
    const shown: Record<string, string> = {
      QueueArn: queueArn(name),
      CreatedTimestamp: String(Math.floor(queue.createdAtMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(queue.modifiedAtMs / 1000)),
      ...queue.attributes,
    };
    if (all || COUNTS.some((attribute) => wanted.includes(attribute))) {
      const counts = await countMessages(ctx.store, name, queue, ctx.world.clock.now());
      shown['ApproximateNumberOfMessages'] = String(counts.visible);
      shown['ApproximateNumberOfMessagesNotVisible'] = String(counts.inFlight);
      shown['ApproximateNumberOfMessagesDelayed'] = String(counts.delayed);
    }
    const { Policy: policy } = shown;
    if (policy !== undefined && (all || wanted.includes('Policy')))
      shown['Policy'] = await ctx.ports.identity.namedPrincipals(policy);
    const found = all
      ? shown
      : Object.fromEntries(Object.entries(shown).filter(([attribute]) => wanted.includes(attribute)));
    return Object.keys(found).length === 0
      ? {}
      : { Attributes: found as GetQueueAttributesResult['Attributes'] };
  },

  async SetQueueAttributes(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const asked = input.Attributes as Readonly<Record<string, string>>;
    const given = await boundAttributes(asked, name.account, ctx);
    noteKey(ctx, given);
    const modifiedAtMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      const queue = await readQueue(tx, name);
      const after = changedAttributes(queue.attributes, given);
      if (given['RedrivePolicy'] !== undefined) await checkRedrive(tx, name, after);
      rowsOf(name).queues.set(tx, [name.name], { ...queue, attributes: after, modifiedAtMs });
    });
    return {};
  },
} satisfies Group<SqsOperations>;
