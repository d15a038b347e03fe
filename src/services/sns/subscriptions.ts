import type { SnsOperations, Subscription } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { askConfirmation, sayFarewell } from './confirming.ts';
import { shownSubscriptionPolicy } from './delivery-policy.ts';
import { eraseSubscription } from './erasing.ts';
import { fault, INVALID, invalid, noSubscription } from './fault.ts';
import { layout, type SubscriptionRow } from './layout.ts';
import { MOST_BYTES } from './message.ts';
import { sealToken, unsealToken } from './page.ts';
import { checkDevice } from './pushing.ts';
import { withReplay } from './replaying.ts';
import { checkEndpoint, needsConfirmation, withAttributes } from './subscription.ts';
import {
  readTopic,
  rowsOf,
  type SubscriptionName,
  subscriptionArn,
  subscriptionOfArn,
  type TopicName,
  topicArn,
  topicFor,
  topicOfArn,
} from './topic.ts';
import { checkLarge, mostBytes } from './topic-attribute.ts';

const PAGE = 100;
const DEFAULTS: Readonly<Record<string, string>> = {
  FilterPolicyScope: 'MessageAttributes',
  RawMessageDelivery: 'false',
};
const PENDING = 'pending confirmation';
const TOKEN_BYTES = 64;

function principalArn({ principal, account }: Context): string {
  return 'arn' in principal ? principal.arn : `arn:aws:iam::${account}:root`;
}

async function readSubscription(
  tx: Parameters<typeof readTopic>[0],
  { topic, id }: SubscriptionName,
): Promise<SubscriptionRow> {
  const row = await rowsOf(topic).subscriptions.get(tx, [topic.name, id]);
  if (row === undefined) throw noSubscription();
  return row;
}

function listed(name: SubscriptionName, row: SubscriptionRow): Subscription {
  return {
    SubscriptionArn: row.pendingToken === undefined ? subscriptionArn(name) : 'PendingConfirmation',
    Owner: row.owner,
    Protocol: row.protocol,
    Endpoint: row.endpoint,
    TopicArn: topicArn(name.topic),
  };
}

function newToken({ world }: Context): string {
  return Buffer.from(world.random.bytes(TOKEN_BYTES)).toString('hex');
}

/** Subscribe says of what it refuses in an attribute that it is one. */
function ofAttributes<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!Fault.is(error) || !error.message.startsWith(INVALID)) throw error;
    throw invalid(`Attributes Reason: ${error.message.slice(INVALID.length)}`);
  }
}

/** Whether an endpoint is told that it has been unsubscribed. */
function hears({ protocol, pendingToken }: SubscriptionRow): boolean {
  return pendingToken === undefined && ['http', 'https', 'email', 'email-json'].includes(protocol);
}

/** A subscription that ended without its owner's word is there again. */
async function takeBack(
  tx: Transaction,
  topic: TopicName,
  token: string,
): Promise<{ SubscriptionArn: string }> {
  const rows = rowsOf(topic);
  const departed = await rows.departed.get(tx, [topic.name, token]);
  if (departed === undefined) throw invalid('Token');
  const { id, subscription } = departed;
  const { protocol, endpoint, owner } = subscription;
  const arn = subscriptionArn({ topic, id });
  const place = [topic.name, protocol, endpoint] as const;
  const another = await rows.endpoints.get(tx, [...place]);
  if (another !== undefined) return { SubscriptionArn: subscriptionArn({ topic, id: another }) };
  rows.subscriptions.set(tx, [topic.name, id], subscription);
  rows.endpoints.set(tx, [...place], id);
  layout.at(owner, topic.region).owned.set(tx, [arn], 0);
  return { SubscriptionArn: arn };
}

export const subscriptions = {
  async Subscribe(input, ctx) {
    const topicName = topicFor(ctx, input.TopicArn);
    const { Protocol: protocol, Endpoint: endpoint } = input;
    const topic = await readTopic(ctx.store, topicName);
    if (endpoint === undefined || endpoint === '') {
      throw invalid('Endpoint Reason: no value for required parameter');
    }
    checkEndpoint(protocol, endpoint, topic);
    if (protocol === 'application') await checkDevice(ctx.store, endpoint);
    const attributes = ofAttributes(() => withAttributes({}, input.Attributes ?? {}, { protocol, endpoint }));
    const token = newToken(ctx);
    const pending = needsConfirmation({ protocol, endpoint }, ctx.account);
    const made: SubscriptionRow = {
      protocol,
      endpoint,
      owner: ctx.account,
      principal: principalArn(ctx),
      ...(pending ? { pendingToken: token } : {}),
      authenticated: !pending,
      attributes,
    };
    const newId = ctx.world.random.uuid();
    const rows = rowsOf(topicName);
    const { id, row } = await ctx.transact(async (tx) => {
      const current = await readTopic(tx, topicName);
      const existingId = await rows.endpoints.get(tx, [topicName.name, protocol, endpoint]);
      const existing =
        existingId === undefined ? undefined : await rows.subscriptions.get(tx, [topicName.name, existingId]);
      const name = { topic: topicName, id: existingId ?? newId };
      if (existing !== undefined) {
        const different = Object.entries(attributes).some(
          ([attribute, value]) => (existing.attributes[attribute] ?? DEFAULTS[attribute]) !== value,
        );
        if (different) {
          throw invalid('Attributes Reason: Subscription already exists with different attributes');
        }
        if (existing.pendingToken !== undefined) {
          askConfirmation(tx, ctx, name, existing.pendingToken);
        }
        return { id: name.id, row: existing };
      }
      const others =
        mostBytes(current) > MOST_BYTES ? await rows.subscriptions.all(tx, [topicName.name]) : [];
      checkLarge(current, [protocol, ...others.map(({ value }) => value.protocol)]);
      const replaying = attributes['ReplayPolicy'] !== undefined;
      rows.subscriptions.set(
        tx,
        [topicName.name, newId],
        replaying ? withReplay(tx, ctx, name, current, made) : made,
      );
      rows.endpoints.set(tx, [topicName.name, protocol, endpoint], newId);
      layout.at(ctx.account, topicName.region).owned.set(tx, [subscriptionArn(name)], 0);
      if (pending) {
        rows.tokens.set(tx, [topicName.name, token], newId);
        askConfirmation(tx, ctx, name, token, 'first');
      }
      return { id: newId, row: made };
    });
    const arn = subscriptionArn({ topic: topicName, id });
    const shown = row.pendingToken === undefined || input.ReturnSubscriptionArn === true ? arn : PENDING;
    return { SubscriptionArn: shown };
  },

  async ConfirmSubscription(input, ctx) {
    const topic = topicOfArn(input.TopicArn);
    if (!/^[0-9a-f]{32,}$/.test(input.Token)) throw fault('InvalidParameterException', 'Invalid token');
    const rows = rowsOf(topic);
    const signed = ctx.principal.kind !== 'anonymous';
    const protectedFrom = input.AuthenticateOnUnsubscribe?.toLowerCase() === 'true';
    return ctx.transact(async (tx) => {
      const id = await rows.tokens.get(tx, [topic.name, input.Token]);
      const row = id === undefined ? undefined : await rows.subscriptions.get(tx, [topic.name, id]);
      if (id === undefined || row === undefined) return takeBack(tx, topic, input.Token);
      const { pendingToken, ...confirmed } = row;
      // A token that was used is shown what it did.
      if (pendingToken !== undefined) {
        rows.subscriptions.set(tx, [topic.name, id], {
          ...confirmed,
          authenticated: signed,
          ...(protectedFrom ? { authenticateOnUnsubscribe: true } : {}),
        });
      }
      return { SubscriptionArn: subscriptionArn({ topic, id }) };
    });
  },

  async Unsubscribe(input, ctx) {
    const name = subscriptionOfArn(input.SubscriptionArn);
    const { topic } = name;
    const rows = rowsOf(topic);
    const token = newToken(ctx);
    await ctx.transact(async (tx) => {
      const row = await rows.subscriptions.get(tx, [topic.name, name.id]);
      // What is gone already is gone.
      if (row === undefined) return;
      if (row.pendingToken !== undefined) {
        throw invalid('SubscriptionArn Reason: the subscription is pending confirmation');
      }
      if (ctx.principal.kind === 'anonymous' && (!hears(row) || row.authenticateOnUnsubscribe === true)) {
        throw fault(
          'AuthorizationErrorException',
          'This subscription can only be removed by a signed request.',
        );
      }
      eraseSubscription(tx, name, row);
      const byOwner = ctx.principal.kind !== 'anonymous' && ctx.account === row.owner;
      if (!byOwner && hears(row)) sayFarewell(tx, ctx, name, row, token);
      const owner = await rows.topics.get(tx, [topic.name]);
      if (owner !== undefined) {
        rows.topics.set(tx, [topic.name], { ...owner, deleted: owner.deleted + 1 });
      }
    });
    return {};
  },

  async ListSubscriptions(input, ctx) {
    const { owned } = layout.at(ctx.account, ctx.region);
    const after = input.NextToken === undefined ? undefined : unsealToken(input.NextToken);
    const page = await owned.page(ctx.store, [], {
      limit: PAGE,
      ...(after === undefined ? {} : { after: [after] }),
    });
    const found: Subscription[] = [];
    for (const { key } of page.rows) {
      const name = subscriptionOfArn(key[0]);
      const row = await rowsOf(name.topic).subscriptions.get(ctx.store, [name.topic.name, name.id]);
      if (row !== undefined) found.push(listed(name, row));
    }
    return { Subscriptions: found, NextToken: page.next && sealToken(page.next[0]) };
  },

  async ListSubscriptionsByTopic(input, ctx) {
    const topic = topicFor(ctx, input.TopicArn);
    await readTopic(ctx.store, topic);
    const after = input.NextToken === undefined ? undefined : unsealToken(input.NextToken);
    const page = await rowsOf(topic).subscriptions.page(ctx.store, [topic.name], {
      limit: PAGE,
      ...(after === undefined ? {} : { after: [topic.name, after] }),
    });
    return {
      Subscriptions: page.rows.map(({ key, value }) => listed({ topic, id: key[1] }, value)),
      NextToken: page.next && sealToken(page.next[1]),
    };
  },

  async GetSubscriptionAttributes(input, ctx) {
    const name = subscriptionOfArn(input.SubscriptionArn);
    const row = await readSubscription(ctx.store, name);
    const topic = await readTopic(ctx.store, name.topic);
    const { attributes, protocol } = row;
    const { FilterPolicyScope: scope = 'MessageAttributes', ...others } = attributes;
    const http = protocol === 'http' || protocol === 'https';
    return {
      Attributes: {
        SubscriptionArn: subscriptionArn(name),
        TopicArn: topicArn(name.topic),
        Owner: row.owner,
        Protocol: protocol,
        Endpoint: row.endpoint,
        RawMessageDelivery: 'false',
        ...others,
        // Shown with what it is the scope of.
        ...(attributes['FilterPolicy'] === undefined ? {} : { FilterPolicyScope: scope }),
        ...(row.replay === undefined ? {} : { ReplayStatus: row.replay.status }),
        PendingConfirmation: String(row.pendingToken !== undefined),
        ConfirmationWasAuthenticated: String(row.authenticated),
        SubscriptionPrincipal: row.principal,
        ...(http
          ? {
              EffectiveDeliveryPolicy: shownSubscriptionPolicy(
                topic.attributes['DeliveryPolicy'],
                attributes['DeliveryPolicy'],
              ),
            }
          : {}),
      },
    };
  },

  async SetSubscriptionAttributes(input, ctx) {
    const name = subscriptionOfArn(input.SubscriptionArn);
    const { topic, id } = name;
    await ctx.transact(async (tx) => {
      const row = await readSubscription(tx, name);
      const given = { [input.AttributeName]: input.AttributeValue };
      const after = { ...row, attributes: withAttributes(row.attributes, given, row) };
      rowsOf(topic).subscriptions.set(
        tx,
        [topic.name, id],
        input.AttributeName === 'ReplayPolicy'
          ? withReplay(tx, ctx, name, await readTopic(tx, topic), after)
          : after,
      );
    });
    return {};
  },
} satisfies Group<SnsOperations>;
