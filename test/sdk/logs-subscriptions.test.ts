import { strict as assert } from 'node:assert';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteMetricFilterCommand,
  DeleteSubscriptionFilterCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  DescribeSubscriptionFiltersCommand,
  type LiveTailSessionLogEvent,
  PutLogEventsCommand,
  PutMetricFilterCommand,
  PutSubscriptionFilterCommand,
  StartLiveTailCommand,
  TestMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient } from '@aws-sdk/client-iam';
import { AddPermissionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { withLambent } from '../support/clients.ts';
import { makeFunction, printed } from '../support/functions.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const logs = lambent.client(CloudWatchLogsClient);
const lambda = lambent.client(LambdaClient);
const role = await makeFunctionRole(lambent.client(IAMClient), 'ears', 'AWSLambdaBasicExecutionRole');

async function makeStream(logGroupName: string, logStreamName: string): Promise<void> {
  await logs.send(new CreateLogGroupCommand({ logGroupName })).catch(() => undefined);
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}

function put(logGroupName: string, logStreamName: string, ...messages: readonly string[]) {
  const timestamp = Date.now();
  const logEvents = messages.map((message) => ({ timestamp, message }));
  return logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

const named = (name: string, message?: RegExp) => (error: Error) =>
  error.name === name && (message === undefined || message.test(error.message));

test('a function gets the events of a group that its filter wants, in order', async () => {
  await makeStream('web', 'one');
  await makeFunction(
    lambda,
    'ears',
    role,
    "exports.handler = async (event) => console.log('@@' + JSON.stringify(event.awslogs.data));",
  );
  const wanted = {
    logGroupName: 'web',
    filterName: 'errors',
    filterPattern: '{ $.level = "ERROR" }',
    destinationArn: 'arn:aws:lambda:us-east-1:000000000000:function:ears',
  };
  await assert.rejects(
    logs.send(new PutSubscriptionFilterCommand(wanted)),
    named('InvalidParameterException', /Make sure you have given CloudWatch Logs permission/),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'ears',
      StatementId: 'logs',
      Action: 'lambda:InvokeFunction',
      Principal: 'logs.us-east-1.amazonaws.com',
      SourceArn: 'arn:aws:logs:us-east-1:000000000000:log-group:web:*',
    }),
  );
  await put('web', 'one', '{"level":"ERROR","n":0}');
  await logs.send(new PutSubscriptionFilterCommand(wanted));
  await put('web', 'one', '{"level":"INFO","n":1}', '{"level":"ERROR","n":2}', '{"level":"ERROR","n":3}');
  await put('web', 'one', '{"level":"ERROR","n":4}');
  const [first, second] = (await printed(logs, 'ears', 2)).map((data) =>
    JSON.parse(gunzipSync(Buffer.from(String(data), 'base64')).toString()),
  );
  assert.deepEqual(
    { ...first, logEvents: first.logEvents.map(({ message }: { message: string }) => JSON.parse(message).n) },
    {
      messageType: 'DATA_MESSAGE',
      owner: '000000000000',
      logGroup: 'web',
      logStream: 'one',
      subscriptionFilters: ['errors'],
      logEvents: [2, 3],
    },
  );
  assert.match(first.logEvents[0].id, /^\d{56}$/);
  assert.equal(second.logEvents[0].message, '{"level":"ERROR","n":4}');

  const { subscriptionFilters } = await logs.send(
    new DescribeSubscriptionFiltersCommand({ logGroupName: 'web' }),
  );
  assert.equal(subscriptionFilters?.[0]?.destinationArn, wanted.destinationArn);
  assert.equal(subscriptionFilters?.[0]?.distribution, 'ByLogStream');
  await logs.send(new PutSubscriptionFilterCommand({ ...wanted, filterName: 'second', filterPattern: '' }));
  await assert.rejects(
    logs.send(new PutSubscriptionFilterCommand({ ...wanted, filterName: 'third' })),
    named('LimitExceededException'),
  );
  await assert.rejects(
    logs.send(
      new PutSubscriptionFilterCommand({
        ...wanted,
        destinationArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
      }),
    ),
    named('InvalidParameterException', /kinesis is not supported/),
  );
  await logs.send(new DeleteSubscriptionFilterCommand({ logGroupName: 'web', filterName: 'second' }));
  await assert.rejects(
    logs.send(new DeleteSubscriptionFilterCommand({ logGroupName: 'web', filterName: 'second' })),
    named('ResourceNotFoundException'),
  );
});

test('a tail shows what is written while it is open', async () => {
  await makeStream('tailed', 'a');
  await makeStream('tailed', 'b');
  await put('tailed', 'a', 'before');
  // The SDK puts `stream-` in front of the host, which an address has no room for; a name under localhost has.
  const asked: string[] = [];
  const lookup: LookupFunction = (host, options, callback) => {
    asked.push(host);
    if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
  };
  const client = new CloudWatchLogsClient({
    endpoint: `http://logs.localhost:${lambent.port}`,
    region: lambent.region,
    credentials: lambent.credentials,
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  const aborted = new AbortController();
  const { responseStream } = await client.send(
    new StartLiveTailCommand({
      logGroupIdentifiers: ['arn:aws:logs:us-east-1:000000000000:log-group:tailed'],
      logEventFilterPattern: '-noise',
    }),
    { abortSignal: aborted.signal },
  );
  assert.ok(responseStream);
  const seen: LiveTailSessionLogEvent[] = [];
  let started = false;
  for await (const event of responseStream) {
    if (event.sessionStart !== undefined) {
      assert.equal(event.sessionStart.logEventFilterPattern, '-noise');
      started = true;
      await put('tailed', 'a', 'one', 'noise');
      await put('tailed', 'b', 'two');
    }
    seen.push(...(event.sessionUpdate?.sessionResults ?? []));
    if (seen.length >= 2) break;
  }
  assert.ok(started);
  assert.deepEqual(asked, ['stream-logs.localhost']);
  assert.deepEqual(seen.map(({ logStreamName, message }) => [logStreamName, message]).sort(), [
    ['a', 'one'],
    ['b', 'two'],
  ]);
  assert.equal(seen[0]?.logGroupIdentifier, '000000000000:tailed');
  aborted.abort();
  client.destroy();
  await assert.rejects(
    logs.send(
      new StartLiveTailCommand({ logGroupIdentifiers: ['arn:aws:logs:us-east-1:000000000000:log-group:no'] }),
    ),
  );
});

test('metric filters are kept, and tried', async () => {
  await makeStream('metered', 'a');
  const filter = {
    logGroupName: 'metered',
    filterName: 'bytes',
    filterPattern: '[ip, user, ..., status = 4*, bytes]',
    metricTransformations: [{ metricName: 'Bytes', metricNamespace: 'Web', metricValue: '$bytes' }],
  };
  await logs.send(new PutMetricFilterCommand(filter));
  const byMetric = await logs.send(
    new DescribeMetricFiltersCommand({ metricName: 'Bytes', metricNamespace: 'Web' }),
  );
  assert.deepEqual(byMetric.metricFilters?.[0]?.metricTransformations, filter.metricTransformations);
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'metered' }));
  assert.equal(logGroups?.[0]?.metricFilterCount, 1);
  await logs.send(new DeleteMetricFilterCommand({ logGroupName: 'metered', filterName: 'bytes' }));
  assert.deepEqual((await logs.send(new DescribeMetricFiltersCommand({}))).metricFilters, []);

  const test = (filterPattern: string, ...logEventMessages: string[]) =>
    logs.send(new TestMetricFilterCommand({ filterPattern, logEventMessages }));
  const { matches } = await test(
    filter.filterPattern,
    '127.0.0.1 frank [10/Oct/2000:13:35:22 -0700] "GET /a.png" 404 1534',
    '127.0.0.1 frank [10/Oct/2000:13:35:22 -0700] "GET /b.png" 200 4355',
  );
  assert.deepEqual(matches, [
    {
      eventNumber: 1,
      eventMessage: '127.0.0.1 frank [10/Oct/2000:13:35:22 -0700] "GET /a.png" 404 1534',
      extractedValues: { $ip: '127.0.0.1', $user: 'frank', $status: '404', $bytes: '1534' },
    },
  ]);
  const json = await test('{ $.a.b = 1 || $.list[0] = "$.x" }', '{"a":{"b":1},"list":["y"]}', '{"a":2}');
  assert.deepEqual(json.matches?.[0]?.extractedValues, { '$.a.b': '1', '$.list[0]': 'y' });
  assert.equal(json.matches?.length, 1);
});
