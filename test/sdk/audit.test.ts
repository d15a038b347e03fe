import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CreateTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  AssumeRoleCommand,
  DecodeAuthorizationMessageCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import { whyLines } from '../../src/cli/why.ts';
import { type Keys, withLambent } from '../support/clients.ts';
import { JsonClient } from '../support/json-client.ts';

const lambent = await withLambent();
const iam = lambent.client(IAMClient);
let alice: Keys;
before(async () => {
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'alice',
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Sid: 'Read', Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: '*' },
          {
            Sid: 'FromAfar',
            Effect: 'Allow',
            Action: 'iam:GetUser',
            Resource: '*',
            Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
          },
          { Sid: 'Never', Effect: 'Deny', Action: 'dynamodb:DeleteTable', Resource: '*' },
        ],
      }),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  alice = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
});

async function why(requestId: string) {
  const answer = await fetch(`${lambent.endpoint}/_lambent/iam/why?requestId=${requestId}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Parameters<typeof whyLines>[0];
}

interface Failure {
  readonly $metadata: { readonly requestId: string };
  readonly $response?: { readonly headers: Readonly<Record<string, string>> };
}

async function failureOf(sending: Promise<unknown>): Promise<Failure> {
  try {
    await sending;
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it was let through');
}

test('a denial names the statement that came close and what would have allowed it', async () => {
  const denied = await failureOf(
    lambent.client(IAMClient, { credentials: alice }).send(new GetUserCommand({ UserName: 'alice' })),
  );
  const lines = whyLines(await why(denied.$metadata.requestId)).join('\n');
  assert.match(lines, /user\/alice was denied iam\.GetUser/);
  assert.match(lines, /denied, because no statement of an identity policy allows it/);
  assert.match(lines, /inline:own \(identity policy\)/);
  assert.match(lines, /came close: statement 2 \(FromAfar\) of inline:own/);
  assert.match(lines, /aws:SourceIp is "127\.0\.0\.1", and IpAddress wants 203\.0\.113\.0\/24/);
  assert.match(lines, /"Action":"iam:GetUser","Resource":"arn:aws:iam::000000000000:user\/alice"/);
});

test('a denial carries an encoded message that opens to the deciding statement, for a day', async () => {
  const client = new JsonClient(lambent.port, alice);
  const target = 'DynamoDB_20120810.DeleteTable';
  const { status, headers } = await client.raw('dynamodb', target, { TableName: 'orders' });
  client.close();
  assert.equal(status, 400);
  const EncodedMessage = String(headers['x-lambent-authorization-message']);
  const sts = lambent.client(STSClient);
  const { DecodedMessage } = await sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage }));
  const decoded = JSON.parse(DecodedMessage ?? '') as Record<string, unknown>;
  assert.equal(decoded['allowed'], false);
  assert.equal(decoded['explicitDeny'], true);
  assert.match(JSON.stringify(decoded['matchedStatements']), /"statementId":"Never".*dynamodb:DeleteTable/);
  assert.match(JSON.stringify(decoded['context']), /user\/alice.*table\/orders/);
  const { conditions } = decoded['context'] as { conditions: { items: { key: string; values: unknown }[] } };
  const told = new Map(conditions.items.map(({ key, values }) => [key, JSON.stringify(values)]));
  assert.match(told.get('aws:Region') ?? '', /us-east-1/);
  assert.match(told.get('aws:Resource') ?? '', /"table\/orders"/);

  const invalid = { name: 'InvalidAuthorizationMessageException' };
  const other = lambent.client(STSClient, {
    credentials: { accessKeyId: '111122223333', secretAccessKey: 'test' },
  });
  await assert.rejects(other.send(new DecodeAuthorizationMessageCommand({ EncodedMessage })), invalid);
  const bent = `${EncodedMessage.slice(0, -2)}${EncodedMessage.endsWith('AA') ? 'BB' : 'AA'}`;
  await assert.rejects(sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: bent })), invalid);
  await assert.rejects(
    lambent
      .client(STSClient, { credentials: alice })
      .send(new DecodeAuthorizationMessageCommand({ EncodedMessage })),
    { name: 'AccessDenied' },
  );
});

test('a trust policy that does not let the caller in is explained too', async () => {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'closed',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  const RoleArn = 'arn:aws:iam::000000000000:role/closed';
  const denied = await failureOf(
    lambent
      .client(STSClient, { credentials: alice })
      .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' })),
  );
  const lines = whyLines(await why(denied.$metadata.requestId)).join('\n');
  assert.match(lines, /no statement of the role's trust policy allows it/);
  assert.match(lines, /but it does not name this caller/);
  assert.match(lines, /"Principal":\{"AWS":"arn:aws:iam::000000000000:user\/alice"\}/);
});

test('a role that does not trust a service is told of in the call that wanted it', async () => {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'for-machines',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  const failed = await failureOf(
    lambent.client(LambdaClient).send(
      new CreateFunctionCommand({
        FunctionName: 'homeless',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/for-machines',
        Code: { ZipFile: zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') }) },
      }),
    ),
  );
  const recorded = await why(failed.$metadata.requestId);
  const trust = recorded.decisions.find(({ action }) => action === 'sts:AssumeRole');
  assert.equal(trust?.outcome, 'implicit-deny');
  assert.equal(trust?.layer, 'trust');
  assert.equal(trust?.resource, 'arn:aws:iam::000000000000:role/for-machines');
});

test('a call that nobody signed is recorded where what it names belongs', async () => {
  const account = '444455556666';
  const owner = { accessKeyId: account, secretAccessKey: 'test' };
  const cognito = lambent.client(CognitoIdentityProviderClient, { credentials: owner });
  const { UserPool } = await cognito.send(new CreateUserPoolCommand({ PoolName: 'theirs' }));
  const { UserPoolClient } = await cognito.send(
    new CreateUserPoolClientCommand({
      UserPoolId: UserPool?.Id,
      ClientName: 'c',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  await failureOf(
    lambent.client(CognitoIdentityProviderClient, { credentials: alice }).send(
      new InitiateAuthCommand({
        AuthFlow: 'USER_PASSWORD_AUTH',
        ClientId: UserPoolClient?.ClientId,
        AuthParameters: { USERNAME: 'nobody', PASSWORD: 'Wrong-pa55word' },
      }),
    ),
  );
  const eventsOf = async (credentials: Keys) => {
    const trail = new JsonClient(lambent.port, credentials);
    const { output } = await trail.call(
      'cloudtrail',
      'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents',
      { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'InitiateAuth' }] },
    );
    trail.close();
    return (output as { Events: unknown[] }).Events.length;
  };
  assert.equal(await eventsOf(owner), 1);
  assert.equal(await eventsOf(lambent.credentials), 0);
});

test('every management call leaves one event, found by its attributes page by page', async () => {
  const trail = new JsonClient(lambent.port);
  const lookup = async (attribute: string, value: string, more: object = {}) => {
    const { status, output } = await trail.call(
      'cloudtrail',
      'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents',
      { LookupAttributes: [{ AttributeKey: attribute, AttributeValue: value }], ...more },
    );
    assert.equal(status, 200, JSON.stringify(output));
    return output as { Events: Record<string, string>[]; NextToken?: string };
  };
  const dynamodb = lambent.client(DynamoDBClient);
  const { $metadata } = await dynamodb.send(
    new CreateTableCommand({
      TableName: 'trailed',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  const { Events } = await lookup('ResourceName', 'trailed');
  const created = Events.filter(({ EventName }) => EventName === 'CreateTable');
  assert.equal(created.length, 1);
  const event = JSON.parse(created[0]?.['CloudTrailEvent'] ?? '') as Record<string, Record<string, unknown>>;
  assert.equal(event['requestID'], $metadata.requestId);
  assert.equal(event['eventSource'], 'dynamodb.amazonaws.com');
  assert.equal(event['readOnly'], false);
  assert.equal(event['userIdentity']?.['type'], 'Root');
  assert.equal(event['userIdentity']?.['accessKeyId'], 'test');
  assert.equal(event['requestParameters']?.['tableName'], 'trailed');
  assert.ok(event['responseElements']?.['tableDescription']);
  assert.match(String(event['userAgent']), /aws-sdk-js/);

  // Items are data, which no trail selects.
  await dynamodb.send(new GetItemCommand({ TableName: 'trailed', Key: { id: { S: '1' } } }));
  assert.deepEqual((await lookup('EventName', 'GetItem')).Events, []);

  const deniedUser = (await lookup('Username', 'alice')).Events.filter(
    ({ EventName }) => EventName === 'GetUser',
  );
  const denied = JSON.parse(deniedUser[0]?.['CloudTrailEvent'] ?? '') as Record<string, string>;
  assert.equal(denied['errorCode'], 'AccessDenied');
  assert.match(denied['errorMessage'] ?? '', /not authorized to perform: iam:GetUser/);

  const keyMade = await lookup('EventName', 'CreateAccessKey');
  const key = keyMade.Events[0]?.['CloudTrailEvent'] ?? '';
  assert.ok(key.includes(alice.accessKeyId));
  assert.ok(!key.includes(alice.secretAccessKey), 'the secret is hidden');

  const sts = lambent.client(STSClient, { credentials: alice });
  for (let i = 0; i < 3; i++) await sts.send(new GetCallerIdentityCommand({}));
  const first = await lookup('EventName', 'GetCallerIdentity', { MaxResults: 2 });
  assert.equal(first.Events.length, 2);
  const second = await lookup('EventName', 'GetCallerIdentity', {
    MaxResults: 2,
    NextToken: first.NextToken,
  });
  assert.equal(second.Events.length, 1);
  assert.equal(second.NextToken, undefined);
  trail.close();
});

test('data calls are counted, and the least policy for them is suggested', async () => {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' }],
  };
  const AssumeRolePolicyDocument = JSON.stringify(trust);
  await iam.send(new CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'worker', PolicyArn }));
  const { Credentials } = await lambent
    .client(STSClient)
    .send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/worker', RoleSessionName: 'session' }),
    );
  const dynamodb = lambent.client(DynamoDBClient, {
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  });
  let requestId = '';
  for (let i = 0; i < 5; i++) {
    const get = new GetItemCommand({ TableName: 'trailed', Key: { id: { S: `${i}` } } });
    requestId = (await dynamodb.send(get)).$metadata.requestId ?? '';
  }
  const lines = whyLines(await why(requestId)).join('\n');
  assert.match(lines, /was allowed dynamodb\.GetItem/);
  assert.match(lines, /decided by statement 1 of arn:aws:iam::aws:policy\/AmazonDynamoDBFullAccess/);

  const principal = encodeURIComponent('arn:aws:iam::000000000000:role/worker');
  const answer = await fetch(`${lambent.endpoint}/_lambent/iam/suggest?principal=${principal}`);
  const { policy, activity } = (await answer.json()) as {
    policy: unknown;
    activity: { action: string; count: number }[];
  };
  assert.deepEqual(
    activity.map(({ action, count }) => [action, count]),
    [['dynamodb:GetItem', 5]],
  );
  assert.deepEqual(policy, {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'dynamodb:GetItem',
        Resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/trailed',
      },
    ],
  });
});

test('what the best practices would have otherwise is found', async () => {
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'alice',
      PolicyName: 'much',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
      }),
    }),
  );
  const answer = await fetch(`${lambent.endpoint}/_lambent/iam/lint`);
  const { findings } = (await answer.json()) as { findings: { rule: string; about: string }[] };
  const rules = findings.filter(({ about }) => about.endsWith(':user/alice')).map(({ rule }) => rule);
  assert.ok(rules.includes('every-action'), JSON.stringify(findings));
  assert.ok(findings.some(({ rule, about }) => rule === 'root-in-use' && about.endsWith(':root')));
});

test('pages of other origins are told nothing', async () => {
  const url = `${lambent.endpoint}/_lambent/iam/why?requestId=x`;
  const answer = await fetch(url, { headers: { origin: 'https://example.com' } });
  assert.equal(answer.status, 403);
});
