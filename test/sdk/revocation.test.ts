import { strict as assert } from 'node:assert';
import { before, beforeEach, test } from 'node:test';
import * as sdk from '@aws-sdk/client-iam';
import { AssumeRoleCommand, type Credentials, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Keys, withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

/** What is taken away is gone for the very next call, whatever caches the calls before have filled. */
const lambent = await withLambent();
const iam = lambent.client(sdk.IAMClient);
const document = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const LIST = document({ Effect: 'Allow', Action: ['iam:ListUsers', 'sts:AssumeRole'], Resource: '*' });
const ROLE = `arn:aws:iam::${lambent.account}:role/worker`;
const UserName = 'dana';
let key: Keys;

function listAs(credentials: Keys) {
  const client = lambent.client(sdk.IAMClient, { credentials });
  return () => client.send(new sdk.ListUsersCommand({}));
}

function keysOf(found: Partial<Credentials> = {}): Keys {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = found;
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  return SessionToken === undefined ? keys : { ...keys, sessionToken: SessionToken };
}

async function roleSession(): Promise<Keys> {
  const sts = lambent.client(STSClient);
  const input = { RoleArn: ROLE, RoleSessionName: 'session' };
  return keysOf((await sts.send(new AssumeRoleCommand(input))).Credentials);
}

const makeRole = async () => {
  const AssumeRolePolicyDocument = document({
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { AWS: lambent.account },
  });
  await iam.send(new sdk.CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument }));
  await iam.send(new sdk.PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'p', PolicyDocument: LIST }));
};

before(makeRole);
beforeEach(async () => {
  await iam.send(new sdk.CreateUserCommand({ UserName }));
  await iam.send(new sdk.PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: LIST }));
  key = keysOf((await iam.send(new sdk.CreateAccessKeyCommand({ UserName }))).AccessKey);
});

async function forget(): Promise<void> {
  const { AccessKeyMetadata = [] } = await iam.send(new sdk.ListAccessKeysCommand({ UserName }));
  for (const { AccessKeyId } of AccessKeyMetadata)
    await iam.send(new sdk.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  const { PolicyNames = [] } = await iam.send(new sdk.ListUserPoliciesCommand({ UserName }));
  for (const PolicyName of PolicyNames)
    await iam.send(new sdk.DeleteUserPolicyCommand({ UserName, PolicyName }));
  await iam.send(new sdk.DeleteUserCommand({ UserName }));
}

test('a key that was deactivated, and the policy that was taken away', async () => {
  const list = listAs(key);
  await list();
  const AccessKeyId = key.accessKeyId;
  await iam.send(new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
  await assert.rejects(list(), named('InvalidClientTokenId', 403));
  await iam.send(new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }));
  await list();
  await iam.send(new sdk.DeleteUserPolicyCommand({ UserName, PolicyName: 'p' }));
  await assert.rejects(list(), named('AccessDenied', 403));
  await forget();
});

test('sessions of a user that is gone, also when another of the name came', async () => {
  const { Credentials } = await lambent
    .client(STSClient, { credentials: key })
    .send(new GetSessionTokenCommand({}));
  const session = keysOf(Credentials);
  // What a session of GetSessionToken may not do of IAM is asked of STS.
  const client = lambent.client(STSClient, { credentials: session });
  const assume = () => client.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'session' }));
  await assume();
  await forget();
  await assert.rejects(assume(), named('InvalidClientTokenId', 403));
  await iam.send(new sdk.CreateUserCommand({ UserName }));
  await iam.send(new sdk.PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: LIST }));
  await assert.rejects(assume(), named('InvalidClientTokenId', 403));
  await forget();
});

test('sessions of a role from before they were revoked, and of a role that is gone', async () => {
  const old = listAs(await roleSession());
  await old();
  await lambent.advance(2);
  const clock = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as { now: string };
  const PolicyDocument = document({
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { DateLessThan: { 'aws:TokenIssueTime': clock.now } },
  });
  const RoleName = 'worker';
  await iam.send(
    new sdk.PutRolePolicyCommand({ RoleName, PolicyName: 'AWSRevokeOlderSessions', PolicyDocument }),
  );
  await assert.rejects(old(), named('AccessDenied', 403));
  const young = listAs(await roleSession());
  await young();
  for (const PolicyName of ['AWSRevokeOlderSessions', 'p'])
    await iam.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName }));
  await assert.rejects(young(), named('AccessDenied', 403));
  await iam.send(new sdk.DeleteRoleCommand({ RoleName }));
  await assert.rejects(young(), named('InvalidClientTokenId', 403));
  await makeRole();
  await assert.rejects(young(), named('InvalidClientTokenId', 403));
  await forget();
});
