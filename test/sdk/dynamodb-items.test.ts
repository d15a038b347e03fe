import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: 'items',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
        { AttributeName: 'colour', AttributeType: 'S' },
        { AttributeName: 'weight', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'byWeight',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'weight', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byColour',
          KeySchema: [
            { AttributeName: 'colour', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['note'] },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await client.send(
    new CreateTableCommand({
      TableName: 'plain',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
});

const s = (text: string): AttributeValue => ({ S: text });
const n = (number: number): AttributeValue => ({ N: String(number) });

function refused(name: string, message: string | RegExp) {
  return { name, message };
}

test('an item comes back as it was put, whatever its types', async () => {
  const Item: Record<string, AttributeValue> = {
    id: s('all'),
    text: s('naïve 🎈'),
    number: { N: '1.5' },
    bytes: { B: Uint8Array.of(0, 255, 7) },
    yes: { BOOL: true },
    nothing: { NULL: true },
    texts: { SS: ['a', 'b'] },
    numbers: { NS: ['1', '2'] },
    binaries: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
    list: { L: [s('x'), { L: [] }] },
    map: { M: { 'a.b': s(''), deep: { M: {} } } },
  };
  await client.send(new PutItemCommand({ TableName: 'plain', Item }));
  const { Item: read } = await client.send(new GetItemCommand({ TableName: 'plain', Key: { id: s('all') } }));
  assert.deepEqual(read, Item);
  const shown = await client.send(
    new GetItemCommand({
      TableName: 'plain',
      Key: { id: s('all') },
      ProjectionExpression: '#l[0], #m.deep, bytes',
      ExpressionAttributeNames: { '#l': 'list', '#m': 'map' },
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  assert.deepEqual(shown.Item, {
    list: { L: [s('x')] },
    map: { M: { deep: { M: {} } } },
    bytes: { B: Uint8Array.of(0, 255, 7) },
  });
  assert.deepEqual(shown.ConsumedCapacity, { TableName: 'plain', CapacityUnits: 0.5 });
});

test('numbers are normalised, an absent item is no item', async () => {
  await client.send(new PutItemCommand({ TableName: 'plain', Item: { id: s('n'), v: { N: '01.50e2' } } }));
  const { Item } = await client.send(new GetItemCommand({ TableName: 'plain', Key: { id: s('n') } }));
  assert.deepEqual(Item?.['v'], { N: '150' });
  assert.equal(
    (await client.send(new GetItemCommand({ TableName: 'plain', Key: { id: s('?') } }))).Item,
    undefined,
  );
});

test('conditions hold writes back, and can show the item', async () => {
  const put = (v: string) =>
    client.send(
      new PutItemCommand({
        TableName: 'plain',
        Item: { id: s('once'), v: s(v) },
        ConditionExpression: 'attribute_not_exists(id)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  await put('first');
  await assert.rejects(put('second'), (error: { name: string; message: string; Item?: unknown }) => {
    assert.equal(error.name, 'ConditionalCheckFailedException');
    assert.equal(error.message, 'The conditional request failed');
    assert.deepEqual(error.Item, { id: s('once'), v: s('first') });
    return true;
  });
});

test('updates create, change and answer with what was asked for', async () => {
  const update = (
    UpdateExpression: string,
    ReturnValues: 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW' | 'ALL_OLD',
  ) =>
    client.send(
      new UpdateItemCommand({
        TableName: 'plain',
        Key: { id: s('u') },
        UpdateExpression,
        ExpressionAttributeValues: { ':one': n(1) },
        ReturnValues,
      }),
    );
  assert.deepEqual((await update('ADD hits :one', 'ALL_NEW')).Attributes, { id: s('u'), hits: n(1) });
  assert.deepEqual((await update('ADD hits :one', 'UPDATED_OLD')).Attributes, { hits: n(1) });
  assert.deepEqual((await update('SET hits = hits + :one', 'UPDATED_NEW')).Attributes, { hits: n(3) });
  assert.deepEqual((await update('REMOVE hits SET v = :one', 'ALL_OLD')).Attributes, {
    id: s('u'),
    hits: n(3),
  });
  await assert.rejects(
    update('SET id = :one', 'ALL_NEW'),
    refused(
      'ValidationException',
      'One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key',
    ),
  );
});

test('no increment of many at once is lost', async () => {
  const increment = () =>
    client.send(
      new UpdateItemCommand({
        TableName: 'plain',
        Key: { id: s('hot') },
        UpdateExpression: 'ADD c :one',
        ExpressionAttributeValues: { ':one': n(1) },
      }),
    );
  await Promise.all(Array.from({ length: 50 }, increment));
  const { Item } = await client.send(new GetItemCommand({ TableName: 'plain', Key: { id: s('hot') } }));
  assert.deepEqual(Item?.['c'], n(50));
});

test('deletes answer with the old item and change nothing twice', async () => {
  await client.send(new PutItemCommand({ TableName: 'plain', Item: { id: s('d'), v: n(1) } }));
  const remove = () =>
    client.send(new DeleteItemCommand({ TableName: 'plain', Key: { id: s('d') }, ReturnValues: 'ALL_OLD' }));
  assert.deepEqual((await remove()).Attributes, { id: s('d'), v: n(1) });
  assert.equal((await remove()).Attributes, undefined);
});

async function fill(): Promise<void> {
  const put = (pk: string, sk: number, more: Record<string, AttributeValue>) => ({
    PutRequest: { Item: { pk: s(pk), sk: n(sk), ...more } },
  });
  await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        items: [
          put('q', -10, { weight: n(3), colour: s('red'), note: s('minus'), secret: s('x') }),
          put('q', 2, { weight: n(1), colour: s('blue'), note: s('two') }),
          put('q', 10, { weight: n(2), colour: s('red'), note: s('ten') }),
          put('q', 11, { colour: s('red') }),
          put('r', 1, { weight: n(9), colour: s('red') }),
        ],
      },
    }),
  );
}

function queried(input: Omit<QueryCommandInput, 'TableName'>) {
  return client.send(new QueryCommand({ TableName: 'items', ...input }));
}

const sks = (items: readonly Record<string, AttributeValue>[] | undefined) =>
  items?.map(({ sk }) => Number(sk?.N));

test('queries read a partition in the order of its numbers', async () => {
  await fill();
  const values = { ':p': s('q') };
  const all = await queried({ KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: values });
  assert.deepEqual(sks(all.Items), [-10, 2, 10, 11]);
  const cases: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['sk < :a', [10], [-10, 2]],
    ['sk <= :a', [10], [-10, 2, 10]],
    ['sk > :a', [2], [10, 11]],
    ['sk >= :a', [2], [2, 10, 11]],
    ['sk = :a', [10], [10]],
    [':a < sk', [2], [10, 11]],
    ['sk BETWEEN :a AND :b', [2, 10], [2, 10]],
  ];
  for (const [condition, [a = 0, b], expected] of cases) {
    const found = await queried({
      KeyConditionExpression: `pk = :p AND (${condition})`,
      ExpressionAttributeValues: { ...values, ':a': n(a), ...(b === undefined ? {} : { ':b': n(b) }) },
    });
    assert.deepEqual(sks(found.Items), expected, condition);
  }
});

test('queries page both ways, filter, count and project', async () => {
  await fill();
  for (const ScanIndexForward of [true, false]) {
    const seen: number[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await queried({
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': s('q') },
        Limit: 3,
        ScanIndexForward,
        ExclusiveStartKey,
      });
      seen.push(...(sks(page.Items) ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    assert.deepEqual(seen, ScanIndexForward ? [-10, 2, 10, 11] : [11, 10, 2, -10]);
  }
  const filtered = await queried({
    KeyConditionExpression: 'pk = :p',
    FilterExpression: 'colour = :c',
    ExpressionAttributeValues: { ':p': s('q'), ':c': s('red') },
    ProjectionExpression: 'sk, note',
    ReturnConsumedCapacity: 'INDEXES',
  });
  assert.deepEqual([filtered.Count, filtered.ScannedCount], [3, 4]);
  assert.deepEqual(filtered.Items?.[0], { sk: n(-10), note: s('minus') });
  assert.deepEqual(filtered.ConsumedCapacity, {
    TableName: 'items',
    CapacityUnits: 0.5,
    Table: { CapacityUnits: 0.5 },
  });
  const counted = await queried({
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': s('q') },
    Select: 'COUNT',
  });
  assert.deepEqual([counted.Count, counted.Items], [4, undefined]);
});

test('indexes hold what they project, in their order, and follow the items', async () => {
  await fill();
  const byColour = () =>
    queried({
      IndexName: 'byColour',
      KeyConditionExpression: 'colour = :c',
      ExpressionAttributeValues: { ':c': s('red') },
    });
  const red = await byColour();
  assert.deepEqual(sks(red.Items), [-10, 1, 10, 11]);
  assert.deepEqual(red.Items?.[0], { pk: s('q'), sk: n(-10), colour: s('red'), note: s('minus') });
  const byWeight = await queried({
    IndexName: 'byWeight',
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': s('q') },
    ConsistentRead: true,
  });
  assert.deepEqual(sks(byWeight.Items), [2, 10, -10]);
  const fetched = await queried({
    IndexName: 'byWeight',
    KeyConditionExpression: 'pk = :p AND weight = :w',
    ExpressionAttributeValues: { ':p': s('q'), ':w': n(3) },
    Select: 'ALL_ATTRIBUTES',
    ReturnConsumedCapacity: 'INDEXES',
  });
  assert.deepEqual(fetched.Items?.[0]?.['secret'], s('x'));
  assert.deepEqual(fetched.ConsumedCapacity, {
    TableName: 'items',
    CapacityUnits: 1,
    Table: { CapacityUnits: 0.5 },
    LocalSecondaryIndexes: { byWeight: { CapacityUnits: 0.5 } },
  });
  await client.send(
    new UpdateItemCommand({
      TableName: 'items',
      Key: { pk: s('q'), sk: n(10) },
      UpdateExpression: 'SET colour = :c',
      ExpressionAttributeValues: { ':c': s('green') },
    }),
  );
  await client.send(new DeleteItemCommand({ TableName: 'items', Key: { pk: s('q'), sk: n(11) } }));
  assert.deepEqual(sks((await byColour()).Items), [-10, 1]);
});

test('a parallel scan finds every item once', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `scan-${index}`);
  for (let at = 0; at < ids.length; at += 20) {
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          plain: ids.slice(at, at + 20).map((id) => ({ PutRequest: { Item: { id: s(id) } } })),
        },
      }),
    );
  }
  const found: string[] = [];
  for (let Segment = 0; Segment < 4; Segment++) {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await client.send(
        new ScanCommand({ TableName: 'plain', Segment, TotalSegments: 4, Limit: 7, ExclusiveStartKey }),
      );
      found.push(...(page.Items ?? []).map(({ id }) => id?.S ?? ''));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
  assert.deepEqual(found.filter((id) => id.startsWith('scan-')).sort(), [...ids].sort());
  assert.equal(new Set(found).size, found.length);
});

test('a page ends after a megabyte', async () => {
  const big = 'x'.repeat(300_000);
  await Promise.all(
    [1, 2, 3, 4, 5].map((sk) =>
      client.send(new PutItemCommand({ TableName: 'items', Item: { pk: s('big'), sk: n(sk), big: s(big) } })),
    ),
  );
  const page = await queried({
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': s('big') },
  });
  assert.deepEqual(sks(page.Items), [1, 2, 3, 4]);
  assert.deepEqual(page.LastEvaluatedKey, { pk: s('big'), sk: n(4) });
  await assert.rejects(
    client.send(
      new PutItemCommand({ TableName: 'plain', Item: { id: s('b'), big: s('x'.repeat(409_600)) } }),
    ),
    refused('ValidationException', 'Item size has exceeded the maximum allowed size'),
  );
});

test('batches get and write across tables', async () => {
  const answer = await client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        plain: [{ PutRequest: { Item: { id: s('b1') } } }, { DeleteRequest: { Key: { id: s('b2') } } }],
        items: [{ PutRequest: { Item: { pk: s('b'), sk: n(1) } } }],
      },
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  assert.deepEqual(answer.UnprocessedItems, {});
  assert.deepEqual(
    answer.ConsumedCapacity?.map(({ TableName, CapacityUnits }) => [TableName, CapacityUnits]),
    [
      ['plain', 2],
      ['items', 1],
    ],
  );
  const { Responses } = await client.send(
    new BatchGetItemCommand({
      RequestItems: {
        plain: { Keys: [{ id: s('b1') }, { id: s('b2') }] },
        items: { Keys: [{ pk: s('b'), sk: n(1) }], ProjectionExpression: 'sk' },
      },
    }),
  );
  assert.deepEqual(Responses, { plain: [{ id: s('b1') }], items: [{ sk: n(1) }] });
  await assert.rejects(
    client.send(
      new BatchGetItemCommand({ RequestItems: { plain: { Keys: [{ id: s('a') }, { id: s('a') }] } } }),
    ),
    refused('ValidationException', 'Provided list of item keys contains duplicates'),
  );
});

test('the longest keys work everywhere', async () => {
  const pk = '\u0000'.repeat(2047);
  for (const end of ['a', 'b']) {
    await client.send(
      new PutItemCommand({
        TableName: 'items',
        Item: { pk: s(pk + end), sk: n(1), colour: s(`${pk}c`), weight: n(1) },
      }),
    );
  }
  const found = await queried({
    IndexName: 'byColour',
    KeyConditionExpression: 'colour = :c',
    ExpressionAttributeValues: { ':c': s(`${pk}c`) },
  });
  assert.deepEqual(found.Items?.map((item) => item['pk']?.S?.at(-1)).sort(), ['a', 'b']);
  const one = await queried({
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': s(`${pk}b`) },
  });
  assert.equal(one.Count, 1);
  await assert.rejects(
    client.send(new PutItemCommand({ TableName: 'plain', Item: { id: s('x'.repeat(2049)) } })),
    refused(
      'ValidationException',
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ),
  );
});

test('mistakes are told in AWS words', async () => {
  const cases: readonly (readonly [Promise<unknown>, string, string])[] = [
    [
      client.send(new GetItemCommand({ TableName: 'none', Key: { id: s('x') } })),
      'ResourceNotFoundException',
      'Requested resource not found',
    ],
    [
      client.send(new GetItemCommand({ TableName: 'plain', Key: { other: s('x') } })),
      'ValidationException',
      'The provided key element does not match the schema',
    ],
    [
      client.send(new PutItemCommand({ TableName: 'plain', Item: { id: n(1) } })),
      'ValidationException',
      'One or more parameter values were invalid: Type mismatch for key id expected: S actual: N',
    ],
    [
      client.send(new PutItemCommand({ TableName: 'plain', Item: { id: s('') } })),
      'ValidationException',
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id',
    ],
    [
      client.send(new PutItemCommand({ TableName: 'items', Item: { pk: s('a'), sk: n(1), colour: n(1) } })),
      'ValidationException',
      'One or more parameter values were invalid: Type mismatch for Index Key colour Expected: S Actual: N IndexName: byColour',
    ],
    [
      queried({ KeyConditionExpression: 'sk = :s', ExpressionAttributeValues: { ':s': n(1) } }),
      'ValidationException',
      'Query condition missed key schema element: pk',
    ],
    [
      queried({
        KeyConditionExpression: 'pk = :s',
        FilterExpression: 'sk = :s',
        ExpressionAttributeValues: { ':s': s('x') },
      }),
      'ValidationException',
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
    ],
    [
      queried({
        IndexName: 'nope',
        KeyConditionExpression: 'pk = :s',
        ExpressionAttributeValues: { ':s': s('x') },
      }),
      'ValidationException',
      'The table does not have the specified index: nope',
    ],
    [
      client.send(new ScanCommand({ TableName: 'plain', Segment: 5, TotalSegments: 5 })),
      'ValidationException',
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5',
    ],
  ];
  for (const [promise, name, message] of cases) await assert.rejects(promise, refused(name, message));
});

test('the parameters that expressions replaced still work', async () => {
  await client.send(
    new PutItemCommand({ TableName: 'plain', Item: { id: s('old'), v: n(1), set: { SS: ['a'] } } }),
  );
  await assert.rejects(
    client.send(
      new PutItemCommand({ TableName: 'plain', Item: { id: s('old') }, Expected: { id: { Exists: false } } }),
    ),
    { name: 'ConditionalCheckFailedException' },
  );
  const { Attributes } = await client.send(
    new UpdateItemCommand({
      TableName: 'plain',
      Key: { id: s('old') },
      AttributeUpdates: {
        v: { Action: 'ADD', Value: n(4) },
        set: { Action: 'ADD', Value: { SS: ['b'] } },
        fresh: { Value: s('x') },
      },
      Expected: { v: { ComparisonOperator: 'LT', AttributeValueList: [n(2)] } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  assert.deepEqual(Attributes, { id: s('old'), v: n(5), set: { SS: ['a', 'b'] }, fresh: s('x') });
  const found = await client.send(
    new ScanCommand({
      TableName: 'plain',
      ScanFilter: { v: { ComparisonOperator: 'EQ', AttributeValueList: [n(5)] } },
      AttributesToGet: ['id'],
    }),
  );
  assert.deepEqual(found.Items, [{ id: s('old') }]);
  await fill();
  const queriedOld = await queried({
    KeyConditions: {
      pk: { ComparisonOperator: 'EQ', AttributeValueList: [s('q')] },
      sk: { ComparisonOperator: 'GT', AttributeValueList: [n(0)] },
    },
    QueryFilter: { note: { ComparisonOperator: 'NOT_NULL' } },
  });
  assert.deepEqual(sks(queriedOld.Items), [2, 10]);
});
