import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import type { RecordedDecision } from '../../src/service/audit.ts';
import { type Keys, withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';

/** `--iam audit`: nothing is denied, and everything that would be is on record. */
const lines: string[] = [];
const lambent = await withLambent({ iam: 'audit', log: (text) => lines.push(text) });
const iam = lambent.client(IAMClient);
let alice: Keys;

before(async () => {
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  alice = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
});

async function recorded(requestId: string | undefined): Promise<RecordedDecision> {
  const answer = await fetch(`${lambent.endpoint}/_lambent/iam/why?requestId=${requestId}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as RecordedDecision;
}

test('a role that does not trust the caller is assumed, and the denial kept', async () => {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'closed',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
        ],
      }),
    }),
  );
  const sts = lambent.client(STSClient, { credentials: alice });
  const assume = (RoleArn: string | undefined) =>
    sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }));
  const answer = await assume(Role?.Arn);
  assert.ok(answer.Credentials !== undefined);
  const decision = await recorded(answer.$metadata.requestId);
  assert.equal(decision.answer, 'would-deny');
  assert.equal(decision.decisions[0]?.layer, 'trust');
  await assert.rejects(assume(`${Role?.Arn}-missing`), { name: 'AccessDenied' });
});

test('the URL of a function answers whoever calls', async () => {
  const lambda = lambent.client(sdk.LambdaClient);
  await lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName: 'page',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: await makeFunctionRole(iam, 'page'),
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from('exports.handler = async () => "hello";') }) },
    }),
  );
  const { FunctionUrl = '' } = await lambda.send(
    new sdk.CreateFunctionUrlConfigCommand({ FunctionName: 'page', AuthType: 'NONE' }),
  );
  lines.length = 0;
  const answer = await fetch(FunctionUrl);
  assert.equal(answer.status, 200);
  await logged(/would deny anonymous.*lambda:InvokeFunctionUrl/);
});

test('a role that does not trust a service is acted under, and that is said', async () => {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'untrusting',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'sns.amazonaws.com' } },
        ],
      }),
    }),
  );
  await lambent.client(sdk.LambdaClient).send(
    new sdk.CreateFunctionCommand({
      FunctionName: 'untrusted',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${lambent.account}:role/untrusting`,
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from('') }) },
    }),
  );
  await logged(/would deny lambda\.amazonaws\.com .*role\/untrusting/);
});

/** Lines of the log are written a moment later, many together. */
async function logged(line: RegExp): Promise<void> {
  for (let tries = 0; !line.test(lines.join('')) && tries < 100; tries++) await sleep(20);
  assert.match(lines.join(''), line);
}
