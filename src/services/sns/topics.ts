import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { archiveBegins, withArchive } from './archiving.ts';
import { checkDataProtection } from './data-protection.ts';
import { shownTopicPolicy } from './delivery-policy.ts';
import { eraseSubscription } from './erasing.ts';
import { fault, invalid } from './fault.ts';
import { layout, type TopicRow } from './layout.ts';
import { sealToken, unsealToken } from './page.ts';
import { boundPolicy, defaultPolicy } from './policy.ts';
import { hasTags, tagMap } from './tag.ts';
import { checkTopicName, readTopic, rowsOf, type TopicName, topicArn, topicFor } from './topic.ts';
import { checkLarge, checkTopicAttribute, isIdleFeedback, withAttribute } from './topic-attribute.ts';

const PAGE = 100;

function newTopic(
  ctx: Context,
  given: Readonly<Record<string, string | undefined>>,
  tags: Readonly<Record<string, string>>,
): TopicRow {
  const { FifoTopic = 'false', ...others } = given;
  if (FifoTopic !== 'true' && FifoTopic !== 'false')
    throw invalid('FifoTopic Reason: FifoTopic must be true or false');
  const fifo = FifoTopic === 'true';
  const attributes: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(others)) {
    checkTopicAttribute(name, value, fifo);
    noteKept(ctx, name, value);
    if (value !== '') attributes[name] = value;
  }
  return {
    id: ctx.world.random.uuid(),
    fifo,
    createdAtMs: Math.floor(ctx.world.clock.now()),
    attributes,
    tags,
    deleted: 0,
  };
}

/** What is kept and shown without an effect is said to be. */
function noteKept(ctx: Context, attribute: string, value: string): void {
  if (value === '') return;
  if (isIdleFeedback(attribute)) {
    ctx.log('info', `${attribute} is kept; there are no such deliveries`);
  } else if (attribute === 'KmsMasterKeyId') {
    ctx.log('info', `KmsMasterKeyId ${value} is kept; messages are not encrypted under it`);
  } else if (attribute === 'TracingConfig' && value === 'Active') {
    ctx.log('info', 'TracingConfig Active is kept; deliveries are not traced');
  }
}

async function countSubscriptions(
  ctx: Context,
  name: TopicName,
): Promise<{ readonly confirmed: number; readonly pending: number }> {
  const all = await rowsOf(name).subscriptions.all(ctx.store, [name.name]);
  const pending = all.filter(({ value }) => value.pendingToken !== undefined).length;
  return { confirmed: all.length - pending, pending };
}

export const topics = {
  async CreateTopic(input, ctx) {
    const name: TopicName = { account: ctx.account, region: ctx.region, name: input.Name };
    const tags = tagMap(input.Tags);
    const { Policy: policy = '', ...others } = input.Attributes ?? {};
    const bound = policy === '' ? others : { ...others, Policy: await boundPolicy(policy, ctx.account, ctx) };
    const made = newTopic(ctx, bound, tags);
    checkTopicName(input.Name, made.fifo);
    const dataProtectionPolicy = checkDataProtection(input.DataProtectionPolicy ?? '');
    const topic = dataProtectionPolicy === undefined ? made : { ...made, dataProtectionPolicy };
    const { topics: rows } = rowsOf(name);
    await ctx.transact(async (tx) => {
      const existing = await rows.get(tx, [name.name]);
      if (existing === undefined) {
        rows.set(tx, [name.name], withArchive(tx, ctx, topic, topic));
        return;
      }
      const different = Object.entries(topic.attributes).some(
        ([attribute, value]) => existing.attributes[attribute] !== value,
      );
      if (different) throw invalid('Attributes Reason: Topic already exists with different attributes');
      if (!hasTags(existing.tags, tags)) {
        throw invalid('Tags Reason: Topic already exists with different tags');
      }
    });
    return { TopicArn: topicArn(name) };
  },

  async DeleteTopic(input, ctx) {
    const name = topicFor(ctx, input.TopicArn);
    const { topics: rows, subscriptions } = rowsOf(name);
    await ctx.transact(async (tx) => {
      // What is gone already is gone.
      const topic = await rows.get(tx, [name.name]);
      if (topic === undefined) return;
      if (topic.archive !== undefined) {
        throw fault('InvalidStateException', 'Invalid state: Cannot delete a topic with an ArchivePolicy');
      }
      rows.delete(tx, [name.name]);
      for (const { key, value } of await subscriptions.all(tx, [name.name])) {
        eraseSubscription(tx, { topic: name, id: key[1] }, value);
      }
    });
    return {};
  },

  async ListTopics(input, ctx) {
    const { topics: rows } = layout.at(ctx.account, ctx.region);
    const after = input.NextToken === undefined ? undefined : unsealToken(input.NextToken);
    const page = await rows.page(ctx.store, [], {
      limit: PAGE,
      ...(after === undefined ? {} : { after: [after] }),
    });
    const { account, region } = ctx;
    return {
      Topics: page.rows.map(({ key }) => ({ TopicArn: topicArn({ account, region, name: key[0] }) })),
      NextToken: page.next && sealToken(page.next[0]),
    };
  },

  async GetTopicAttributes(input, ctx) {
    const name = topicFor(ctx, input.TopicArn);
    const topic = await readTopic(ctx.store, name);
    const { confirmed, pending } = await countSubscriptions(ctx, name);
    const begins = archiveBegins(topic, ctx.world.clock.now());
    const fifo = topic.fifo ? { FifoTopic: 'true', ContentBasedDeduplication: 'false' } : {};
    return {
      Attributes: {
        DisplayName: '',
        ...fifo,
        ...topic.attributes,
        Policy: await ctx.ports.identity.namedPrincipals(topic.attributes['Policy'] ?? defaultPolicy(name)),
        ...(begins === undefined ? {} : { BeginningArchiveTime: new Date(begins).toISOString() }),
        TopicArn: topicArn(name),
        Owner: name.account,
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(pending),
        SubscriptionsDeleted: String(topic.deleted),
        EffectiveDeliveryPolicy: shownTopicPolicy(topic.attributes['DeliveryPolicy']),
      },
    };
  },

  async SetTopicAttributes(input, ctx) {
    const name = topicFor(ctx, input.TopicArn);
    const { AttributeName: attribute, AttributeValue: asked = '' } = input;
    const value =
      attribute === 'Policy' && asked !== '' ? await boundPolicy(asked, name.account, ctx) : asked;
    noteKept(ctx, attribute, value);
    await ctx.transact(async (tx) => {
      const topic = await readTopic(tx, name);
      checkTopicAttribute(attribute, value, topic.fifo);
      const after = { ...topic, attributes: withAttribute(topic.attributes, attribute, value) };
      if (attribute === 'MaximumMessageSize') {
        const all = await rowsOf(name).subscriptions.all(tx, [name.name]);
        checkLarge(
          after,
          all.map((each) => each.value.protocol),
        );
      }
      rowsOf(name).topics.set(
        tx,
        [name.name],
        attribute === 'ArchivePolicy' ? withArchive(tx, ctx, topic, after) : after,
      );
    });
    return {};
  },
} satisfies Group<SnsOperations>;
