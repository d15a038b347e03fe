import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { type SigningCredentials, signRequest } from '../../src/wire/sigv4-client.ts';
import { withLambent } from '../support/clients.ts';
import { JsonClient } from '../support/json-client.ts';

const lambent = await withLambent();
const client = new JsonClient(lambent.port);
after(() => client.close());
const KEYS = { accessKeyId: 'test', secretAccessKey: 'test' };

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
  readonly queryError?: string | undefined;
}

async function json(operation: string, input: unknown, from = client): Promise<Answer> {
  const { status, headers, text } = await from.raw('sqs', `AmazonSQS.${operation}`, input);
  const { __type: type = '' } = (text === '' ? {} : JSON.parse(text)) as { readonly __type?: string };
  return { status, text, type, queryError: headers['x-amzn-query-error'] as string | undefined };
}

/** What a client from before SQS's JSON sends. */
async function form(fields: Record<string, string>, path = '/'): Promise<Answer> {
  const body = String(new URLSearchParams({ Version: '2012-11-05', ...fields }));
  const headers = signRequest(
    {
      method: 'POST',
      path,
      query: '',
      headers: {
        host: `127.0.0.1:${lambent.port}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
    },
    { credentials: KEYS, region: 'us-east-1', service: 'sqs', nowMs: Date.now() },
  );
  const response = await fetch(`${lambent.endpoint}${path}`, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}

async function queue(QueueName: string): Promise<string> {
  const { text } = await json('CreateQueue', { QueueName });
  return (JSON.parse(text) as { readonly QueueUrl: string }).QueueUrl;
}

test('errors have the type the JSON protocol knows and the code the query protocol knew', async () => {
  const QueueUrl = await queue('typed');
  const FRAMEWORK = 'com.amazon.coral.service#';
  const OWN = 'com.amazonaws.sqs#';
  for (const [operation, input, type, queryCode] of [
    [
      'CreateQueue',
      { QueueName: 'a b' },
      `${FRAMEWORK}InvalidParameterValueException`,
      'InvalidParameterValue',
    ],
    ['GetQueueUrl', {}, `${FRAMEWORK}InvalidParameterValueException`, 'InvalidParameterValue'],
    [
      'SendMessage',
      { QueueUrl, MessageBody: '' },
      `${FRAMEWORK}MissingRequiredParameterException`,
      'MissingParameter',
    ],
    ['SendMessage', { QueueUrl }, `${FRAMEWORK}MissingRequiredParameterException`, 'MissingParameter'],
    ['DeleteMessage', { QueueUrl }, `${FRAMEWORK}MissingRequiredParameterException`, 'MissingParameter'],
    ['Bogus', {}, `${FRAMEWORK}UnknownOperationException`, 'InvalidAction'],
    ['GetQueueUrl', [], `${FRAMEWORK}SerializationException`, 'MalformedInput'],
    [
      'SendMessage',
      { MessageBody: 'm' },
      `${OWN}QueueDoesNotExist`,
      'AWS.SimpleQueueService.NonExistentQueue',
    ],
    ['SendMessageBatch', { QueueUrl }, `${OWN}EmptyBatchRequest`, 'AWS.SimpleQueueService.EmptyBatchRequest'],
    [
      'SetQueueAttributes',
      { QueueUrl, Attributes: { No: '1' } },
      `${OWN}InvalidAttributeName`,
      'InvalidAttributeName',
    ],
  ] as const) {
    const answer = await json(operation, input);
    assert.deepEqual([answer.status, answer.type, answer.queryError], [400, type, `${queryCode};Sender`]);
  }
});

test('who is not known is refused with the query protocol’s statuses', async () => {
  const refused = async (credentials: SigningCredentials) => {
    const stranger = new JsonClient(lambent.port, credentials);
    const { status, type, queryError } = await json('ListQueues', {}, stranger);
    stranger.close();
    return [status, type, queryError];
  };
  assert.deepEqual(await refused({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }), [
    403,
    'com.amazon.coral.service#UnrecognizedClientException',
    'InvalidClientTokenId;Sender',
  ]);
  assert.deepEqual(await refused({ ...KEYS, secretAccessKey: 'x' }), [
    403,
    'com.amazon.coral.service#InvalidSignatureException',
    'SignatureDoesNotMatch;Sender',
  ]);
});

test('what answers nothing has no body; what answers an empty list says so', async () => {
  const QueueUrl = await queue('silent');
  for (const [operation, input] of [
    ['TagQueue', { QueueUrl, Tags: { a: 'b' } }],
    ['UntagQueue', { QueueUrl, TagKeys: ['a'] }],
    ['SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '1' } }],
    ['PurgeQueue', { QueueUrl }],
  ] as const) {
    assert.deepEqual([operation, (await json(operation, input)).text], [operation, '']);
  }
  for (const operation of ['ListQueueTags', 'ListDeadLetterSourceQueues', 'ReceiveMessage']) {
    assert.deepEqual([operation, (await json(operation, { QueueUrl })).text], [operation, '{}']);
  }
});

test('clients from before its JSON get the words they knew', async () => {
  const QueueUrl = await queue('old');
  const path = new URL(QueueUrl).pathname;
  const error = (code: string, message: string) =>
    `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message><Detail/></Error>`;
  const refused = async (fields: Record<string, string>, code: string, message: string, at?: string) => {
    const { status, text } = await form(fields, at);
    assert.equal(status, 400);
    assert.ok(text.includes(error(code, message)), text);
  };
  await refused(
    { Action: 'PurgeQueue', QueueUrl: 'gone' },
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist for this wsdl version.',
  );
  await refused(
    { Action: 'SendMessage' },
    'MissingParameter',
    'The request must contain the parameter MessageBody.',
    path,
  );
  for (const Action of ['FooBar', 'ListQueues', 'CreateQueue']) {
    await refused(
      { Action, QueueName: 'x' },
      'InvalidAction',
      `The action ${Action} is not valid for this endpoint.`,
      path,
    );
  }
  await refused(
    { Action: 'SendMessage', MessageBody: 'x'.repeat(1_048_577) },
    'InvalidParameterValue',
    'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    path,
  );
  await refused(
    { Action: 'SendMessageBatch', QueueUrl },
    'AWS.SimpleQueueService.EmptyBatchRequest',
    'There should be at least one SendMessageBatchRequestEntry in the request.',
  );
});

test('a move task is named by a handle of its id and source', async () => {
  await queue('left');
  const handle = (task: object) => Buffer.from(JSON.stringify(task)).toString('base64');
  const sourceArn = 'arn:aws:sqs:us-east-1:000000000000:left';
  const cancel = async (TaskHandle: string) => {
    const { status, text } = await json('CancelMessageMoveTask', { TaskHandle });
    return [status, (JSON.parse(text) as { readonly message: string }).message];
  };
  assert.deepEqual(await cancel(handle({ taskId: 'none', sourceArn })), [404, 'Task does not exist.']);
  assert.deepEqual(await cancel('nonsense'), [400, 'Value for parameter TaskHandle is invalid.']);
});
