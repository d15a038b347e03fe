import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { withLambent } from '../support/clients.ts';
import { isHere } from '../support/programs.ts';

const lambent = await withLambent();
const logs = lambent.client(CloudWatchLogsClient);

async function makeStream(logGroupName: string, logStreamName: string): Promise<void> {
  await logs.send(new CreateLogGroupCommand({ logGroupName })).catch((error: Error) => {
    if (error.name !== 'ResourceAlreadyExistsException') throw error;
  });
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}

function put(
  logGroupName: string,
  logStreamName: string,
  events: readonly (readonly [timestamp: number, message: string])[],
) {
  const logEvents = events.map(([timestamp, message]) => ({ timestamp, message }));
  return logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

const named = (name: string) => (error: Error) => error.name === name;

test('groups and streams come, are listed and go', async () => {
  await makeStream('/app/one', 'a');
  await makeStream('/app/one', 'b');
  await makeStream('/app/two', 'a');
  await assert.rejects(
    logs.send(new CreateLogGroupCommand({ logGroupName: '/app/one' })),
    (error: Error) =>
      error.name === 'ResourceAlreadyExistsException' &&
      error.message === 'The specified log group already exists',
  );
  const first = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/app/', limit: 1 }));
  assert.deepEqual(
    first.logGroups?.map(({ logGroupName }) => logGroupName),
    ['/app/one'],
  );
  assert.equal(first.logGroups?.[0]?.arn, 'arn:aws:logs:us-east-1:000000000000:log-group:/app/one:*');
  const second = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/app/', limit: 1, nextToken: first.nextToken }),
  );
  assert.deepEqual(
    second.logGroups?.map(({ logGroupName }) => logGroupName),
    ['/app/two'],
  );
  const streams = await logs.send(new DescribeLogStreamsCommand({ logGroupName: '/app/one' }));
  assert.deepEqual(
    streams.logStreams?.map(({ logStreamName }) => logStreamName),
    ['a', 'b'],
  );
  await logs.send(new DeleteLogStreamCommand({ logGroupName: '/app/one', logStreamName: 'b' }));
  await logs.send(new DeleteLogGroupCommand({ logGroupName: '/app/two' }));
  await assert.rejects(
    logs.send(new DescribeLogStreamsCommand({ logGroupName: '/app/two' })),
    named('ResourceNotFoundException'),
  );
  const resourceArn = 'arn:aws:logs:us-east-1:000000000000:log-group:/app/one';
  await logs.send(new TagResourceCommand({ resourceArn, tags: { team: 'rides' } }));
  assert.deepEqual((await logs.send(new ListTagsForResourceCommand({ resourceArn }))).tags, {
    team: 'rides',
  });
});

test('a group made again is empty', async () => {
  await makeStream('/again', 's');
  await put('/again', 's', [[Date.now(), 'old']]);
  await logs.send(new DeleteLogGroupCommand({ logGroupName: '/again' }));
  await makeStream('/again', 's');
  assert.deepEqual((await logs.send(new FilterLogEventsCommand({ logGroupName: '/again' }))).events, []);
});

test('events are read in order, forwards and backwards', async () => {
  await makeStream('/read', 's');
  const start = Date.now() - 60_000;
  const all = Array.from({ length: 50 }, (_, i) => [start + i * 1000, `line ${i}`] as const);
  await put('/read', 's', all.slice(20));
  await put('/read', 's', all.slice(0, 20));
  const at = { logGroupName: '/read', logStreamName: 's' };
  const messages = (page: { events?: { message?: string | undefined }[] | undefined }) =>
    page.events?.map(({ message }) => message);
  const newest = await logs.send(new GetLogEventsCommand({ ...at, limit: 10 }));
  assert.deepEqual(
    messages(newest),
    all.slice(40).map(([, text]) => text),
  );
  const older = await logs.send(
    new GetLogEventsCommand({ ...at, limit: 10, nextToken: newest.nextBackwardToken }),
  );
  assert.deepEqual(
    messages(older),
    all.slice(30, 40).map(([, text]) => text),
  );
  const again = await logs.send(
    new GetLogEventsCommand({ ...at, limit: 10, nextToken: older.nextForwardToken }),
  );
  assert.deepEqual(messages(again), messages(newest));
  const end = await logs.send(new GetLogEventsCommand({ ...at, nextToken: again.nextForwardToken }));
  assert.deepEqual(end.events, []);
  assert.equal(end.nextForwardToken, again.nextForwardToken);
  const head = await logs.send(
    new GetLogEventsCommand({ ...at, startFromHead: true, startTime: start + 5000, endTime: start + 8000 }),
  );
  assert.deepEqual(messages(head), ['line 5', 'line 6', 'line 7']);
});

test('a batch is checked', async () => {
  await makeStream('/checked', 's');
  const now = Date.now();
  await assert.rejects(
    put('/checked', 's', [
      [now, 'b'],
      [now - 1, 'a'],
    ]),
    named('InvalidParameterException'),
  );
  const day = 86_400_000;
  const { rejectedLogEventsInfo } = await put('/checked', 's', [
    [now - 15 * day, 'too old'],
    [now - 14.5 * day, 'too old'],
  ]);
  assert.equal(rejectedLogEventsInfo?.tooOldLogEventEndIndex, 2);
  await assert.rejects(put('/checked', 'none', [[now, 'x']]), named('ResourceNotFoundException'));
});

test('a filter merges streams by time and pages', async () => {
  await makeStream('/merged', 'a');
  await makeStream('/merged', 'b');
  const start = Date.now() - 30_000;
  const line = (i: number) => [start + i * 100, `${i % 2 === 0 ? 'even' : 'odd'} ${i}`] as const;
  await put('/merged', 'a', [0, 2, 4, 6, 8].map(line));
  await put('/merged', 'b', [1, 3, 5, 7, 9].map(line));
  const found: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page: FilterLogEventsCommandOutput = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/merged', limit: 3, nextToken }),
    );
    found.push(...(page.events ?? []).map(({ message }) => message));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  assert.deepEqual(
    found,
    Array.from({ length: 10 }, (_, i) => line(i)[1]),
  );
  const odd = await logs.send(
    new FilterLogEventsCommand({ logGroupName: '/merged', filterPattern: 'odd', startTime: start + 500 }),
  );
  assert.deepEqual(
    odd.events?.map(({ message }) => message),
    ['odd 5', 'odd 7', 'odd 9'],
  );
});

test('retention hides and deletes what is old', async () => {
  await makeStream('/kept', 's');
  await put('/kept', 's', [[Date.now(), 'soon gone']]);
  await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/kept', retentionInDays: 1 }));
  const read = () => logs.send(new FilterLogEventsCommand({ logGroupName: '/kept' }));
  assert.equal((await read()).events?.length, 1);
  await lambent.advance(2 * 86_400);
  assert.equal((await read()).events?.length, 0);
  await assert.rejects(
    logs.send(new PutRetentionPolicyCommand({ logGroupName: '/kept', retentionInDays: 2 })),
    named('InvalidParameterException'),
  );
});

test('the AWS CLI reads a group', { skip: isHere('aws') ? false : 'no aws CLI' }, async () => {
  await makeStream('/tailed', 's');
  const { now } = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as { now: string };
  await put('/tailed', 's', [[Date.parse(now), 'hello from the tail']]);
  const { stdout } = await promisify(execFile)(
    'aws',
    ['--endpoint-url', lambent.endpoint, 'logs', 'filter-log-events', '--log-group-name', '/tailed'],
    {
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_DEFAULT_REGION: 'us-east-1',
      },
    },
  );
  assert.match(stdout, /hello from the tail/);
});

test('a stream shows a token once it has taken events; refusals have the codes AWS gives them', async () => {
  const logGroupName = 'shown';
  await makeStream(logGroupName, 'one');
  const token = async () =>
    (await logs.send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams?.[0]?.uploadSequenceToken;
  assert.equal(await token(), undefined);
  await put(logGroupName, 'one', [[Date.now(), 'hello']]);
  assert.ok(await token());
  await assert.rejects(
    logs.send(new DescribeLogStreamsCommand({ logGroupName, logGroupIdentifier: logGroupName })),
    {
      name: 'ValidationException',
      message: 'LogGroup name and LogGroup ARN are mutually exclusive parameters.',
    },
  );
  await assert.rejects(
    logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'one', limit: 10_001 })),
    named('InvalidParameterException'),
  );
});
