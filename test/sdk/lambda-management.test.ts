import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const PROFILE = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/one/0123456789';
let Role = '';
before(async () => {
  Role = await makeFunctionRole(lambent.client(IAMClient), 'managed', 'AWSLambdaBasicExecutionRole');
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

const failing = (name: string) => (error: Error) => error.name === name;

test('code signing is kept with its functions', async () => {
  const { CodeSigningConfig: made } = await lambda.send(
    new sdk.CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [PROFILE] },
      Tags: { team: 'a' },
    }),
  );
  const CodeSigningConfigArn = made?.CodeSigningConfigArn ?? '';
  assert.match(
    CodeSigningConfigArn,
    /^arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-[a-z0-9]{17}$/,
  );
  assert.equal(made?.CodeSigningPolicies?.UntrustedArtifactOnDeployment, 'Warn');
  const { CodeSigningConfig: updated } = await lambda.send(
    new sdk.UpdateCodeSigningConfigCommand({
      CodeSigningConfigArn,
      Description: 'strict',
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
    }),
  );
  assert.deepEqual(updated?.AllowedPublishers, { SigningProfileVersionArns: [PROFILE] });
  const { CodeSigningConfig: read } = await lambda.send(
    new sdk.GetCodeSigningConfigCommand({ CodeSigningConfigArn }),
  );
  assert.deepEqual(read, updated);
  const { CodeSigningConfigs } = await lambda.send(new sdk.ListCodeSigningConfigsCommand({}));
  assert.deepEqual(CodeSigningConfigs, [updated]);

  await make('signed', { CodeSigningConfigArn });
  await make('later');
  await lambda.send(
    new sdk.PutFunctionCodeSigningConfigCommand({ FunctionName: 'later', CodeSigningConfigArn }),
  );
  const functions = async () =>
    (await lambda.send(new sdk.ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn })))
      .FunctionArns;
  const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
  assert.deepEqual(await functions(), [arn('later'), arn('signed')]);
  const ofFunction = async (FunctionName: string) =>
    (await lambda.send(new sdk.GetFunctionCodeSigningConfigCommand({ FunctionName }))).CodeSigningConfigArn;
  assert.equal(await ofFunction('signed'), CodeSigningConfigArn);
  const remove = () => lambda.send(new sdk.DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
  await assert.rejects(remove(), failing('ResourceConflictException'));
  await lambda.send(new sdk.DeleteFunctionCodeSigningConfigCommand({ FunctionName: 'later' }));
  assert.equal(await ofFunction('later'), undefined);
  await lambda.send(new sdk.DeleteFunctionCommand({ FunctionName: 'signed' }));
  assert.deepEqual(await functions(), []);

  await lambda.send(new sdk.TagResourceCommand({ Resource: CodeSigningConfigArn, Tags: { stage: 'b' } }));
  await lambda.send(new sdk.UntagResourceCommand({ Resource: CodeSigningConfigArn, TagKeys: ['team'] }));
  const { Tags } = await lambda.send(new sdk.ListTagsCommand({ Resource: CodeSigningConfigArn }));
  assert.deepEqual(Tags, { stage: 'b' });

  await remove();
  await assert.rejects(remove(), failing('ResourceNotFoundException'));
  await assert.rejects(
    make('unsigned', { CodeSigningConfigArn }),
    failing('CodeSigningConfigNotFoundException'),
  );
  await assert.rejects(
    lambda.send(new sdk.PutFunctionCodeSigningConfigCommand({ FunctionName: 'later', CodeSigningConfigArn })),
    failing('CodeSigningConfigNotFoundException'),
  );
});

test('how a runtime is updated is kept with each version', async () => {
  await make('kept');
  await lambda.send(new sdk.PublishVersionCommand({ FunctionName: 'kept' }));
  const RuntimeVersionArn = `arn:aws:lambda:us-east-1::runtime:${'0'.repeat(64)}`;
  const put = (input: Omit<sdk.PutRuntimeManagementConfigCommandInput, 'FunctionName'>) =>
    lambda.send(new sdk.PutRuntimeManagementConfigCommand({ FunctionName: 'kept', ...input }));
  const get = async (Qualifier?: string) => {
    const { $metadata: _, ...rest } = await lambda.send(
      new sdk.GetRuntimeManagementConfigCommand({ FunctionName: 'kept', Qualifier }),
    );
    return rest;
  };
  await put({ UpdateRuntimeOn: 'FunctionUpdate' });
  await put({ UpdateRuntimeOn: 'Manual', RuntimeVersionArn, Qualifier: '1' });
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:kept';
  assert.deepEqual(await get(), { UpdateRuntimeOn: 'FunctionUpdate', FunctionArn: `${arn}:$LATEST` });
  assert.deepEqual(await get('1'), { UpdateRuntimeOn: 'Manual', RuntimeVersionArn, FunctionArn: `${arn}:1` });
  await assert.rejects(put({ UpdateRuntimeOn: 'Manual' }), failing('InvalidParameterValueException'));
  await assert.rejects(
    put({ UpdateRuntimeOn: 'Auto', RuntimeVersionArn }),
    failing('InvalidParameterValueException'),
  );
  await put({ UpdateRuntimeOn: 'Auto' });
  assert.equal((await get()).UpdateRuntimeOn, 'Auto');
});

test('the operation that came before invocation types still takes events', async () => {
  await make('old', {
    Code: {
      ZipFile: zipSync({
        'index.js': Buffer.from("exports.handler = async (e) => { console.log('got ' + e.n); };"),
      }),
    },
  });
  const call = (InvokeArgs: string) =>
    lambda.send(new sdk.InvokeAsyncCommand({ FunctionName: 'old', InvokeArgs: Buffer.from(InvokeArgs) }));
  assert.equal((await call('{"n":7}')).Status, 202);
  await assert.rejects(call('{not json'), failing('InvalidRequestContentException'));
  const logs = lambent.client(CloudWatchLogsClient);
  for (let attempt = 0; ; attempt++) {
    const { events = [] } = await logs
      .send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/old', filterPattern: '"got 7"' }))
      .catch(() => ({ events: [] }));
    if (events.length > 0) break;
    assert.ok(attempt < 200, 'it never ran');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
});
