import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:';
let Role = '';
before(async () => {
  Role = await makeFunctionRole(lambent.client(IAMClient), 'answers', 'AWSLambdaBasicExecutionRole');
});

function make(FunctionName: string, more: Partial<sdk.CreateFunctionCommandInput> = {}) {
  return lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') }) },
      ...more,
    }),
  );
}

/** What an SDK shows of a refusal: its name, its words and whose mistake it was. */
async function refusal(work: Promise<unknown>): Promise<readonly [string, string, string | undefined]> {
  try {
    await work;
  } catch (error) {
    const { name, message, Type } = error as Error & { Type?: string };
    return [name, message, Type];
  }
  throw new assert.AssertionError({ message: 'it was not refused' });
}

const configuration = (FunctionName: string, Qualifier?: string) =>
  lambda.send(new sdk.GetFunctionConfigurationCommand({ FunctionName, Qualifier }));

test('to become active, to be published and to be tagged is a new revision', async () => {
  const FunctionName = 'revised';
  const made = await make(FunctionName, { Environment: { Variables: {} } });
  assert.deepEqual(made.Environment, { Variables: {} });
  assert.match(
    made.RuntimeVersionConfig?.RuntimeVersionArn ?? '',
    /^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/,
  );
  const active = await configuration(FunctionName);
  assert.notEqual(active.RevisionId, made.RevisionId);
  const updated = await lambda.send(
    new sdk.UpdateFunctionConfigurationCommand({ FunctionName, RevisionId: active.RevisionId, Timeout: 5 }),
  );
  assert.equal(updated.LastUpdateStatus, 'InProgress');
  assert.equal(updated.LastUpdateStatusReasonCode, 'Creating');
  const latest = await configuration(FunctionName);
  assert.notEqual(latest.RevisionId, updated.RevisionId);
  await lambda.send(new sdk.PublishVersionCommand({ FunctionName, RevisionId: latest.RevisionId }));
  const published = await configuration(FunctionName);
  assert.notEqual(published.RevisionId, latest.RevisionId);
  await lambda.send(new sdk.TagResourceCommand({ Resource: `${ARN}${FunctionName}`, Tags: { team: 'a' } }));
  const tagged = await configuration(FunctionName);
  assert.notEqual(tagged.RevisionId, published.RevisionId);
});

test('a revision that changes nothing about a function leaves its environments alone', async () => {
  const FunctionName = 'counting';
  const code = 'let n = 0; exports.handler = async () => ++n;';
  await make(FunctionName, { Code: { ZipFile: zipSync({ 'index.js': Buffer.from(code) }) } });
  const invoke = async () =>
    Buffer.from((await lambda.send(new sdk.InvokeCommand({ FunctionName }))).Payload ?? []).toString();
  assert.equal(await invoke(), '1');
  await lambda.send(new sdk.PublishVersionCommand({ FunctionName }));
  await lambda.send(new sdk.TagResourceCommand({ Resource: `${ARN}${FunctionName}`, Tags: { team: 'a' } }));
  assert.equal(await invoke(), '2');
});

test('publishing again makes a version only of a $LATEST that was changed since', async () => {
  const FunctionName = 'described';
  await make(FunctionName, { Description: 'none', Publish: true });
  const publish = async (Description?: string) =>
    lambda.send(new sdk.PublishVersionCommand({ FunctionName, Description }));
  assert.equal((await publish('words of its own')).Version, '1');
  await lambda.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName, Description: 'two' }));
  assert.deepEqual((await publish()).Description, 'two');
  assert.equal((await publish('more words')).Version, '2');
});

test('the ARN of an answer has the qualifier that was asked for; lists tell no state', async () => {
  const FunctionName = 'qualified';
  const made = await make(FunctionName, { Publish: true });
  assert.equal(made.FunctionArn, `${ARN}${FunctionName}`);
  await lambda.send(new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  const { Configuration } = await lambda.send(
    new sdk.GetFunctionCommand({ FunctionName, Qualifier: 'live' }),
  );
  assert.equal(Configuration?.FunctionArn, `${ARN}${FunctionName}:live`);
  assert.equal((await configuration(FunctionName, 'live')).Version, '1');
  const { Versions = [] } = await lambda.send(new sdk.ListVersionsByFunctionCommand({ FunctionName }));
  const { Functions = [] } = await lambda.send(new sdk.ListFunctionsCommand({}));
  for (const { State, LastUpdateStatus, RuntimeVersionConfig } of [...Versions, ...Functions])
    assert.deepEqual([State, LastUpdateStatus, RuntimeVersionConfig], [undefined, undefined, undefined]);
});

test('what is missing is told in each operation’s own words', async () => {
  const FunctionName = 'nowhere';
  const missing = 'ResourceNotFoundException';
  const read = (name: string) => refusal(configuration(name));
  assert.deepEqual(await read('arn:aws:lambda:eu-west-1:000000000000:function:far'), [
    missing,
    "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    'User',
  ]);
  const long = 'a'.repeat(65);
  assert.deepEqual(await read(long), [missing, `Function not found: ${ARN}${long}`, 'User']);
  const [name, words] = await refusal(make(long));
  assert.equal(name, 'InvalidParameterValueException');
  assert.match(words, /less than or equal to 64$/);

  const asks: readonly (readonly [() => Promise<unknown>, string])[] = [
    [
      () => lambda.send(new sdk.CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' })),
      'Function does not exist',
    ],
    [() => lambda.send(new sdk.ListFunctionUrlConfigsCommand({ FunctionName })), 'Function does not exist'],
    [
      () =>
        lambda.send(new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 })),
      "The function doesn't exist.",
    ],
    [
      () => lambda.send(new sdk.DeleteFunctionCommand({ FunctionName, Qualifier: '3' })),
      `Function not found: ${ARN}nowhere`,
    ],
    [
      () => lambda.send(new sdk.GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: 'live' })),
      `Cannot find alias arn: ${ARN}nowhere:live`,
    ],
    [
      () => lambda.send(new sdk.RemovePermissionCommand({ FunctionName, StatementId: 'one' })),
      `No policy found for: ${ARN}nowhere`,
    ],
    [
      () => lambda.send(new sdk.GetPolicyCommand({ FunctionName })),
      'The resource you requested does not exist.',
    ],
    [
      () =>
        lambda.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 })),
      `Function not found: ${ARN}nowhere:$LATEST`,
    ],
  ];
  for (const [work, message] of asks) assert.deepEqual(await refusal(work()), [missing, message, 'User']);

  assert.deepEqual(
    await refusal(
      lambda.send(
        new sdk.CreateEventSourceMappingCommand({
          FunctionName,
          EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:none',
        }),
      ),
    ),
    ['InvalidParameterValueException', 'Function does not exist', 'User'],
  );
  assert.deepEqual(
    await refusal(lambda.send(new sdk.GetLayerVersionCommand({ LayerName: 'none', VersionNumber: 0 }))),
    ['InvalidParameterValueException', 'Layer Version Cannot be less than 1', 'User'],
  );
});

test('a policy is first written on the revision of what it is for, then on its own', async () => {
  const FunctionName = 'guarded';
  await make(FunctionName, { Publish: true });
  const { RevisionId } = await lambda.send(
    new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }),
  );
  const add = (StatementId: string, revision: string | undefined, Principal = 's3.amazonaws.com') =>
    lambda.send(
      new sdk.AddPermissionCommand({
        FunctionName,
        Qualifier: 'live',
        StatementId,
        Principal,
        Action: 'lambda:InvokeFunction',
        RevisionId: revision,
      }),
    );
  assert.equal((await refusal(add('one', 'wrong')))[0], 'PreconditionFailedException');
  await add('one', RevisionId);
  assert.equal((await refusal(add('two', RevisionId)))[0], 'PreconditionFailedException');
  const policy = await lambda.send(new sdk.GetPolicyCommand({ FunctionName, Qualifier: 'live' }));
  await add('two', policy.RevisionId);
  assert.equal(
    (await refusal(add('three', undefined, 'somebody.example.com')))[1],
    'The provided principal was invalid. Please check the principal and try again.',
  );
});

test('records go to another function that is there', async () => {
  const FunctionName = 'sending';
  await make(FunctionName);
  const put = (Destination: string) =>
    refusal(
      lambda.send(
        new sdk.PutFunctionEventInvokeConfigCommand({
          FunctionName,
          DestinationConfig: { OnSuccess: { Destination } },
        }),
      ),
    );
  const invalid = 'InvalidParameterValueException';
  assert.deepEqual(await put(`${ARN}sending`), [
    invalid,
    "You can't specify the function as a destination for itself.",
    'User',
  ]);
  assert.deepEqual(await put(`${ARN}nobody`), [
    invalid,
    `The destination ARN ${ARN}nobody is invalid.`,
    'User',
  ]);
});

test('what is provisioned is provisioned once, and out of what the account or the function has', async () => {
  const FunctionName = 'provisioned';
  await make(FunctionName, { Publish: true });
  await lambda.send(new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  const put = (Qualifier: string, ProvisionedConcurrentExecutions: number) =>
    lambda.send(
      new sdk.PutProvisionedConcurrencyConfigCommand({
        FunctionName,
        Qualifier,
        ProvisionedConcurrentExecutions,
      }),
    );
  const remove = (Qualifier: string) =>
    lambda.send(new sdk.DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));
  assert.equal(
    (await refusal(put('1', 1001)))[1],
    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
  );
  assert.deepEqual(await refusal(put('1', 901)), [
    'InvalidParameterValueException',
    "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    undefined,
  ]);
  assert.equal((await put('1', 2)).AvailableProvisionedConcurrentExecutions, 0);
  assert.deepEqual(await refusal(put('live', 1)), [
    'ResourceConflictException',
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    'User',
  ]);
  assert.deepEqual(
    await refusal(
      lambda.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 })),
    ),
    [
      'InvalidParameterValueException',
      " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
      undefined,
    ],
  );
  const { AccountLimit } = await lambda.send(new sdk.GetAccountSettingsCommand({}));
  assert.equal(AccountLimit?.UnreservedConcurrentExecutions, 998);
  await remove('1');
  await put('live', 1);
  assert.deepEqual(await refusal(put('1', 1)), [
    'ResourceConflictException',
    'Version is pointed by a Provisioned Concurrency alias',
    'User',
  ]);
  await remove('live');
  // That there is none is no mistake.
  await remove('live');
  assert.deepEqual(await refusal(remove('$LATEST')), [
    'InvalidParameterValueException',
    'The function resource provided must be an alias or a published version.',
    'User',
  ]);
});

test('layers stand in the function’s region, one version of each', async () => {
  const publish = async () =>
    (
      await lambda.send(
        new sdk.PublishLayerVersionCommand({
          LayerName: 'stacked',
          CompatibleRuntimes: [],
          Content: { ZipFile: zipSync({ 'a.txt': Buffer.from('a') }) },
        }),
      )
    ).LayerVersionArn ?? '';
  const [first, second, third] = [await publish(), await publish(), await publish()];
  const [, words] = await refusal(make('layered', { Layers: [first, second, third] }));
  assert.equal(
    words,
    `Two different versions of the same layer are not allowed to be referenced in the same function. ${first} and ${second} are versions of the same layer.`,
  );
  assert.deepEqual(await refusal(make('layered', { Layers: [first.replace('us-east-1', 'eu-west-1')] })), [
    'InvalidParameterValueException',
    'Layers are not in the same region as the function. Layers are expected to be in region us-east-1.',
    'User',
  ]);
});

test('a function that has reserved nothing runs nothing; its events go where failures go', async () => {
  const FunctionName = 'closed';
  await make(FunctionName);
  await lambent.client(IAMClient).send(
    new PutRolePolicyCommand({
      RoleName: 'answers',
      PolicyName: 'send',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' }],
      }),
    }),
  );
  const sqs = lambent.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'closed' }));
  await lambda.send(
    new sdk.PutFunctionEventInvokeConfigCommand({
      FunctionName,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:closed' } },
    }),
  );
  await lambda.send(new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  await assert.rejects(lambda.send(new sdk.InvokeCommand({ FunctionName })), {
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
  });
  await lambda.send(new sdk.InvokeCommand({ FunctionName, InvocationType: 'Event' }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  const { requestContext } = JSON.parse(Messages?.[0]?.Body ?? '{}') as {
    requestContext: { condition: string; approximateInvokeCount: number };
  };
  assert.equal(requestContext.condition, 'ZeroReservedConcurrency');
  assert.equal(requestContext.approximateInvokeCount, 0);
});

test('a client context is at most 3,583 bytes', async () => {
  const FunctionName = 'told';
  const code = 'exports.handler = async (_event, context) => context.clientContext?.custom ?? null;';
  await make(FunctionName, { Code: { ZipFile: zipSync({ 'index.js': Buffer.from(code) }) } });
  const invoke = (custom: string) =>
    lambda.send(
      new sdk.InvokeCommand({
        FunctionName,
        ClientContext: Buffer.from(JSON.stringify({ custom: { custom } })).toString('base64'),
      }),
    );
  const { Payload } = await invoke('a'.repeat(2_600));
  assert.ok((Payload?.byteLength ?? 0) > 2_600);
  assert.equal((await refusal(invoke('a'.repeat(2_700))))[0], 'InvalidRequestContentException');
});

test('what belongs to an alias or a version goes with it', async () => {
  const FunctionName = 'parted';
  await make(FunctionName, { Publish: true });
  const of = (Qualifier: string) => ({ FunctionName, Qualifier });
  const allow = (Qualifier: string) =>
    lambda.send(
      new sdk.AddPermissionCommand({
        ...of(Qualifier),
        StatementId: 's3',
        Principal: 's3.amazonaws.com',
        Action: 'lambda:InvokeFunction',
      }),
    );
  await lambda.send(new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  await lambda.send(new sdk.CreateFunctionUrlConfigCommand({ ...of('live'), AuthType: 'NONE' }));
  await allow('1');
  await lambda.send(new sdk.PutFunctionEventInvokeConfigCommand({ ...of('1'), MaximumRetryAttempts: 1 }));
  await lambda.send(new sdk.DeleteAliasCommand({ FunctionName, Name: 'live' }));
  assert.deepEqual(
    (await lambda.send(new sdk.ListFunctionUrlConfigsCommand({ FunctionName }))).FunctionUrlConfigs,
    [],
  );
  await lambda.send(new sdk.DeleteFunctionCommand(of('1')));
  assert.deepEqual(
    (await lambda.send(new sdk.ListFunctionEventInvokeConfigsCommand({ FunctionName })))
      .FunctionEventInvokeConfigs,
    [],
  );
  assert.equal(
    (await refusal(lambda.send(new sdk.GetPolicyCommand(of('1')))))[0],
    'ResourceNotFoundException',
  );
});
