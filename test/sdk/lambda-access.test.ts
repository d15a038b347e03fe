import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as iamSdk from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { openFunctionUrl } from '../support/function-urls.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const iam = lambent.client(iamSdk.IAMClient);
const role = await makeFunctionRole(iam, 'silent');

async function makeUser(UserName: string, ...statements: unknown[]) {
  await iam.send(new iamSdk.CreateUserCommand({ UserName }));
  await iam.send(
    new iamSdk.PutUserPolicyCommand({
      UserName,
      PolicyName: 'p',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    }),
  );
  const { AccessKey } = await iam.send(new iamSdk.CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

function creation(FunctionName: string, source: string): sdk.CreateFunctionCommandInput {
  return {
    FunctionName,
    Role: role,
    Runtime: 'nodejs20.x',
    Handler: 'index.handler',
    Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
  };
}

const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

test('who gives a function a role must be allowed to pass it', async () => {
  const user = await makeUser('deployer', { Effect: 'Allow', Action: 'lambda:*', Resource: '*' });
  const theirs = lambent.client(sdk.LambdaClient, { credentials: user });
  await assert.rejects(
    theirs.send(new sdk.CreateFunctionCommand(creation('passed', 'exports.handler = async () => 1;'))),
    (error: Error) =>
      error.name === 'AccessDeniedException' &&
      /iam:PassRole on resource: .*role\/silent/.test(error.message),
  );
  await iam.send(
    new iamSdk.PutUserPolicyCommand({
      UserName: 'deployer',
      PolicyName: 'pass',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'iam:PassRole',
            Resource: role,
            Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
          },
        ],
      }),
    }),
  );
  const made = await theirs.send(
    new sdk.CreateFunctionCommand(creation('passed', 'exports.handler = async () => 1;')),
  );
  assert.equal(made.FunctionName, 'passed');
});

test('what loopback is trusted with is not the functions’', {
  skip: process.platform !== 'linux',
}, async () => {
  await lambda.send(
    new sdk.CreateFunctionCommand(
      creation(
        'intruder',
        `const { DynamoDBClient, ListTablesCommand } = require('@aws-sdk/client-dynamodb');
exports.handler = async () => {
  const client = new DynamoDBClient({ credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 });
  const listed = await client.send(new ListTablesCommand({})).then(() => 'open', (error) => error.name);
  const moved = await fetch(process.env.AWS_ENDPOINT_URL + '/_lambent/clock', { method: 'POST', body: '{"advanceSeconds":1}' });
  return [listed, moved.status];
};`,
      ),
    ),
  );
  const answer = await lambda.send(new sdk.InvokeCommand({ FunctionName: 'intruder' }));
  assert.deepEqual(JSON.parse(Buffer.from(answer.Payload ?? []).toString()), [
    'UnrecognizedClientException',
    403,
  ]);
});

test('a role without permission to log leaves no log', async () => {
  await lambda.send(
    new sdk.CreateFunctionCommand(creation('mute', "exports.handler = async () => console.log('x');")),
  );
  const answer = await lambda.send(new sdk.InvokeCommand({ FunctionName: 'mute', LogType: 'Tail' }));
  assert.match(Buffer.from(answer.LogResult ?? '', 'base64').toString(), /\tINFO\tx\n/);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const logs = lambent.client(CloudWatchLogsClient);
  const { logGroups } = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws/lambda/mute' }),
  );
  assert.deepEqual(logGroups, []);
});

test('another account invokes when the function’s policy lets it', async () => {
  await lambda.send(new sdk.CreateFunctionCommand(creation('lent', "exports.handler = async () => 'lent';")));
  const other = lambent.client(sdk.LambdaClient, {
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'test' },
  });
  const invoke = () => other.send(new sdk.InvokeCommand({ FunctionName: arn('lent') }));
  await assert.rejects(invoke(), (error: Error) => error.name === 'AccessDeniedException');
  await lambda.send(
    new sdk.AddPermissionCommand({
      FunctionName: 'lent',
      StatementId: 'other',
      Action: 'lambda:InvokeFunction',
      Principal: '111111111111',
    }),
  );
  assert.equal(Buffer.from((await invoke()).Payload ?? []).toString(), '"lent"');
});

test('a function URL is open when its policy says so', async () => {
  const FunctionName = 'open';
  await lambda.send(
    new sdk.CreateFunctionCommand(
      creation(
        FunctionName,
        `exports.handler = async (event) => ({ statusCode: 201, headers: { 'X-Path': event.rawPath }, cookies: ['a=1', 'b=2'],
  body: JSON.stringify({ query: event.queryStringParameters, method: event.requestContext.http.method, body: event.body, cookies: event.cookies, encoded: event.isBase64Encoded, id: event.requestContext.requestId,
  given: ['x-forwarded-for', 'x-forwarded-proto', 'x-amzn-trace-id', 'connection', 'cookie'].map((name) => event.headers[name] ?? null) }) });`,
      ),
    ),
  );
  const { FunctionUrl = '' } = await lambda.send(
    new sdk.CreateFunctionUrlConfigCommand({
      FunctionName,
      AuthType: 'NONE',
      Cors: { AllowOrigins: ['https://app.example'], AllowMethods: ['POST'] },
    }),
  );
  assert.equal((await fetch(FunctionUrl)).status, 403);
  await openFunctionUrl(lambda, FunctionName);
  const answer = await fetch(`${FunctionUrl}a%20b?x=1&x=2`, {
    method: 'POST',
    headers: { cookie: 'k=v; l=w', 'content-type': 'application/octet-stream' },
    body: Buffer.from([0, 255]),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-path'), '/a b');
  assert.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.deepEqual(await answer.json(), {
    query: { x: '1,2' },
    method: 'POST',
    body: 'AP8=',
    cookies: ['k=v', 'l=w'],
    encoded: true,
    id: answer.headers.get('x-amzn-requestid'),
    given: ['127.0.0.1', 'http', answer.headers.get('x-amzn-trace-id'), null, null],
  });
  const { FunctionUrlConfigs } = await lambda.send(new sdk.ListFunctionUrlConfigsCommand({ FunctionName }));
  assert.equal(FunctionUrlConfigs?.[0]?.FunctionUrl, FunctionUrl);
  await lambda.send(new sdk.DeleteFunctionUrlConfigCommand({ FunctionName }));
  assert.equal((await fetch(FunctionUrl)).status, 403);
});

test('a function URL with AWS_IAM wants a signature', async () => {
  const FunctionName = 'signed';
  await lambda.send(
    new sdk.CreateFunctionCommand(
      creation(
        FunctionName,
        'exports.handler = async (event) => event.requestContext.authorizer.iam.userArn;',
      ),
    ),
  );
  const { FunctionUrl = '' } = await lambda.send(
    new sdk.CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM' }),
  );
  assert.equal((await fetch(FunctionUrl)).status, 403);
  const call = async (credentials: { accessKeyId: string; secretAccessKey: string }) => {
    const { host, hostname, pathname } = new URL(FunctionUrl);
    const signer = new SignatureV4({ credentials, region: 'us-east-1', service: 'lambda', sha256: Sha256 });
    const { headers } = await signer.sign(
      new HttpRequest({ method: 'GET', hostname, path: pathname, headers: { host } }),
    );
    return fetch(FunctionUrl, { headers });
  };
  const user = await makeUser('url-caller', {
    Effect: 'Allow',
    Action: ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'],
    Resource: arn(FunctionName),
  });
  const allowed = await call(user);
  assert.equal(allowed.status, 200);
  assert.equal(await allowed.text(), 'arn:aws:iam::000000000000:user/url-caller');
  const half = await makeUser('url-half', {
    Effect: 'Allow',
    Action: 'lambda:InvokeFunctionUrl',
    Resource: arn(FunctionName),
  });
  assert.equal((await call(half)).status, 403, 'the function must be allowed too');
  const nobody = await makeUser('url-stranger', { Effect: 'Allow', Action: 's3:*', Resource: '*' });
  assert.equal((await call(nobody)).status, 403);
});

test('a streaming handler’s answer arrives whole', async () => {
  const FunctionName = 'streamed';
  await lambda.send(
    new sdk.CreateFunctionCommand(
      creation(
        FunctionName,
        `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 202, headers: { 'content-type': 'text/plain' } });
  stream.write('one '); stream.write('two'); stream.end();
});`,
      ),
    ),
  );
  const { FunctionUrl = '' } = await lambda.send(
    new sdk.CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' }),
  );
  await openFunctionUrl(lambda, FunctionName);
  const answer = await fetch(FunctionUrl);
  assert.equal(answer.status, 202);
  assert.equal(await answer.text(), 'one two');
});
