import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  type AttributeValue,
  BatchGetItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const root = lambent.client(DynamoDBClient);
const iam = lambent.client(IAMClient);
let arn: string;

const s = (text: string): AttributeValue => ({ S: text });
const denied = { name: 'AccessDeniedException' };

before(async () => {
  const { TableDescription } = await root.send(
    new CreateTableCommand({
      TableName: 'notes',
      AttributeDefinitions: [
        { AttributeName: 'owner', AttributeType: 'S' },
        { AttributeName: 'id', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'owner', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  arn = TableDescription?.TableArn ?? assert.fail('the table has an ARN');
  for (const owner of ['ana', 'bo']) {
    await root.send(
      new PutItemCommand({ TableName: 'notes', Item: { owner: s(owner), id: s('1'), secret: s('x') } }),
    );
  }
});

/** A client that acts as a new user with one policy, or none. */
async function userWith(name: string, statement?: object): Promise<DynamoDBClient> {
  await iam.send(new CreateUserCommand({ UserName: name }));
  if (statement !== undefined) {
    await iam.send(
      new PutUserPolicyCommand({
        UserName: name,
        PolicyName: 'notes',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      }),
    );
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return lambent.client(DynamoDBClient, {
    credentials: {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    },
  });
}

const get = (client: DynamoDBClient, owner: string, more: object = {}) =>
  client.send(new GetItemCommand({ TableName: 'notes', Key: { owner: s(owner), id: s('1') }, ...more }));

test('a user sees the items of its own partition and no other', async () => {
  const ana = await userWith('ana', {
    Effect: 'Allow',
    Action: 'dynamodb:*',
    Resource: arn,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
    Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['${aws:username}'] } },
  });
  assert.ok((await get(ana, 'ana')).Item);
  await assert.rejects(get(ana, 'bo'), denied);
  const query = (owner: string, condition: string) =>
    ana.send(
      new QueryCommand({
        TableName: 'notes',
        KeyConditionExpression: condition,
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':o': s(owner) },
      }),
    );
  assert.equal((await query('ana', ':o = #o')).Count, 1);
  await assert.rejects(query('bo', '#o = :o'), denied);
  const keys = (...owners: readonly string[]) =>
    ana.send(
      new BatchGetItemCommand({
        RequestItems: { notes: { Keys: owners.map((owner) => ({ owner: s(owner), id: s('1') })) } },
      }),
    );
  assert.equal((await keys('ana')).Responses?.['notes']?.length, 1);
  await assert.rejects(keys('ana', 'bo'), denied);
  const write = (owner: string) =>
    ana.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName: 'notes', Item: { owner: s('ana'), id: s('2') } } },
          { Delete: { TableName: 'notes', Key: { owner: s(owner), id: s('9') } } },
        ],
      }),
    );
  await write('ana');
  await assert.rejects(write('bo'), denied);
  const select = (list: string) =>
    ana.send(new ExecuteStatementCommand({ Statement: `SELECT * FROM notes WHERE owner IN [${list}]` }));
  assert.ok((await select(`'ana'`)).Items?.length);
  await assert.rejects(select(`'ana', 'bo'`), denied);
});

test('a user sees the attributes it may, by asking for them', async () => {
  const cy = await userWith('cy', {
    Effect: 'Allow',
    Action: 'dynamodb:GetItem',
    Resource: arn,
    Condition: {
      'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['owner', 'id'] },
      StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    },
  });
  const shown = await get(cy, 'bo', {
    ProjectionExpression: '#o',
    ExpressionAttributeNames: { '#o': 'owner' },
  });
  assert.deepEqual(shown.Item, { owner: s('bo') });
  await assert.rejects(get(cy, 'bo', { ProjectionExpression: 'secret' }), denied);
  await assert.rejects(get(cy, 'bo'), denied);
});

test("a table's own policy lets a user in, and keeps another out", async () => {
  const di = await userWith('di');
  const ed = await userWith('ed', { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' });
  await assert.rejects(di.send(new ScanCommand({ TableName: 'notes' })), denied);
  await ed.send(new ScanCommand({ TableName: 'notes' }));
  const principal = (name: string) => ({ AWS: `arn:aws:iam::${lambent.account}:user/${name}` });
  await root.send(
    new PutResourcePolicyCommand({
      ResourceArn: arn,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: principal('di'), Action: 'dynamodb:Scan', Resource: arn },
          { Effect: 'Deny', Principal: principal('ed'), Action: 'dynamodb:Scan', Resource: arn },
        ],
      }),
    }),
  );
  assert.ok((await di.send(new ScanCommand({ TableName: 'notes' }))).Count);
  await assert.rejects(get(di, 'ana'), denied);
  await assert.rejects(ed.send(new ScanCommand({ TableName: 'notes' })), denied);
});
