import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const stranger = lambent.client(sdk.LambdaClient, {
  credentials: { accessKeyId: '111111111111', secretAccessKey: 'test' },
});
const role = await makeFunctionRole(lambent.client(IAMClient), 'runner');

const failing = (name: string) => (error: Error) => error.name === name;

test('a layer is another account’s to use when its policy says so', async () => {
  const { LayerVersionArn = '' } = await lambda.send(
    new sdk.PublishLayerVersionCommand({
      LayerName: 'shared',
      Content: { ZipFile: zipSync({ 'nodejs/node_modules/a/index.js': Buffer.from('module.exports = 1') }) },
    }),
  );
  const version = { LayerName: 'shared', VersionNumber: 1 };
  const read = () => stranger.send(new sdk.GetLayerVersionByArnCommand({ Arn: LayerVersionArn }));
  await assert.rejects(read(), failing('AccessDeniedException'));
  const granted = await lambda.send(
    new sdk.AddLayerVersionPermissionCommand({
      ...version,
      StatementId: 'friend',
      Action: 'lambda:GetLayerVersion',
      Principal: '111111111111',
    }),
  );
  assert.deepEqual(JSON.parse(granted.Statement ?? ''), {
    Sid: 'friend',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    Action: 'lambda:GetLayerVersion',
    Resource: LayerVersionArn,
  });
  assert.equal((await read()).LayerVersionArn, LayerVersionArn);
  const policy = await lambda.send(new sdk.GetLayerVersionPolicyCommand(version));
  assert.equal(JSON.parse(policy.Policy ?? '').Statement.length, 1);
  assert.equal(policy.RevisionId, granted.RevisionId);
  await lambda.send(new sdk.RemoveLayerVersionPermissionCommand({ ...version, StatementId: 'friend' }));
  await assert.rejects(read(), failing('AccessDeniedException'));
  await assert.rejects(
    lambda.send(new sdk.GetLayerVersionPolicyCommand(version)),
    failing('ResourceNotFoundException'),
  );
});

test('a function that calls itself is stopped, unless it may', async () => {
  await lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName: 'mirror',
      Role: role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: {
        ZipFile: zipSync({
          'index.js': Buffer.from('exports.handler = async () => process.env._X_AMZN_TRACE_ID;'),
        }),
      },
    }),
  );
  // As an SDK inside of a function sends it on.
  const call = (trace: string) => {
    const command = new sdk.InvokeCommand({ FunctionName: 'mirror' });
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = trace;
        return next(args);
      },
      { step: 'build' },
    );
    return lambda.send(command);
  };
  let trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0';
  for (let run = 1; run <= 16; run++) {
    const { Payload } = await call(trace);
    trace = JSON.parse(Buffer.from(Payload ?? []).toString());
  }
  assert.match(trace, /^Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage=1:[0-9a-f]{8}:16$/);
  await assert.rejects(call(trace), failing('RecursiveInvocationException'));
  await lambda.send(
    new sdk.PutFunctionRecursionConfigCommand({ FunctionName: 'mirror', RecursiveLoop: 'Allow' }),
  );
  assert.equal((await call(trace)).StatusCode, 200);
});
