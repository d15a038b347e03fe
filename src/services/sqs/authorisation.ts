import type { SqsOperations } from '../../model/gen/sqs.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { queueArn, queueOfUrl } from './queue.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html */
function onQueue(action: string, more: Pick<ActionRequest, 'rootUnbound'> = {}) {
  return (input: { readonly QueueUrl: string }, scope: AuthorisationScope): readonly ActionRequest[] => [
    { action: `sqs:${action}`, resource: queueArn(queueOfUrl(input.QueueUrl, scope)), ...more },
  ];
}

/** By which a queue's policy is read and taken away. */
const UNLOCKS = { rootUnbound: true };

function tagging(resource: string, tags: Readonly<Record<string, string | undefined>> = {}): ActionRequest {
  const keys = Object.keys(tags);
  const context: Record<string, string | readonly string[]> = { 'aws:TagKeys': keys };
  for (const key of keys) context[`aws:RequestTag/${key}`] = tags[key] ?? '';
  return { action: 'sqs:TagQueue', resource, context };
}

export const authorisation: Authorisation<SqsOperations> = {
  CreateQueue: (input, { account, region }) => {
    const resource = queueArn({ account, region, name: input.QueueName });
    const tagged = Object.keys(input.tags ?? {}).length > 0;
    return [{ action: 'sqs:CreateQueue', resource }, ...(tagged ? [tagging(resource, input.tags)] : [])];
  },
  GetQueueUrl: (input, { account, region }) => {
    const owner = input.QueueOwnerAWSAccountId ?? account;
    return [
      { action: 'sqs:GetQueueUrl', resource: queueArn({ account: owner, region, name: input.QueueName }) },
    ];
  },
  ListQueues: () => [{ action: 'sqs:ListQueues', resource: '*' }],
  GetQueueAttributes: onQueue('GetQueueAttributes', UNLOCKS),
  SetQueueAttributes: onQueue('SetQueueAttributes', UNLOCKS),
  DeleteQueue: onQueue('DeleteQueue'),
  PurgeQueue: onQueue('PurgeQueue'),
  SendMessage: onQueue('SendMessage'),
  SendMessageBatch: onQueue('SendMessage'),
  ReceiveMessage: onQueue('ReceiveMessage'),
  DeleteMessage: onQueue('DeleteMessage'),
  DeleteMessageBatch: onQueue('DeleteMessage'),
  ChangeMessageVisibility: onQueue('ChangeMessageVisibility'),
  ChangeMessageVisibilityBatch: onQueue('ChangeMessageVisibility'),
  AddPermission: onQueue('AddPermission'),
  RemovePermission: onQueue('RemovePermission'),
  ListDeadLetterSourceQueues: onQueue('ListDeadLetterSourceQueues'),
  TagQueue: (input, scope) => [tagging(queueArn(queueOfUrl(input.QueueUrl, scope)), input.Tags)],
  UntagQueue: (input, scope) => [
    {
      action: 'sqs:UntagQueue',
      resource: queueArn(queueOfUrl(input.QueueUrl, scope)),
      context: { 'aws:TagKeys': input.TagKeys },
    },
  ],
  ListQueueTags: onQueue('ListQueueTags'),
  StartMessageMoveTask: (input) => [
    ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((action) => ({
      action: `sqs:${action}`,
      resource: input.SourceArn,
    })),
    ...(input.DestinationArn === undefined
      ? []
      : [{ action: 'sqs:SendMessage', resource: input.DestinationArn }]),
  ],
  CancelMessageMoveTask: (input) => [
    { action: 'sqs:CancelMessageMoveTask', resource: movedFrom(input.TaskHandle) },
  ],
  ListMessageMoveTasks: (input) => [{ action: 'sqs:ListMessageMoveTasks', resource: input.SourceArn }],
};

/** The source queue a task handle names; a handle that names none reaches no queue. */
function movedFrom(handle: string): string {
  const [arn = '*'] = /arn:aws:sqs:[^"]+/.exec(Buffer.from(handle, 'base64').toString()) ?? [];
  return arn;
}
