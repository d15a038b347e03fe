import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { withLambent } from '../support/clients.ts';
import { JsonClient } from '../support/json-client.ts';

const lambent = await withLambent();
const client = new JsonClient(lambent.port);
after(() => client.close());

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** Sends a request no client has checked before. */
async function call(operation: string, input: object): Promise<Record<string, unknown>> {
  const { status, headers, text } = await client.raw('sqs', `AmazonSQS.${operation}`, input);
  const output = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  if (status === 200) return output;
  const code = String(headers['x-amzn-query-error'] ?? '').split(';')[0] || String(output['__type']);
  throw Object.assign(new Error(), { code, message: String(output['message']), status });
}

async function refused(operation: string, input: object, code: string, message: string, status = 400) {
  const refusal = await call(operation, input).then(
    (output) => assert.fail(`${operation} answered ${JSON.stringify(output)}`),
    (error: Refusal) => error,
  );
  assert.deepEqual([refusal.code, refusal.message, refusal.status], [code, message, status]);
}

async function queue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const fifo = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const made = await call('CreateQueue', { QueueName, Attributes: { ...fifo, ...Attributes } });
  return String(made['QueueUrl']);
}

const INVALID = 'InvalidParameterValue';

test('messages are refused in AWS’s words', async () => {
  const QueueUrl = await queue('plain');
  const send = (input: object, code: string, message: string) =>
    refused('SendMessage', { QueueUrl, MessageBody: 'm', ...input }, code, message);
  await send({ MessageBody: '' }, 'MissingParameter', 'The request must contain the parameter MessageBody.');
  await send(
    { MessageBody: 'x'.repeat(1_048_577) },
    INVALID,
    'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
  );
  await send(
    { MessageAttributes: { ErrorDetails: { DataType: 'String', StringValue: '' } } },
    INVALID,
    "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
  );
  for (const group of ['', 'a'.repeat(129), 'group 123']) {
    await send(
      { MessageGroupId: group },
      INVALID,
      `Value ${group} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  }
  const entries = (count: number, body = 'm') =>
    Array.from({ length: count }, (_, n) => ({ Id: `${n}`, MessageBody: body }));
  const batch = (Entries: object[], code: string, message: string) =>
    refused('SendMessageBatch', { QueueUrl, Entries }, `AWS.SimpleQueueService.${code}`, message);
  await batch(
    entries(20),
    'TooManyEntriesInBatchRequest',
    'Maximum number of entries per request are 10. You have sent 20.',
  );
  await batch(
    [{ Id: 'with spaces', MessageBody: 'm' }],
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  );
  await batch(
    [...entries(1, 'x'.repeat(1_000_000)), { Id: 'b', MessageBody: 'x'.repeat(48_577) }],
    'BatchRequestTooLong',
    'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
  );
  const small = await queue('small', { MaximumMessageSize: '1024' });
  await refused(
    'SendMessage',
    { QueueUrl: small, MessageBody: 'x'.repeat(1025) },
    INVALID,
    'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
  );
});

test('messages of FIFO queues are refused in AWS’s words', async () => {
  const QueueUrl = await queue('ordered.fifo');
  const send = (input: object, code: string, message: string) =>
    refused('SendMessage', { QueueUrl, MessageBody: 'm', ...input }, code, message);
  await send(
    { MessageGroupId: 'g', MessageDeduplicationId: 'd', DelaySeconds: 2 },
    INVALID,
    'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
  );
  await send(
    { MessageGroupId: 'g' },
    INVALID,
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
  await send(
    { MessageDeduplicationId: 'd' },
    'MissingParameter',
    'The request must contain the parameter MessageGroupId.',
  );
  for (const id of ['', 'a'.repeat(129), 'group 123']) {
    await send(
      { MessageGroupId: 'g', MessageDeduplicationId: id },
      INVALID,
      `Value ${id} for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  }
  const good = { Id: 'a', MessageBody: 'm', MessageGroupId: 'g', MessageDeduplicationId: 'a' };
  const { MessageGroupId: _group, ...groupless } = good;
  const { MessageDeduplicationId: _id, ...nameless } = good;
  for (const [bad, message] of [
    [groupless, 'The request must contain the parameter MessageGroupId.'],
    [
      nameless,
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    ],
  ] as const) {
    await refused('SendMessageBatch', { QueueUrl, Entries: [good, { ...bad, Id: 'b' }] }, INVALID, message);
  }
  await call('SendMessage', { QueueUrl, MessageBody: 'm', MessageGroupId: 'g', MessageDeduplicationId: 'd' });
  const { Messages } = await call('ReceiveMessage', { QueueUrl, VisibilityTimeout: 1 });
  const [{ ReceiptHandle }] = Messages as [{ ReceiptHandle: string }];
  await lambent.advance(2);
  await refused(
    'DeleteMessage',
    { QueueUrl, ReceiptHandle },
    INVALID,
    `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  );
});

test('receives are refused in AWS’s words', async () => {
  const QueueUrl = await queue('received');
  for (const [input, message] of [
    [
      { MaxNumberOfMessages: 11 },
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    [
      { WaitTimeSeconds: 21 },
      'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
    [
      { WaitTimeSeconds: -1 },
      'Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
  ] as const) {
    await refused('ReceiveMessage', { QueueUrl, ...input }, INVALID, message);
  }
  await refused(
    'GetQueueAttributes',
    { QueueUrl: 'http://whatever-incorrect-queue-address' },
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist.',
  );
  await refused(
    'GetQueueUrl',
    { QueueName: 'nowhere' },
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist.',
  );
  await call('PurgeQueue', { QueueUrl });
  await refused(
    'PurgeQueue',
    { QueueUrl },
    'AWS.SimpleQueueService.PurgeQueueInProgress',
    'Only one PurgeQueue operation on received is allowed every 60 seconds.',
    403,
  );
});

test('queues are refused in AWS’s words', async () => {
  const QueueUrl = await queue('made', { DelaySeconds: '1' });
  await refused(
    'CreateQueue',
    { QueueName: 'made', Attributes: { DelaySeconds: '2' } },
    'QueueAlreadyExists',
    'A queue already exists with the same name and a different value for attribute DelaySeconds',
  );
  const unknown = (name: string) => `Unknown Attribute ${name}.`;
  const set = (Attributes: Record<string, string>, code: string, message: string, url = QueueUrl) =>
    refused('SetQueueAttributes', { QueueUrl: url, Attributes }, code, message);
  await set({ FifoQueue: 'true' }, 'InvalidAttributeName', unknown('FifoQueue'));
  await set(
    { ContentBasedDeduplication: 'true' },
    'InvalidAttributeName',
    unknown('ContentBasedDeduplication'),
  );
  for (const [name, value] of [
    ['DeduplicationScope', 'queue'],
    ['FifoThroughputLimit', 'perQueue'],
  ] as const) {
    await set(
      { [name]: value },
      'InvalidAttributeName',
      `You can specify the ${name} only when FifoQueue is set to true.`,
    );
  }
  await set(
    { FifoQueue: 'false' },
    'InvalidAttributeValue',
    'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    await queue('set.fifo'),
  );
  const permission = {
    QueueUrl,
    Label: 'crossaccount',
    AWSAccountIds: ['111111111111'],
    Actions: ['SendMessage'],
  };
  await call('AddPermission', permission);
  await refused(
    'AddPermission',
    permission,
    INVALID,
    'Value crossaccount for parameter Label is invalid. Reason: Already exists.',
  );
  await refused(
    'RemovePermission',
    { QueueUrl, Label: 'other' },
    INVALID,
    "Value other for parameter Label is invalid. Reason: can't find label.",
  );
});
