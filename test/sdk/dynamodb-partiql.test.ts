import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  CreateTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ExecuteTransactionCommand,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

before(async () => {
  await client.send(
    new CreateTableCommand({
      TableName: 'Music',
      AttributeDefinitions: [
        { AttributeName: 'Artist', AttributeType: 'S' },
        { AttributeName: 'Year', AttributeType: 'N' },
        { AttributeName: 'Genre', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'Artist', KeyType: 'HASH' },
        { AttributeName: 'Year', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byGenre',
          KeySchema: [{ AttributeName: 'Genre', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  for (const [artist, year, genre] of [
    ['Acme', 1999, 'rock'],
    ['Acme', 2005, 'pop'],
    ['Acme', 2015, 'rock'],
    ['Brel', 1968, 'chanson'],
  ] as const) {
    await run(
      `INSERT INTO "Music" VALUE {'Artist': ?, 'Year': ?, 'Genre': ?, 'Awards': {'n': 1, 'by': ['x']}}`,
      {
        Parameters: [{ S: artist }, { N: String(year) }, { S: genre }],
      },
    );
  }
});

function run(Statement: string, more: Partial<ExecuteStatementCommandInput> = {}) {
  return client.send(new ExecuteStatementCommand({ Statement, ...more }));
}

const years = async (statement: string, more: Partial<ExecuteStatementCommandInput> = {}) =>
  (await run(statement, more)).Items?.map(({ Year }) => Number(Year?.N));

const acme = async (year: number): Promise<Record<string, AttributeValue> | undefined> =>
  (
    await client.send(
      new GetItemCommand({ TableName: 'Music', Key: { Artist: { S: 'Acme' }, Year: { N: String(year) } } }),
    )
  ).Item;

test('SELECT reads by key, range, index, condition and whole table', async () => {
  assert.deepEqual(await years(`SELECT * FROM Music WHERE Artist = 'Acme' AND "Year" > 2000`), [2005, 2015]);
  assert.deepEqual(
    await years(`SELECT * FROM Music WHERE Artist = 'Acme' ORDER BY "Year" DESC`),
    [2015, 2005, 1999],
  );
  assert.deepEqual(
    await years(`SELECT * FROM Music WHERE Artist = 'Acme' AND "Year" BETWEEN 1999 AND 2005`),
    [1999, 2005],
  );
  assert.deepEqual(
    (await years(`SELECT * FROM "Music"."byGenre" WHERE Genre = 'rock'`))?.sort(),
    [1999, 2015],
  );
  assert.deepEqual(await years(`SELECT * FROM Music WHERE Genre IN ['chanson', 'jazz']`), [1968]);
  assert.deepEqual(
    await years(`SELECT * FROM Music WHERE Artist = 'Acme' AND NOT (Genre = 'rock' OR size(Genre) > 4)`),
    [2005],
  );
  assert.deepEqual(
    await years(`SELECT * FROM Music WHERE Artist = 'Brel' AND Awards.by[0] = 'x' AND Gone IS MISSING`),
    [1968],
  );
  const { Items } = await run(`SELECT Awards.n, Genre FROM Music WHERE Artist = 'Brel'`);
  assert.deepEqual(Items, [{ n: { N: '1' }, Genre: { S: 'chanson' } }]);
});

test('SELECT queries each partition an IN lists, over pages, and counts each', async () => {
  const Statement = `SELECT * FROM Music WHERE Artist IN ['Brel', 'Nobody', 'Acme', 'Brel'] AND "Year" < 2010`;
  assert.deepEqual(await years(Statement), [1968, 1999, 2005]);
  const { ConsumedCapacity } = await run(Statement, { ReturnConsumedCapacity: 'TOTAL' });
  assert.equal(ConsumedCapacity?.CapacityUnits, 1.5);
  const seen: (number | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await run(Statement, { Limit: 1, ...(NextToken === undefined ? {} : { NextToken }) });
    for (const { Year } of page.Items ?? []) seen.push(Number(Year?.N));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(seen, [1968, 1999, 2005]);
  const many = Array.from({ length: 51 }, (_, i) => `'a${i}'`);
  await assert.rejects(run(`SELECT * FROM Music WHERE Artist IN [${many.join()}]`), {
    message: 'Too many decomposed read operations for a given query.',
  });
});

test('a SELECT that fetches items behind a local index counts them', async () => {
  await client.send(
    new CreateTableCommand({
      TableName: 'Shelf',
      AttributeDefinitions: ['pk', 'sk', 'l'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'byL',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'l', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await run(`INSERT INTO Shelf VALUE {'pk': 'a', 'sk': '1', 'l': 'm', 'n': 5}`);
  const { Items, ConsumedCapacity } = await run(`SELECT n FROM Shelf.byL WHERE pk = 'a'`, {
    ReturnConsumedCapacity: 'INDEXES',
  });
  assert.deepEqual(Items, [{ n: { N: '5' } }]);
  assert.equal(ConsumedCapacity?.Table?.CapacityUnits, 0.5);
  assert.equal(ConsumedCapacity?.LocalSecondaryIndexes?.['byL']?.CapacityUnits, 0.5);
});

test('SELECT pages by tokens', async () => {
  const seen: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await run(`SELECT * FROM Music WHERE Artist = 'Acme'`, { Limit: 2, NextToken });
    seen.push(...(page.Items ?? []).map(({ Year }) => Number(Year?.N)));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(seen, [1999, 2005, 2015]);
});

test('UPDATE and DELETE change the one item their key names, and return what is asked', async () => {
  const key = `WHERE Artist = 'Acme' AND "Year" = 1999`;
  const updated = await run(
    `UPDATE Music SET Awards.n = Awards.n + 2 SET Tags = <<'a','b'>> REMOVE Genre ${key} RETURNING ALL NEW *`,
  );
  assert.deepEqual(updated.Items?.[0]?.['Awards'], { M: { n: { N: '3' }, by: { L: [{ S: 'x' }] } } });
  const modified = await run(
    `UPDATE Music SET Tags = set_add(Tags, <<'c'>>), Awards.by = list_append(Awards.by, ['y']) ${key} RETURNING MODIFIED NEW *`,
  );
  assert.deepEqual(modified.Items, [
    { Tags: { SS: ['a', 'b', 'c'] }, Awards: { M: { by: { L: [{ S: 'x' }, { S: 'y' }] } } } },
  ]);
  await assert.rejects(run(`UPDATE Music SET x = 1 ${key} AND Awards.n > 100`), {
    name: 'ConditionalCheckFailedException',
  });
  await assert.rejects(run(`UPDATE Music SET x = 1 WHERE Artist = 'Acme' AND "Year" = 1`), {
    name: 'ConditionalCheckFailedException',
  });
  await assert.rejects(run(`DELETE FROM Music WHERE Artist = 'Acme'`), {
    name: 'ValidationException',
    message: 'Where clause does not contain a mandatory equality on all key attributes',
  });
  const deleted = await run(`DELETE FROM Music ${key} RETURNING ALL OLD *`);
  assert.deepEqual(deleted.Items?.[0]?.['Year'], { N: '1999' });
  assert.equal(await acme(1999), undefined);
  await run(`DELETE FROM Music ${key} AND Awards.n = 7`);
});

test('a batch answers each statement by itself', async () => {
  const { Responses } = await client.send(
    new BatchExecuteStatementCommand({
      Statements: [
        { Statement: `SELECT Genre FROM Music WHERE Artist = 'Brel' AND "Year" = 1968` },
        { Statement: `SELECT * FROM Nowhere WHERE Artist = 'Brel'` },
        { Statement: `SELECTT` },
        { Statement: `SELECT * FROM Music WHERE Artist = 'Brel'` },
      ],
    }),
  );
  assert.deepEqual(
    Responses?.map(({ Item, Error: error }) => Item ?? error?.Code),
    [{ Genre: { S: 'chanson' } }, 'ResourceNotFound', 'ValidationError', 'ValidationError'],
  );
});

test('a transaction of statements happens whole or not at all', async () => {
  const transact = (...statements: readonly string[]) =>
    client.send(
      new ExecuteTransactionCommand({ TransactStatements: statements.map((Statement) => ({ Statement })) }),
    );
  await assert.rejects(
    transact(
      `UPDATE Music SET x = 1 WHERE Artist = 'Acme' AND "Year" = 2005`,
      `INSERT INTO Music VALUE {'Artist': 'Brel', 'Year': 1968}`,
      `EXISTS (SELECT * FROM Music WHERE Artist = 'Acme' AND "Year" = 2015 AND Genre = 'jazz')`,
    ),
    {
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, DuplicateItem, ConditionalCheckFailed]',
    },
  );
  assert.equal((await acme(2005))?.['x'], undefined);
  const written = await transact(
    `UPDATE Music SET x = 1 WHERE Artist = 'Acme' AND "Year" = 2005`,
    `EXISTS (SELECT * FROM Music WHERE Artist = 'Acme' AND "Year" = 2015 AND Genre = 'rock')`,
  );
  assert.deepEqual(written.Responses, []);
  assert.deepEqual((await acme(2005))?.['x'], { N: '1' });
  const { Responses } = await transact(`SELECT x FROM Music WHERE Artist = 'Acme' AND "Year" = 2005`);
  assert.deepEqual(Responses, [{ Item: { x: { N: '1' } } }]);
});

test('mistakes are told', async () => {
  const cases: readonly (readonly [string, string | RegExp])[] = [
    ['SELECTT * FROM Music', "Statement wasn't well formed, can't be processed: Expected data manipulation"],
    ['SELECT * FROM Music WHERE', /^Statement wasn't well formed/],
    ["SELECT * FROM Music WHERE Artist = 'a' garbage", /Unexpected token garbage$/],
    ['SELECT * FROM Music WHERE Artist = ?', "Number of parameters in request and statement don't match."],
    [
      `SELECT * FROM Music ORDER BY "Year"`,
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    ],
    [
      `UPDATE Music SET Artist = 'b' WHERE Artist = 'a' AND "Year" = 1`,
      'One or more parameter values were invalid: Cannot update attribute Artist. This attribute is part of the key',
    ],
    [`SELECT * FROM Music WHERE ${'('.repeat(4000)}`, /nested too deeply/],
  ];
  for (const [statement, message] of cases) {
    await assert.rejects(run(statement), { name: 'ValidationException', message });
  }
  await assert.rejects(run(`INSERT INTO Music VALUE {'Artist': 'Brel', 'Year': 1968}`), {
    name: 'DuplicateItemException',
    message: 'Duplicate primary key exists in table',
  });
});
