import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { type Lambent, startLambent } from 'lambent/testing';
import { withLambent } from '../support/clients.ts';
import { isHere } from '../support/programs.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const logs = lambent.client(CloudWatchLogsClient);
const iam = lambent.client(IAMClient);
let role = '';

before(async () => {
  role = await makeRole('runner', 'lambda.amazonaws.com');
});

async function makeRole(RoleName: string, service: string, client = iam): Promise<string> {
  const { Role } = await client.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  await client.send(
    new AttachRolePolicyCommand({
      RoleName,
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    }),
  );
  return Role?.Arn ?? '';
}

function zipOf(source: string, file = 'index.js'): Uint8Array {
  return zipSync({ [file]: Buffer.from(source) }, { mtime: '1980-01-01T12:00:00' });
}

async function make(
  FunctionName: string,
  source: string,
  more: Partial<sdk.CreateFunctionCommandInput> = {},
): Promise<sdk.CreateFunctionCommandOutput> {
  return lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipOf(source) },
      ...more,
    }),
  );
}

function invoke(FunctionName: string, payload: unknown = {}, more: Partial<sdk.InvokeCommandInput> = {}) {
  return lambda.send(
    new sdk.InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(payload)), ...more }),
  );
}

const json = ({ Payload }: sdk.InvokeCommandOutput): unknown =>
  JSON.parse(Buffer.from(Payload ?? []).toString());

function failing(name: string, message?: string | RegExp) {
  return (error: Error) => {
    assert.equal(error.name, name);
    if (typeof message === 'string') assert.equal(error.message, message);
    else if (message !== undefined) assert.match(error.message, message);
    return true;
  };
}

async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error('it never came');
}

function lacksBoto3(): string | false {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no python3 with boto3';
  }
}

const ECHO = 'exports.handler = async (event) => event;';
const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

test('a function is made, read, changed and deleted', async () => {
  const made = await make('life', ECHO, { Environment: { Variables: { MODE: '1' } }, Tags: { t: 'v' } });
  assert.equal(made.FunctionArn, arn('life'));
  assert.equal(made.State, 'Pending');
  assert.equal(made.Version, '$LATEST');
  assert.match(made.CodeSha256 ?? '', /^[A-Za-z0-9+/]{43}=$/);
  assert.match(made.LastModified ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
  await assert.rejects(
    make('life', ECHO),
    failing('ResourceConflictException', 'Function already exist: life'),
  );

  const read = await lambda.send(new sdk.GetFunctionCommand({ FunctionName: arn('life') }));
  assert.equal(read.Configuration?.State, 'Active');
  assert.deepEqual(read.Tags, { t: 'v' });
  const code = await fetch(read.Code?.Location ?? '');
  assert.deepEqual(new Uint8Array(await code.arrayBuffer()), zipOf(ECHO));
  assert.equal((await fetch((read.Code?.Location ?? '').replace(/.\.zip$/, 'x.zip'))).status, 403);

  const changed = await lambda.send(
    new sdk.UpdateFunctionConfigurationCommand({ FunctionName: 'life', Timeout: 9, MemorySize: 256 }),
  );
  assert.equal(changed.LastUpdateStatus, 'InProgress');
  assert.notEqual(changed.RevisionId, made.RevisionId);
  await assert.rejects(
    lambda.send(
      new sdk.UpdateFunctionConfigurationCommand({
        FunctionName: 'life',
        Timeout: 5,
        RevisionId: made.RevisionId,
      }),
    ),
    failing('PreconditionFailedException'),
  );
  const config = await lambda.send(new sdk.GetFunctionConfigurationCommand({ FunctionName: 'life' }));
  assert.equal(config.Timeout, 9);
  assert.deepEqual(config.Environment?.Variables, { MODE: '1' });
  const { Functions } = await lambda.send(new sdk.ListFunctionsCommand({}));
  assert.ok(Functions?.some(({ FunctionName }) => FunctionName === 'life'));
  await lambda.send(new sdk.DeleteFunctionCommand({ FunctionName: 'life' }));
  await assert.rejects(
    invoke('life'),
    failing('ResourceNotFoundException', `Function not found: ${arn('life')}:$LATEST`),
  );
});

test('what cannot be a function is refused in AWS’s words', async () => {
  const bad = await makeRole('other-service', 'ec2.amazonaws.com');
  await assert.rejects(
    make('bad-role', ECHO, { Role: bad }),
    failing(
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    ),
  );
  await assert.rejects(
    make('bad-zip', '', { Code: { ZipFile: Buffer.from('not a zip') } }),
    failing(
      'InvalidParameterValueException',
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    ),
  );
  await assert.rejects(
    make('bad-path', '', { Code: { ZipFile: zipSync({ '../out.js': Buffer.from('1') }) } }),
    failing('InvalidParameterValueException'),
  );
  await assert.rejects(
    make('reserved', ECHO, { Environment: { Variables: { AWS_REGION: 'x' } } }),
    failing('InvalidParameterValueException', /Reserved keys used in this request: AWS_REGION$/),
  );
  await assert.rejects(
    make('no-handler', ECHO, { Handler: undefined }),
    failing('InvalidParameterValueException'),
  );
});

test('limits the model leaves wider than AWS does', async () => {
  await assert.rejects(
    make('long', ECHO, { Timeout: 901 }),
    failing('ValidationException', /'timeout' failed to satisfy .* less than or equal to 900$/),
  );
  await assert.rejects(
    make('large', ECHO, { MemorySize: 10_241 }),
    failing('ValidationException', /'memorySize' failed to satisfy .* less than or equal to 10240$/),
  );
});

test('an invocation answers, with its log when asked', async () => {
  await make(
    'echo',
    "exports.handler = async (event, context) => { console.log('seen', event); return { event, id: context.awsRequestId, arn: context.invokedFunctionArn, region: process.env.AWS_REGION, key: process.env.AWS_ACCESS_KEY_ID }; };",
  );
  const answer = await invoke('echo', { a: 'ü' }, { LogType: 'Tail' });
  assert.equal(answer.StatusCode, 200);
  assert.equal(answer.FunctionError, undefined);
  assert.equal(answer.ExecutedVersion, '$LATEST');
  const body = json(answer) as Record<string, string>;
  assert.deepEqual(body['event'], { a: 'ü' });
  assert.equal(body['arn'], arn('echo'));
  assert.match(body['key'] ?? '', /^ASIA/);
  const id = body['id'] ?? '';
  assert.equal(id, answer.$metadata.requestId);
  const tail = Buffer.from(answer.LogResult ?? '', 'base64').toString();
  assert.match(
    tail,
    new RegExp(
      `^START RequestId: ${id} Version: \\$LATEST\\n\\S+\\t${id}\\tINFO\\tseen \\{ a: 'ü' \\}\\nEND RequestId: ${id}\\nREPORT RequestId: ${id}\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB\\tMax Memory Used: \\d+ MB\\tInit Duration: [\\d.]+ ms\\t\\n$`,
    ),
  );
  const events = await eventually(async () => {
    const page = await logs
      .send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/echo' }))
      .catch(() => undefined);
    return page?.events?.length === 5 ? page.events : undefined;
  });
  const [start, ...lines] = events.map(({ message }) => message);
  assert.match(
    start ?? '',
    /^INIT_START Runtime Version: nodejs:\d+\.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n$/,
  );
  const { RuntimeVersionConfig } = await lambda.send(
    new sdk.GetFunctionConfigurationCommand({ FunctionName: 'echo' }),
  );
  assert.ok(start?.includes(RuntimeVersionConfig?.RuntimeVersionArn ?? 'none'));
  assert.equal(lines.join(''), tail);
  assert.match(events[0]?.logStreamName ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
});

test('errors of the function are answers', async () => {
  await make('thrower', "exports.handler = async () => { throw new RangeError('too far'); };");
  const answer = await invoke('thrower');
  assert.equal(answer.StatusCode, 200);
  assert.equal(answer.FunctionError, 'Unhandled');
  assert.equal((json(answer) as { errorType: string }).errorType, 'RangeError');
  await make('sleeper', 'exports.handler = () => new Promise((r) => setTimeout(r, 60_000));', { Timeout: 1 });
  const late = await invoke('sleeper', {}, { LogType: 'Tail' });
  assert.match((json(late) as { errorMessage: string }).errorMessage, /Task timed out after 1\.00 seconds$/);
  assert.match(Buffer.from(late.LogResult ?? '', 'base64').toString(), /\tStatus: timeout\n$/);
});

test('payloads are checked', async () => {
  await make('checked', ECHO);
  await assert.rejects(
    lambda.send(new sdk.InvokeCommand({ FunctionName: 'checked', Payload: Buffer.from('{not json') })),
    failing('InvalidRequestContentException'),
  );
  if (!isHere('dotnet')) {
    await make('foreign', '', { Runtime: 'dotnet8', Code: { ZipFile: zipOf(ECHO) } });
    await assert.rejects(
      invoke('foreign'),
      failing('InvalidRuntimeException', /dotnet8 needs the \.NET SDK: .*To install it:/),
    );
  }
  await assert.rejects(
    make('ancient', '', { Runtime: 'python2.7', Code: { ZipFile: zipOf(ECHO) } }),
    failing('InvalidParameterValueException', /runtime parameter of python2\.7 is no longer supported/),
  );
  const dry = await invoke('checked', {}, { InvocationType: 'DryRun' });
  assert.equal(dry.StatusCode, 204);
  await make('large', "exports.handler = async () => 'x'.repeat(6_400_000);", { MemorySize: 512 });
  const large = await invoke('large');
  assert.equal((json(large) as { errorType: string }).errorType, 'Function.ResponseSizeTooLarge');
});

test('new code runs at once; versions and aliases keep the old', async () => {
  await make('versioned', "exports.handler = async () => 'one';");
  assert.equal(json(await invoke('versioned')), 'one');
  const one = await lambda.send(new sdk.PublishVersionCommand({ FunctionName: 'versioned' }));
  assert.equal(one.Version, '1');
  assert.equal(one.FunctionArn, `${arn('versioned')}:1`);
  const again = await lambda.send(new sdk.PublishVersionCommand({ FunctionName: 'versioned' }));
  assert.equal(again.Version, '1');
  const two = await lambda.send(
    new sdk.UpdateFunctionCodeCommand({
      FunctionName: 'versioned',
      ZipFile: zipOf("exports.handler = async () => 'two';"),
      Publish: true,
    }),
  );
  assert.equal(two.Version, '2');
  assert.equal(json(await invoke('versioned')), 'two');
  assert.equal(json(await invoke('versioned', {}, { Qualifier: '1' })), 'one');
  const alias = await lambda.send(
    new sdk.CreateAliasCommand({ FunctionName: 'versioned', Name: 'live', FunctionVersion: '1' }),
  );
  assert.equal(alias.AliasArn, `${arn('versioned')}:live`);
  const through = await invoke(`${arn('versioned')}:live`);
  assert.equal(json(through), 'one');
  assert.equal(through.ExecutedVersion, '1');
  await lambda.send(
    new sdk.UpdateAliasCommand({
      FunctionName: 'versioned',
      Name: 'live',
      RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
    }),
  );
  const seen = new Set<unknown>();
  for (let i = 0; i < 40; i++) seen.add(json(await invoke('versioned', {}, { Qualifier: 'live' })));
  assert.deepEqual([...seen].sort(), ['one', 'two']);
  const { Versions } = await lambda.send(
    new sdk.ListVersionsByFunctionCommand({ FunctionName: 'versioned' }),
  );
  assert.deepEqual(
    Versions?.map(({ Version }) => Version),
    ['$LATEST', '1', '2'],
  );
  await assert.rejects(
    lambda.send(new sdk.DeleteFunctionCommand({ FunctionName: 'versioned', Qualifier: '1' })),
    failing('ResourceConflictException'),
  );
  await assert.rejects(
    invoke('versioned', {}, { Qualifier: 'gone' }),
    failing('ResourceNotFoundException', `Function not found: ${arn('versioned')}:gone`),
  );
});

test('permissions make a policy', async () => {
  await make('shared', ECHO);
  const FunctionName = 'shared';
  await assert.rejects(
    lambda.send(new sdk.GetPolicyCommand({ FunctionName })),
    failing('ResourceNotFoundException', 'The resource you requested does not exist.'),
  );
  const permission = {
    FunctionName,
    StatementId: 's1',
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    SourceArn: 'arn:aws:s3:::bucket',
    SourceAccount: '000000000000',
  };
  const { Statement } = await lambda.send(new sdk.AddPermissionCommand(permission));
  assert.deepEqual(JSON.parse(Statement ?? ''), {
    Sid: 's1',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: arn('shared'),
    Condition: {
      StringEquals: { 'AWS:SourceAccount': '000000000000' },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::bucket' },
    },
  });
  await assert.rejects(
    lambda.send(new sdk.AddPermissionCommand(permission)),
    failing('ResourceConflictException', /^The statement id \(s1\) provided already exists/),
  );
  const { Policy } = await lambda.send(new sdk.GetPolicyCommand({ FunctionName }));
  assert.equal(JSON.parse(Policy ?? '').Statement.length, 1);
  await lambda.send(new sdk.RemovePermissionCommand({ FunctionName, StatementId: 's1' }));
  await assert.rejects(
    lambda.send(new sdk.GetPolicyCommand({ FunctionName })),
    failing('ResourceNotFoundException'),
  );
});

test('reserved concurrency is enforced', async () => {
  await make('narrow', 'exports.handler = () => new Promise((r) => setTimeout(r, 300));');
  await lambda.send(
    new sdk.PutFunctionConcurrencyCommand({ FunctionName: 'narrow', ReservedConcurrentExecutions: 1 }),
  );
  const results = await Promise.allSettled([invoke('narrow'), invoke('narrow'), invoke('narrow')]);
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  assert.equal(refused.length, 2);
  assert.ok(refused[0] instanceof sdk.TooManyRequestsException);
  assert.equal(refused[0].Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
  await assert.rejects(
    lambda.send(
      new sdk.PutFunctionConcurrencyCommand({ FunctionName: 'narrow', ReservedConcurrentExecutions: 901 }),
    ),
    failing(
      'InvalidParameterValueException',
      "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    ),
  );
  const settings = await lambda.send(new sdk.GetAccountSettingsCommand({}));
  assert.equal(settings.AccountLimit?.UnreservedConcurrentExecutions, 999);
  await lambda.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName: 'narrow' }));
  assert.equal((await invoke('narrow')).StatusCode, 200);
});

test('provisioned environments are started before anybody calls', async () => {
  await make(
    'ready',
    'const born = Date.now(); exports.handler = async () => [born, process.env.AWS_LAMBDA_INITIALIZATION_TYPE];',
  );
  await lambda.send(new sdk.PublishVersionCommand({ FunctionName: 'ready' }));
  const at = { FunctionName: 'ready', Qualifier: '1' };
  await assert.rejects(
    lambda.send(new sdk.GetProvisionedConcurrencyConfigCommand(at)),
    failing('ProvisionedConcurrencyConfigNotFoundException'),
  );
  await assert.rejects(
    lambda.send(
      new sdk.PutProvisionedConcurrencyConfigCommand({
        FunctionName: 'ready',
        Qualifier: '$LATEST',
        ProvisionedConcurrentExecutions: 1,
      }),
    ),
    failing('InvalidParameterValueException'),
  );
  const put = await lambda.send(
    new sdk.PutProvisionedConcurrencyConfigCommand({ ...at, ProvisionedConcurrentExecutions: 2 }),
  );
  assert.equal(put.Status, 'IN_PROGRESS');
  const settled = (where: { FunctionName: string; Qualifier: string }) =>
    eventually(async () => {
      const seen = await lambda.send(new sdk.GetProvisionedConcurrencyConfigCommand(where));
      return seen.Status === 'IN_PROGRESS' ? undefined : seen;
    });
  const there = await settled(at);
  assert.deepEqual([there.Status, there.AvailableProvisionedConcurrentExecutions], ['READY', 2]);
  const asked = Date.now();
  const [born, type] = json(await invoke('ready', {}, { Qualifier: '1' })) as [number, string];
  assert.ok(born < asked);
  assert.equal(type, 'provisioned-concurrency');
  assert.equal((json(await invoke('ready')) as [number, string])[1], 'on-demand');
  await make('never', "throw new Error('no');");
  await lambda.send(new sdk.PublishVersionCommand({ FunctionName: 'never' }));
  const broken = { FunctionName: 'never', Qualifier: '1' };
  await lambda.send(
    new sdk.PutProvisionedConcurrencyConfigCommand({ ...broken, ProvisionedConcurrentExecutions: 1 }),
  );
  const failed = await settled(broken);
  assert.deepEqual([failed.Status, failed.StatusReason], ['FAILED', 'FUNCTION_ERROR_INIT_FAILURE']);
  await lambda.send(new sdk.DeleteProvisionedConcurrencyConfigCommand(at));
});

test('layers lie under /opt', async () => {
  const layer = await lambda.send(
    new sdk.PublishLayerVersionCommand({
      LayerName: 'greetings',
      Content: { ZipFile: zipOf("module.exports = 'hello';", 'nodejs/node_modules/greeting/index.js') },
      CompatibleRuntimes: ['nodejs20.x'],
    }),
  );
  assert.equal(layer.LayerVersionArn, 'arn:aws:lambda:us-east-1:000000000000:layer:greetings:1');
  await make('layered', "exports.handler = async () => require('greeting');", {
    Layers: [layer.LayerVersionArn ?? ''],
  });
  assert.equal(json(await invoke('layered')), 'hello');
  await lambda.send(new sdk.DeleteLayerVersionCommand({ LayerName: 'greetings', VersionNumber: 1 }));
  const { Layers } = await lambda.send(new sdk.ListLayersCommand({}));
  assert.deepEqual(Layers, []);
  await assert.rejects(
    make('unlayered', ECHO, { Layers: [layer.LayerVersionArn ?? ''] }),
    failing('InvalidParameterValueException', `Layer version ${layer.LayerVersionArn} does not exist.`),
  );
});

test('events run later, are retried after a minute and two, and go to a destination', async () => {
  await make(
    'receiver',
    'exports.handler = async (event) => { console.log("RECEIVED " + JSON.stringify(event)); };',
  );
  await make('failer', "exports.handler = async (event) => { throw new Error('never ' + event.n); };");
  await lambda.send(
    new sdk.PutFunctionEventInvokeConfigCommand({
      FunctionName: 'failer',
      DestinationConfig: { OnFailure: { Destination: arn('receiver') } },
    }),
  );
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'runner',
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaRole',
    }),
  );
  const accepted = await invoke('failer', { n: 7 }, { InvocationType: 'Event' });
  assert.equal(accepted.StatusCode, 202);
  const count = async (logGroupName: string, filterPattern: string) => {
    const page = await logs
      .send(new FilterLogEventsCommand({ logGroupName, filterPattern }))
      .catch(() => undefined);
    return page?.events ?? [];
  };
  await eventually(async () =>
    (await count('/aws/lambda/failer', '"START RequestId"')).length === 1 ? true : undefined,
  );
  await lambent.advance(60);
  await lambent.advance(120);
  const [received] = await eventually(async () => {
    const found = await count('/aws/lambda/receiver', 'RECEIVED');
    return found.length > 0 ? found : undefined;
  });
  const text = received?.message ?? '';
  const record = JSON.parse(text.slice(text.indexOf('{')));
  assert.equal(record.requestContext.condition, 'RetriesExhausted');
  assert.equal(record.requestContext.approximateInvokeCount, 3);
  assert.deepEqual(record.requestPayload, { n: 7 });
  assert.equal(record.responsePayload.errorMessage, 'never 7');
});

test('a long event runs once, guarded, and again after a stop that cut it short', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-event-'));
  const open = async () => {
    const server = await startLambent({ dataFolder });
    const config = {
      endpoint: server.endpoint,
      region: server.region,
      credentials: server.credentials,
      maxAttempts: 1,
    };
    return {
      server,
      functions: new sdk.LambdaClient(config),
      people: new IAMClient(config),
      starts: async () => {
        const reader = new CloudWatchLogsClient(config);
        const page = await reader
          .send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/slow', filterPattern: 'BEGUN' }))
          .catch(() => undefined);
        reader.destroy();
        return page?.events?.length ?? 0;
      },
    };
  };
  try {
    const first = await open();
    const slowRole = await makeRole('slow', 'lambda.amazonaws.com', first.people);
    await first.functions.send(
      new sdk.CreateFunctionCommand({
        FunctionName: 'slow',
        Role: slowRole,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Timeout: 20,
        Code: {
          ZipFile: zipOf(
            "exports.handler = async ({ ms }) => { console.log('BEGUN'); await new Promise((r) => setTimeout(r, ms)); };",
          ),
        },
      }),
    );
    const send = (ms: number) =>
      first.functions.send(
        new sdk.InvokeCommand({
          FunctionName: 'slow',
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify({ ms })),
        }),
      );
    await send(1_300);
    await eventually(async () => ((await first.starts()) === 1 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await first.server.advance(700);
    assert.equal(await first.starts(), 1);
    await send(15_000);
    await eventually(async () => ((await first.starts()) === 2 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await first.server.stop();
    first.functions.destroy();
    first.people.destroy();
    const second = await open();
    const advanced = second.server.advance(400);
    await eventually(async () => ((await second.starts()) === 3 ? true : undefined));
    await advanced;
    await second.server.stop();
    second.functions.destroy();
    second.people.destroy();
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});

test('a function calls Lambent with its role', async () => {
  await make(
    'caller',
    `const { DynamoDBClient, ListTablesCommand } = require('@aws-sdk/client-dynamodb');
const client = new DynamoDBClient({});
exports.handler = async () => { try { return (await client.send(new ListTablesCommand({}))).TableNames; } catch (error) { return error.name + ': ' + error.message; } };`,
  );
  const refused = json(await invoke('caller')) as string;
  assert.match(
    refused,
    /^AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role\/runner\/caller is not authorized to perform: dynamodb:ListTables /,
  );
});

test('a Python function writes to a table with boto3', { skip: lacksBoto3() }, async () => {
  const dynamodb = lambent.client(DynamoDBClient);
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'notes',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  dynamodb.destroy();
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName: 'runner',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess',
    }),
  );
  await make('scribe', '', {
    Runtime: 'python3.12',
    Handler: 'main.handler',
    Timeout: 20,
    Code: {
      ZipFile: zipOf(
        `import boto3
table = boto3.resource('dynamodb').Table('notes')
def handler(event, context):
    table.put_item(Item={'id': event['id'], 'n': 7})
    return table.get_item(Key={'id': event['id']})['Item']
`,
        'main.py',
      ),
    },
  });
  assert.deepEqual(json(await invoke('scribe', { id: 'a' })), { id: 'a', n: 7 });
  // Credentials expire with the virtual clock, and signatures carry its time.
  await lambent.advance(86_400);
  assert.deepEqual(json(await invoke('scribe', { id: 'b' })), { id: 'b', n: 7 });
});

test('functions survive a restart and the loss of what is derived', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-restart-'));
  try {
    const first = await startLambent({ dataFolder });
    const config = (server: Lambent) => ({
      endpoint: server.endpoint,
      region: server.region,
      credentials: server.credentials,
      maxAttempts: 1,
    });
    const before = new sdk.LambdaClient(config(first));
    const people = new IAMClient(config(first));
    const { Role } = await people.send(
      new CreateRoleCommand({
        RoleName: 'r',
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
          ],
        }),
      }),
    );
    await before.send(
      new sdk.CreateFunctionCommand({
        FunctionName: 'kept',
        Role: Role?.Arn,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Code: { ZipFile: zipOf("exports.handler = async () => 'still here';") },
      }),
    );
    before.destroy();
    people.destroy();
    await first.stop();
    for (const name of await readdir(dataFolder)) {
      if (name.includes('derived')) await rm(join(dataFolder, name), { recursive: true });
    }
    const second = await startLambent({ dataFolder });
    const later = new sdk.LambdaClient(config(second));
    const answer = await later.send(new sdk.InvokeCommand({ FunctionName: 'kept' }));
    assert.equal(json(answer), 'still here');
    later.destroy();
    await second.stop();
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
