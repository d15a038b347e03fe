import { Fault } from '../../../service/faults.ts';
import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { ignoringGone } from './gone.ts';
import {
  documentText,
  mapsIn,
  refuseOthers,
  requiredText,
  tagChange,
  tagList,
  tagMap,
  textIn,
  textsIn,
} from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';
import { refuseTaken } from './taken.ts';

/** Properties that are topic attributes, and what they are without a template's word. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  ArchivePolicy: '{}',
  ContentBasedDeduplication: 'false',
  DisplayName: '',
  FifoThroughputScope: 'Topic',
  KmsMasterKeyId: '',
  MaximumMessageSize: '',
  SignatureVersion: '1',
  TracingConfig: 'PassThrough',
};
const SUPPORTED = [
  ...Object.keys(ATTRIBUTES),
  'DataProtectionPolicy',
  'DeliveryStatusLogging',
  'FifoTopic',
  'TopicName',
  'Subscription',
  'Tags',
];
/** What the topic attributes of each logged protocol begin with. */
const LOGGED: Readonly<Record<string, string>> = {
  'http/s': 'HTTP',
  sqs: 'SQS',
  lambda: 'Lambda',
  firehose: 'Firehose',
  application: 'Application',
};
const LOGGING = ['SuccessFeedbackRoleArn', 'SuccessFeedbackSampleRate', 'FailureFeedbackRoleArn'];

const MOST_NAME = 256;

/** The topic attributes a topic's properties come to, as texts. */
function attributesIn(properties: ValueMap): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const name of Object.keys(ATTRIBUTES)) {
    const value = properties[name];
    if (value !== undefined) attributes[name] = attributeText(value);
  }
  for (const logging of mapsIn(properties, 'DeliveryStatusLogging')) {
    const prefix = LOGGED[requiredText(logging, 'Protocol')];
    if (prefix === undefined) continue;
    for (const name of LOGGING) {
      const value = logging[name];
      if (value !== undefined) attributes[`${prefix}${name}`] = String(value);
    }
  }
  return attributes;
}

/** What a subscription inside a topic's properties is told apart by. */
function subscriptionsIn(properties: ValueMap): ReadonlyMap<string, { Protocol: string; Endpoint: string }> {
  return new Map(
    mapsIn(properties, 'Subscription').map((one) => {
      const subscription = {
        Protocol: requiredText(one, 'Protocol'),
        Endpoint: requiredText(one, 'Endpoint'),
      };
      return [`${subscription.Protocol} ${subscription.Endpoint}`, subscription];
    }),
  );
}

interface Listed {
  readonly Subscriptions?: readonly {
    readonly SubscriptionArn: string;
    readonly Protocol: string;
    readonly Endpoint: string;
  }[];
  readonly NextToken?: string;
}

async function syncSubscriptions(
  TopicArn: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const old = subscriptionsIn(before);
  const now = subscriptionsIn(wanted);
  for (const [key, subscription] of now) {
    if (!old.has(key)) await call('sns', 'Subscribe', { TopicArn, ...subscription });
  }
  const gone = new Set([...old.keys()].filter((key) => !now.has(key)));
  if (gone.size === 0) return;
  let NextToken: string | undefined;
  do {
    const page: Listed = await call<Listed>('sns', 'ListSubscriptionsByTopic', {
      TopicArn,
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    for (const { SubscriptionArn, Protocol, Endpoint } of page.Subscriptions ?? []) {
      // One nobody confirmed goes by itself.
      if (!gone.has(`${Protocol} ${Endpoint}`) || !SubscriptionArn.startsWith('arn:')) continue;
      await call('sns', 'Unsubscribe', { SubscriptionArn });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
}

/** AWS::SNS::Topic */
export const snsTopic: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const fifo = wanted['FifoTopic'] === true;
    const given = textIn(wanted, 'TopicName');
    const name = given ?? (fifo ? `${scope.name(MOST_NAME - '.fifo'.length)}.fifo` : scope.name(MOST_NAME));
    const arn = `arn:aws:sns:${scope.region}:${scope.account}:${name}`;
    if (given !== undefined) {
      await refuseTaken(scope, arn, () => scope.call('sns', 'GetTopicAttributes', { TopicArn: arn }));
    }
    const attributes: Record<string, string> = fifo ? { FifoTopic: 'true' } : {};
    Object.assign(attributes, attributesIn(wanted));
    const protection = documentIn(wanted);
    const tags = tagList(tagMap(wanted['Tags']));
    const { TopicArn } = await scope.call<{ readonly TopicArn: string }>('sns', 'CreateTopic', {
      Name: name,
      Attributes: attributes,
      ...(protection === '' ? {} : { DataProtectionPolicy: protection }),
      ...(tags.length === 0 ? {} : { Tags: tags }),
    });
    scope.stands(TopicArn);
    await syncSubscriptions(TopicArn, {}, wanted, scope);
    return { physicalId: TopicArn, attributes: { TopicArn, TopicName: name } };
  },

  async update({ physicalId: TopicArn, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const before = attributesIn(properties);
    const after = attributesIn(wanted);
    for (const AttributeName of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (before[AttributeName] === after[AttributeName]) continue;
      const AttributeValue = after[AttributeName] ?? ATTRIBUTES[AttributeName] ?? '';
      await scope.call('sns', 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
    }
    const DataProtectionPolicy = documentIn(wanted);
    if (DataProtectionPolicy !== documentIn(properties)) {
      await scope.call('sns', 'PutDataProtectionPolicy', { ResourceArn: TopicArn, DataProtectionPolicy });
    }
    const { set, removed } = tagChange(properties, wanted);
    const tags = tagList(set);
    if (tags.length > 0) await scope.call('sns', 'TagResource', { ResourceArn: TopicArn, Tags: tags });
    if (removed.length > 0) {
      await scope.call('sns', 'UntagResource', { ResourceArn: TopicArn, TagKeys: removed });
    }
    await syncSubscriptions(TopicArn, properties, wanted, scope);
    return { physicalId: TopicArn, attributes };
  },

  async remove({ physicalId: TopicArn }, { call }) {
    await call('sns', 'DeleteTopic', { TopicArn });
    return undefined;
  },
};

const SUBSCRIPTION_ATTRIBUTES = [
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
];
const SUBSCRIPTION = [...SUBSCRIPTION_ATTRIBUTES, 'Endpoint', 'Protocol', 'TopicArn', 'Region'];

/** What takes an attribute back, where an empty text does not. */
const NONE: Readonly<Record<string, string>> = { RawMessageDelivery: 'false', ReplayPolicy: '{}' };

function documentIn(properties: ValueMap): string {
  const value = properties['DataProtectionPolicy'];
  return value === undefined ? '' : attributeText(value);
}

function attributeText(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** AWS::SNS::Subscription */
export const snsSubscription: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUBSCRIPTION);
    const attributes: Record<string, string> = {};
    for (const name of SUBSCRIPTION_ATTRIBUTES) {
      const value = wanted[name];
      if (value !== undefined) attributes[name] = attributeText(value);
    }
    const endpoint = textIn(wanted, 'Endpoint');
    const { SubscriptionArn } = await scope.call<{ readonly SubscriptionArn: string }>('sns', 'Subscribe', {
      TopicArn: requiredText(wanted, 'TopicArn'),
      Protocol: requiredText(wanted, 'Protocol'),
      ...(endpoint === undefined ? {} : { Endpoint: endpoint }),
      Attributes: attributes,
      ReturnSubscriptionArn: true,
    });
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },

  async update({ physicalId: SubscriptionArn, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUBSCRIPTION);
    const changed = SUBSCRIPTION_ATTRIBUTES.filter((name) => !equalValues(properties[name], wanted[name]));
    // A filter is read in the scope that stands, and a scope with the filter that stands: clear the filter between.
    if (changed.includes('FilterPolicyScope') && properties['FilterPolicy'] !== undefined) {
      const clearing = { SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '' };
      await scope.call('sns', 'SetSubscriptionAttributes', clearing);
    }
    const again =
      changed.includes('FilterPolicyScope') && !changed.includes('FilterPolicy') ? ['FilterPolicy'] : [];
    for (const AttributeName of [...changed, ...again].sort(scopeFirst)) {
      const value = wanted[AttributeName];
      const AttributeValue = value === undefined ? (NONE[AttributeName] ?? '') : attributeText(value);
      await scope.call('sns', 'SetSubscriptionAttributes', {
        SubscriptionArn,
        AttributeName,
        AttributeValue,
      });
    }
    return { physicalId: SubscriptionArn, attributes };
  },

  async remove({ physicalId: SubscriptionArn }, { call }) {
    try {
      await call('sns', 'Unsubscribe', { SubscriptionArn });
    } catch (error) {
      // One nobody confirmed cannot be ended, and goes by itself.
      if (!Fault.is(error) || !error.message.endsWith('pending confirmation')) throw error;
    }
    return undefined;
  },
};

function scopeFirst(a: string, b: string): number {
  return Number(b === 'FilterPolicyScope') - Number(a === 'FilterPolicyScope');
}

async function setPolicies(before: ValueMap, wanted: ValueMap, { call }: ResourceScope): Promise<void> {
  const policy = documentText(wanted['PolicyDocument']);
  const arns = textsIn(wanted, 'Topics');
  const set = (TopicArn: string, AttributeValue: string) =>
    call('sns', 'SetTopicAttributes', { TopicArn, AttributeName: 'Policy', AttributeValue });
  for (const arn of arns) await set(arn, policy);
  for (const arn of textsIn(before, 'Topics')) {
    if (!arns.includes(arn)) await ignoringGone(() => set(arn, ''));
  }
}

/** AWS::SNS::TopicPolicy */
export const snsTopicPolicy: ResourceProvider = {
  async create(wanted, scope) {
    await setPolicies({}, wanted, scope);
    const id = scope.name(128);
    return { physicalId: id, attributes: { Id: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, scope) {
    await setPolicies(properties, wanted, scope);
    return { physicalId, attributes };
  },
  async remove({ properties }, scope) {
    await setPolicies(properties, {}, scope);
    return undefined;
  },
};

/** AWS::SNS::TopicInlinePolicy: the policy of one topic. */
export const snsTopicInlinePolicy: ResourceProvider = {
  async create(wanted, scope) {
    const topic = requiredText(wanted, 'TopicArn');
    await setPolicies({}, inlined(wanted), scope);
    return { physicalId: topic, attributes: {} };
  },
  async update({ physicalId, attributes, properties }, wanted, scope) {
    await setPolicies(inlined(properties), inlined(wanted), scope);
    return { physicalId, attributes };
  },
  async remove({ properties }, scope) {
    await setPolicies(inlined(properties), {}, scope);
    return undefined;
  },
};

function inlined(properties: ValueMap): ValueMap {
  return { ...properties, Topics: [requiredText(properties, 'TopicArn')] };
}
