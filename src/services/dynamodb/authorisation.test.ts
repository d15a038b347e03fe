import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import type { ContextLookup } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import type { ActionRequest, AuthorisationRule, AuthorisationScope } from '../../service/service.ts';
import { openMemory } from '../../store/memory.ts';
import { realWorld } from '../../world/real.ts';
import { authorisation } from './authorisation.ts';
import { layout } from './layout.ts';
import { dynamodb } from './service.ts';
import type { TableRow } from './table-row.ts';

const store = openMemory({ world: realWorld() });
const scope: AuthorisationScope = {
  account: '111111111111',
  region: 'eu-west-1',
  ctx: { store } as unknown as Context,
};
const ARN = 'arn:aws:dynamodb:eu-west-1:111111111111:table/rides';

const table: TableRow = {
  number: 1,
  version: 1,
  id: 'id',
  name: 'rides',
  status: 'ACTIVE',
  createdAtMs: 0,
  attributes: [
    { AttributeName: 'user', AttributeType: 'S' },
    { AttributeName: 'moment', AttributeType: 'N' },
  ],
  keySchema: [{ AttributeName: 'user', KeyType: 'HASH' }],
  billingMode: 'PAY_PER_REQUEST',
  throughput: { reads: 0, writes: 0 },
  indexes: [
    {
      number: 1,
      name: 'byTime',
      kind: 'global',
      keySchema: [{ AttributeName: 'moment', KeyType: 'HASH' }],
      projection: 'ALL',
      status: 'ACTIVE',
      throughput: { reads: 0, writes: 0 },
    },
  ],
  nextIndex: 2,
  deletionProtection: false,
};

before(() =>
  store.transact(async (tx) => layout.at(scope.account, scope.region).tables.set(tx, ['rides'], table)),
);
after(() => store.close());

async function requested(
  operation: keyof typeof authorisation,
  input: object,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const rule = authorisation[operation] as AuthorisationRule;
  const requests = await rule(input, scope);
  assert.notEqual(requests, 'none');
  return (requests as readonly ActionRequest[]).map(({ action, resource, context }) => {
    const asked = KEYS.map((key) => [key, (context as ContextLookup).get(key.toLowerCase())]);
    return { action, resource, ...Object.fromEntries(asked.filter(([, value]) => value !== undefined)) };
  });
}

const KEYS = [
  'dynamodb:LeadingKeys',
  'dynamodb:Attributes',
  'dynamodb:Select',
  'dynamodb:ReturnValues',
  'dynamodb:ReturnConsumedCapacity',
  'dynamodb:EnclosingOperation',
];

test('every operation has a rule, and every rule an operation', () => {
  assert.deepEqual(Object.keys(dynamodb.authorisation).sort(), Object.keys(dynamodb.operations).sort());
});

test('an item is named by its partition key and attributes', async () => {
  const [request] = await requested('GetItem', {
    TableName: 'rides',
    Key: { user: { S: 'ana' } },
    ProjectionExpression: '#w.colour, fare[0]',
    ExpressionAttributeNames: { '#w': 'where' },
  });
  assert.deepEqual(request, {
    action: 'dynamodb:GetItem',
    resource: ARN,
    'dynamodb:LeadingKeys': ['ana'],
    'dynamodb:Attributes': ['user', 'where', 'fare'],
    'dynamodb:Select': 'SPECIFIC_ATTRIBUTES',
  });
});

test('a query names the partition it asks for, on the index it reads', async () => {
  const [request] = await requested('Query', {
    TableName: ARN,
    IndexName: 'byTime',
    KeyConditionExpression: '(:t = moment)',
    ExpressionAttributeValues: { ':t': { N: '7' } },
  });
  assert.equal(request?.resource, `${ARN}/index/byTime`);
  assert.deepEqual(request?.['dynamodb:LeadingKeys'], ['7']);
  const [malformed] = await requested('Query', {
    TableName: 'rides',
    KeyConditionExpression: 'user = :u OR',
  });
  assert.deepEqual(malformed?.['dynamodb:LeadingKeys'], []);
});

test('each action of a transaction is authorised as its own operation', async () => {
  const Key = { user: { S: 'bo' } };
  const requests = await requested('TransactWriteItems', {
    TransactItems: [
      { ConditionCheck: { TableName: 'rides', Key, ConditionExpression: 'attribute_exists(fare)' } },
      { Put: { TableName: 'rides', Item: { user: { S: 'cy' }, fare: { N: '1' } } } },
      { Update: { TableName: 'rides', Key, UpdateExpression: 'SET fare = if_not_exists(tip, :v)' } },
      { Delete: { TableName: 'rides', Key } },
    ],
  });
  assert.deepEqual(
    requests.map((request) => [
      request.action,
      request['dynamodb:LeadingKeys'],
      request['dynamodb:Attributes'],
      request['dynamodb:EnclosingOperation'],
    ]),
    [
      ['dynamodb:ConditionCheckItem', ['bo'], ['user', 'fare'], 'TransactWriteItems'],
      ['dynamodb:PutItem', ['cy'], ['user', 'fare'], 'TransactWriteItems'],
      ['dynamodb:UpdateItem', ['bo'], ['user', 'fare', 'tip'], 'TransactWriteItems'],
      ['dynamodb:DeleteItem', ['bo'], ['user'], 'TransactWriteItems'],
    ],
  );
});

test('a batch names every partition it touches', async () => {
  const [request] = await requested('BatchWriteItem', {
    RequestItems: {
      rides: [
        { PutRequest: { Item: { user: { S: 'a' } } } },
        { DeleteRequest: { Key: { user: { S: 'b' } } } },
      ],
    },
  });
  assert.deepEqual([request?.resource, request?.['dynamodb:LeadingKeys']], [ARN, ['a', 'b']]);
});
