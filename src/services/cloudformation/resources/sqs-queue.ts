import { formatArn } from '../../../base/arn.ts';
import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { ignoringGone } from './gone.ts';
import { documentText, refuseOthers, requiredText, tagChange, tagMap, textIn, textsIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';
import { refuseTaken } from './taken.ts';

/** Attributes a queue is made with and may change, and what they are when a template says nothing. */
const DEFAULTS: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  DelaySeconds: '0',
  FifoThroughputLimit: 'perQueue',
  KmsDataKeyReusePeriodSeconds: '300',
  KmsMasterKeyId: '',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  RedriveAllowPolicy: '',
  RedrivePolicy: '',
  SqsManagedSseEnabled: 'true',
  VisibilityTimeout: '30',
};
const SUPPORTED = [...Object.keys(DEFAULTS), 'FifoQueue', 'QueueName', 'Tags'];

/** SQS takes every attribute as text. */
function attributeText(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function changed(before: ValueMap, wanted: ValueMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(DEFAULTS).flatMap(([name, none]) => {
      const value = wanted[name];
      return equalValues(before[name], value)
        ? []
        : [[name, value === undefined ? none : attributeText(value)]];
    }),
  );
}

function attributesOf(QueueUrl: string, { region, account }: ResourceScope): ValueMap {
  const QueueName = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
  return { Arn: formatArn('sqs', region, account, QueueName), QueueName, QueueUrl };
}

/** AWS::SQS::Queue */
export const sqsQueue: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const fifo = wanted['FifoQueue'] === true;
    const given = textIn(wanted, 'QueueName');
    const QueueName = given ?? (fifo ? `${scope.name(75)}.fifo` : scope.name(80));
    if (given !== undefined)
      await refuseTaken(scope, given, () => scope.call('sqs', 'GetQueueUrl', { QueueName }));
    // Making a queue that is there already, with the same attributes, answers the same queue.
    const { QueueUrl } = await scope.call<{ QueueUrl: string }>('sqs', 'CreateQueue', {
      QueueName,
      Attributes: { ...changed({}, wanted), ...(fifo ? { FifoQueue: 'true' } : {}) },
      tags: tagMap(wanted['Tags']),
    });
    return { physicalId: QueueUrl, attributes: attributesOf(QueueUrl, scope) };
  },

  async update({ physicalId: QueueUrl, attributes, properties }, wanted, { type, call }) {
    refuseOthers(type, wanted, SUPPORTED);
    const Attributes = changed(properties, wanted);
    if (Object.keys(Attributes).length > 0) await call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes });
    const { set, removed } = tagChange(properties, wanted);
    if (Object.keys(set).length > 0) await call('sqs', 'TagQueue', { QueueUrl, Tags: set });
    if (removed.length > 0) await call('sqs', 'UntagQueue', { QueueUrl, TagKeys: removed });
    return { physicalId: QueueUrl, attributes };
  },

  async remove({ physicalId }, { call }) {
    await call('sqs', 'DeleteQueue', { QueueUrl: physicalId });
    return undefined;
  },
};

async function setPolicy(
  QueueUrl: string,
  Policy: string,
  { call }: Pick<ResourceScope, 'call'>,
): Promise<void> {
  await call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
}

/** AWS::SQS::QueuePolicy: one policy on each of its queues. */
export const queuePolicy: ResourceProvider = {
  async create(wanted, scope) {
    const Id = scope.name(128);
    for (const url of textsIn(wanted, 'Queues'))
      await setPolicy(url, documentText(wanted['PolicyDocument']), scope);
    return { physicalId: Id, attributes: { Id } };
  },
  async update({ physicalId, attributes, properties }, wanted, scope) {
    const wants = textsIn(wanted, 'Queues');
    for (const url of wants) await setPolicy(url, documentText(wanted['PolicyDocument']), scope);
    for (const url of textsIn(properties, 'Queues')) {
      if (!wants.includes(url)) await ignoringGone(() => setPolicy(url, '', scope));
    }
    return { physicalId, attributes };
  },
  async remove({ properties }, scope) {
    for (const url of textsIn(properties, 'Queues')) await ignoringGone(() => setPolicy(url, '', scope));
    return undefined;
  },
};

/** AWS::SQS::QueueInlinePolicy: the policy of one queue. */
export const queueInlinePolicy: ResourceProvider = {
  async create(wanted, scope) {
    const url = requiredText(wanted, 'Queue');
    await setPolicy(url, documentText(wanted['PolicyDocument']), scope);
    return { physicalId: url, attributes: {} };
  },
  async update({ physicalId, attributes }, wanted, scope) {
    await setPolicy(physicalId, documentText(wanted['PolicyDocument']), scope);
    return { physicalId, attributes };
  },
  async remove({ physicalId }, scope) {
    await ignoringGone(() => setPolicy(physicalId, '', scope));
    return undefined;
  },
};
