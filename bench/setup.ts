import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { JsonClient } from '../test/support/json-client.ts';

export const TABLE = 'Bench';
/** A server that was quiet for so long has given back what its busiest moment needed. */
export const RESTED_MS = 25_000;
const ACCOUNT = '000000000000';
const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };

export function clientOptions(port: number) {
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: ROOT,
    maxAttempts: 1,
  } as const;
}

/** Credentials of a role with three statements, one of them on the leading keys its session may touch. */
export async function assumeBenchRole(port: number): Promise<SigningCredentials> {
  const iam = new IAMClient(clientOptions(port));
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
  };
  await iam.send(
    new CreateRoleCommand({ RoleName: 'bench', AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  const table = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TABLE}`;
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['logs:PutLogEvents', 'logs:CreateLogStream'], Resource: '*' },
      {
        Effect: 'Allow',
        Action: ['GetItem', 'PutItem', 'UpdateItem', 'BatchWriteItem', 'Query', 'Scan'].map(
          (name) => `dynamodb:${name}`,
        ),
        Resource: table,
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['user-*'] } },
      },
      {
        Effect: 'Allow',
        Action: 'lambda:InvokeFunction',
        Resource: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:bench-*`,
      },
    ],
  };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'bench',
      PolicyName: 'bench',
      PolicyDocument: JSON.stringify(policy),
    }),
  );
  const { Credentials } = await new STSClient(clientOptions(port)).send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${ACCOUNT}:role/bench`, RoleSessionName: 'bench' }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

/** A table with a partition and a sort key, holding `count` items of about 200 bytes, ten to a partition. */
export async function fillTable(port: number, count: number, TableName = TABLE): Promise<void> {
  const client = new JsonClient(port);
  await client.dynamodb('CreateTable', {
    TableName,
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (;;) {
    const { output } = await client.dynamodb('DescribeTable', { TableName });
    if ((output['Table'] as { TableStatus: string }).TableStatus === 'ACTIVE') break;
  }
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) {
        const from = next;
        next += 25;
        const puts = Array.from({ length: Math.min(25, count - from) }, (_, i) => ({
          PutRequest: { Item: item(from + i, 0) },
        }));
        const { status, output } = await client.dynamodb('BatchWriteItem', {
          RequestItems: { [TableName]: puts },
        });
        if (status !== 200) throw new Error(JSON.stringify(output));
      }
    }),
  );
  client.close();
}

export function keyOf(index: number) {
  return { pk: { S: `user-${Math.floor(index / 10)}` }, sk: { S: `item-${index % 10}` } };
}

/** About 200 bytes; another `version` is another item. */
export function item(index: number, version: number) {
  return { ...keyOf(index), version: { N: String(version) }, text: { S: `${version}`.padEnd(150, 'x') } };
}
