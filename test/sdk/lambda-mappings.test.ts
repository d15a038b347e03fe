import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { makeFunction as makeNodeFunction, printed as printedBy } from '../support/functions.ts';
import { refuses } from '../support/refusals.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const dynamodb = lambent.client(DynamoDBClient);
const logs = lambent.client(CloudWatchLogsClient);
const iam = lambent.client(IAMClient);
const sqs = lambent.client(SQSClient);

async function makeTable(TableName: string): Promise<string> {
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  return TableDescription?.LatestStreamArn ?? '';
}

const makeFunction = (name: string, role: string, source: string) =>
  makeNodeFunction(lambda, name, role, source);
const printed = (name: string, count: number) => printedBy(logs, name, count);

const put = (TableName: string, id: string, n = 0) =>
  dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(n) } } }));

test('changes of a table reach the function, in order, as the stream tells them', async () => {
  const StreamArn = await makeTable('orders');
  const role = await makeFunctionRole(iam, 'reader', 'AWSLambdaDynamoDBExecutionRole');
  await makeFunction(
    'listener',
    role,
    "exports.handler = async ({ Records }) => { for (const r of Records) console.log('@@' + JSON.stringify(r)); };",
  );
  await put('orders', 'early');
  const mapping = await lambda.send(
    new sdk.CreateEventSourceMappingCommand({
      EventSourceArn: StreamArn,
      FunctionName: 'listener',
      StartingPosition: 'LATEST',
    }),
  );
  assert.equal(mapping.State, 'Creating');
  assert.equal(mapping.BatchSize, 100);
  await assert.rejects(
    lambda.send(
      new sdk.CreateEventSourceMappingCommand({
        EventSourceArn: StreamArn,
        FunctionName: 'listener',
        StartingPosition: 'LATEST',
      }),
    ),
    (error: Error) => error.name === 'ResourceConflictException',
  );
  await put('orders', 'a', 1);
  await put('orders', 'a', 2);
  await dynamodb.send(new DeleteItemCommand({ TableName: 'orders', Key: { id: { S: 'a' } } }));
  const records = (await printed('listener', 3)) as {
    eventName: string;
    eventSource: string;
    eventSourceARN: string;
    dynamodb: { NewImage?: unknown; OldImage?: unknown; ApproximateCreationDateTime: number };
  }[];
  assert.deepEqual(
    records.map(({ eventName }) => eventName),
    ['INSERT', 'MODIFY', 'REMOVE'],
  );
  assert.equal(records[0]?.eventSource, 'aws:dynamodb');
  assert.equal(records[0]?.eventSourceARN, StreamArn);
  assert.deepEqual(records[1]?.dynamodb.NewImage, { id: { S: 'a' }, n: { N: '2' } });
  assert.equal(typeof records[0]?.dynamodb.ApproximateCreationDateTime, 'number');
  const read = await lambda.send(new sdk.GetEventSourceMappingCommand({ UUID: mapping.UUID }));
  assert.equal(read.State, 'Enabled');
  assert.equal(read.LastProcessingResult, 'OK');
  await lambda.send(new sdk.DeleteEventSourceMappingCommand({ UUID: mapping.UUID }));
  const { EventSourceMappings } = await lambda.send(new sdk.ListEventSourceMappingsCommand({}));
  assert.deepEqual(EventSourceMappings, []);
});

test('filters pass records over; a failing batch is cut down, retried and given up', async () => {
  const StreamArn = await makeTable('events');
  const role = await makeFunctionRole(iam, 'patient', 'AWSLambdaDynamoDBExecutionRole');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'patient', PolicyArn }));
  const { QueueUrl: grave } = await sqs.send(new CreateQueueCommand({ QueueName: 'grave' }));
  await makeFunction(
    'picky',
    role,
    `exports.handler = async ({ Records }) => {
  const ids = Records.map((r) => r.dynamodb.Keys.id.S);
  console.log('@@' + JSON.stringify(ids));
  if (ids.includes('poison')) throw new Error('no');
};`,
  );
  for (const id of ['one', 'skipped', 'poison', 'two']) await put('events', id);
  const map = (Destination: string) =>
    lambda.send(
      new sdk.CreateEventSourceMappingCommand({
        EventSourceArn: StreamArn,
        FunctionName: 'picky',
        StartingPosition: 'TRIM_HORIZON',
        MaximumRetryAttempts: 1,
        BisectBatchOnFunctionError: true,
        FilterCriteria: {
          Filters: [{ Pattern: '{"dynamodb":{"Keys":{"id":{"S":[{"anything-but":["skipped"]}]}}}}' }],
        },
        DestinationConfig: { OnFailure: { Destination } },
      }),
    );
  // What a stream's functions fail goes to queues, topics and buckets.
  const itself = 'arn:aws:lambda:us-east-1:000000000000:function:picky';
  await assert.rejects(
    map(itself),
    refuses(
      'InvalidParameterValueException',
      `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${itself})) is invalid.`,
    ),
  );
  await map('arn:aws:sqs:us-east-1:000000000000:grave');
  const first = await printed('picky', 1);
  assert.deepEqual(first[0], ['one', 'poison', 'two']);
  for (let i = 0; i < 8; i++) await lambent.advance(10);
  const batches = (await printed('picky', 5)) as string[][];
  assert.deepEqual(batches.at(-1), ['two']);
  assert.ok(batches.some((ids) => ids.length === 1 && ids[0] === 'poison'));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: grave, WaitTimeSeconds: 5 }));
  const { timestamp, requestContext, DDBStreamBatchInfo, ...rest } = JSON.parse(
    Messages?.[0]?.Body ?? '',
  ) as Record<string, Record<string, unknown>>;
  const { requestId, ...context } = requestContext ?? {};
  assert.match(`${timestamp} ${requestId}`, /^\d{4}-\d\d-\d\dT\S+Z [0-9a-f-]{36}$/);
  assert.deepEqual(context, {
    functionArn: itself,
    condition: 'RetryAttemptsExhausted',
    approximateInvokeCount: 2,
  });
  assert.deepEqual(rest, {
    version: '1.0',
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  });
  assert.match(
    String(DDBStreamBatchInfo?.['approximateArrivalOfFirstRecord']),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  );
  const { startSequenceNumber, endSequenceNumber, batchSize, streamArn } = DDBStreamBatchInfo ?? {};
  assert.deepEqual([startSequenceNumber, batchSize, streamArn], [endSequenceNumber, 1, StreamArn]);
});

test('messages of a queue reach the function, and those it fails come back', async () => {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'tasks', Attributes: { VisibilityTimeout: '10' } }),
  );
  const role = await makeFunctionRole(iam, 'worker', 'AWSLambdaSQSQueueExecutionRole');
  await makeFunction(
    'worker',
    role,
    `exports.handler = async ({ Records }) => {
  for (const r of Records) console.log('@@' + JSON.stringify([r.body, r.eventSource, Number(r.attributes.ApproximateReceiveCount)]));
  return { batchItemFailures: Records.filter((r) => r.body === 'again' && r.attributes.ApproximateReceiveCount === '1').map((r) => ({ itemIdentifier: r.messageId })) };
};`,
  );
  const mapping = {
    EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:tasks',
    FunctionName: 'worker',
    FunctionResponseTypes: ['ReportBatchItemFailures' as const],
    FilterCriteria: { Filters: [{ Pattern: '{"body":[{"anything-but":["skip"]}]}' }] },
  };
  const made = await lambda.send(new sdk.CreateEventSourceMappingCommand(mapping));
  assert.equal(made.BatchSize, 10);
  for (const MessageBody of ['one', 'again', 'skip']) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  await printed('worker', 2);
  await lambent.advance(15);
  const seen = await printed('worker', 3);
  assert.deepEqual(seen.toSorted(), [
    ['again', 'aws:sqs', 1],
    ['again', 'aws:sqs', 2],
    ['one', 'aws:sqs', 1],
  ]);
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '0');
  assert.equal(Attributes?.['ApproximateNumberOfMessagesNotVisible'], '0');
  await lambda.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: 'worker', Timeout: 30 }));
  await lambda.send(new sdk.DeleteEventSourceMappingCommand({ UUID: made.UUID }));
  await assert.rejects(
    lambda.send(new sdk.CreateEventSourceMappingCommand(mapping)),
    (error: Error) =>
      error.message === 'Queue visibility timeout: 10 seconds is less than Function timeout: 30 seconds',
  );
});

test('what becomes of an event goes to queues: a destination’s record, the dead event itself', async () => {
  const queue = async (QueueName: string) => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    return { QueueUrl, arn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}` };
  };
  const [successes, dead] = [await queue('successes'), await queue('dead')];
  const role = await makeFunctionRole(iam, 'sender', 'AWSLambdaBasicExecutionRole');
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'sender',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonSQSFullAccess',
    }),
  );
  await makeFunction(
    'fateful',
    role,
    "exports.handler = async (event) => { if (event.fail) throw new Error('doomed'); return { done: event.n }; };",
  );
  const FunctionName = 'fateful';
  await lambda.send(
    new sdk.UpdateFunctionConfigurationCommand({ FunctionName, DeadLetterConfig: { TargetArn: dead.arn } }),
  );
  await lambda.send(
    new sdk.PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnSuccess: { Destination: successes.arn } },
    }),
  );
  const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
  await assert.rejects(
    lambda.send(
      new sdk.PutFunctionEventInvokeConfigCommand({
        FunctionName,
        DestinationConfig: { OnSuccess: { Destination: bus } },
      }),
    ),
    (error: Error) => /EventBridge is not here/.test(error.message),
  );
  for (const event of [{ n: 1 }, { fail: true }]) {
    await lambda.send(
      new sdk.InvokeCommand({
        FunctionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
  }
  const receive = async (QueueUrl: string | undefined) => {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ['All'] }),
    );
    return Messages?.[0];
  };
  const record = JSON.parse((await receive(successes.QueueUrl))?.Body ?? '{}');
  assert.equal(record.requestContext.condition, 'Success');
  assert.deepEqual(record.requestPayload, { n: 1 });
  assert.deepEqual(record.responsePayload, { done: 1 });
  const letter = await receive(dead.QueueUrl);
  assert.equal(letter?.Body, '{"fail":true}');
  assert.equal(letter?.MessageAttributes?.['ErrorMessage']?.StringValue, 'doomed');
});

test('a role that may not read the stream makes no mapping', async () => {
  const StreamArn = await makeTable('closed');
  await makeFunction('blind', await makeFunctionRole(iam, 'blind'), 'exports.handler = async () => {};');
  await assert.rejects(
    lambda.send(
      new sdk.CreateEventSourceMappingCommand({
        EventSourceArn: StreamArn,
        FunctionName: 'blind',
        StartingPosition: 'LATEST',
      }),
    ),
    (error: Error) =>
      error.name === 'InvalidParameterValueException' && error.message.startsWith('Cannot access stream'),
  );
});
