import { strict as assert } from 'node:assert';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Lambent, startLambent } from 'lambent/testing';
import { AnsweredError, Client } from '../../src/cli/client.ts';
import { dynamodb } from '../../src/cli/dynamodb.ts';
import { progressLine } from '../../src/cli/progress-bar.ts';
import { realWorld } from '../../src/world/real.ts';

let lambent: Lambent;
let folder: string;
let client: Client;

before(async () => {
  lambent = await startLambent();
  folder = await mkdtemp(join(tmpdir(), 'lambent-import-'));
  client = clientThat(Number.POSITIVE_INFINITY);
});

after(async () => {
  await lambent.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A client whose connection breaks after so many calls. */
function clientThat(calls: number): Client {
  let left = calls;
  const real = new Client({
    endpoint: lambent.endpoint,
    region: lambent.region,
    credentials: lambent.credentials,
    nowMs: Date.now,
  });
  const { json } = real;
  real.json = (...call: Parameters<typeof json>) =>
    left-- > 0 ? json.apply(real, call) : Promise.reject(new Error('the connection broke'));
  return real;
}

async function run(words: string, through = client, interactive = false): Promise<readonly string[]> {
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => lines.push(line),
    error: (line: string) => lines.push(line),
    draw: (line: string) => lines.push(line),
    interactive,
  };
  assert.equal(await dynamodb({ client: through, terminal, world: realWorld(), words: words.split(' ') }), 0);
  return lines;
}

const call = (operation: string, input: object) =>
  client.json('dynamodb', `DynamoDB_20120810.${operation}`, '1.0', input);

const create = (TableName: string) =>
  call('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });

async function count(TableName: string): Promise<number> {
  const { Table } = await call('DescribeTable', { TableName });
  return (Table as { ItemCount: number }).ItemCount;
}

const lineOf = (index: number) =>
  JSON.stringify({ Item: { id: { S: `é${index}` }, n: { N: String(index) }, pad: { S: 'x'.repeat(2000) } } });
const LINES = Array.from({ length: 1500 }, (_, index) => lineOf(index));

test('a table goes out to lines of JSON and comes in again, and both go on where they were stopped', async () => {
  const file = join(folder, 'in.jsonl');
  await writeFile(file, `${LINES.join('\n')}\n`);
  await create('first');
  await assert.rejects(run(`import first ${file}`, clientThat(40)), /connection broke/);
  const some = await count('first');
  assert.ok(some > 0 && some < LINES.length, `${some} items came in before it broke`);
  assert.deepEqual(await run(`import first ${file}`), [`1500 items of ${file} imported into first`]);
  assert.equal(await count('first'), LINES.length);

  const out = join(folder, 'out.jsonl');
  await assert.rejects(run(`export first ${out}`, clientThat(3)), /connection broke/);
  const lines = await run(`export first ${out}`, client, true);
  assert.match(lines[0] ?? '', /^export of first {2}\[█+\] 100% {2}1,500 items$/);
  assert.equal(lines.at(-1), `1500 items of first exported to ${out}`);
  const exported = (await readFile(out, 'utf8')).trimEnd().split('\n');
  assert.deepEqual(exported.toSorted(), LINES.toSorted());
  // Nothing is left beside the files.
  assert.deepEqual((await readdir(folder)).toSorted(), ['in.jsonl', 'out.jsonl']);
});

test('later lines of a key win, items need no wrapping, and what is no item is told by its place', async () => {
  await create('second');
  const file = join(folder, 'bare.jsonl');
  await writeFile(file, '{"id":{"S":"a"},"n":{"N":"1"}}\n\n{"Item":{"id":{"S":"a"},"n":{"N":"2"}}}');
  await run(`import second ${file}`);
  const { Item } = await call('GetItem', { TableName: 'second', Key: { id: { S: 'a' } } });
  assert.deepEqual(Item, { id: { S: 'a' }, n: { N: '2' } });
  await writeFile(file, '{"id":{"S":"b"}}\nnonsense\n');
  await assert.rejects(run(`import second ${file}`), (error: unknown) => {
    assert.ok(error instanceof AnsweredError);
    assert.equal(error.message, 'what begins at byte 17 is not a line of JSON');
    return true;
  });
  await assert.rejects(run(`import second ${join(folder, 'none')}`), /there is no file/);
  assert.deepEqual(await run(`export second ${join(folder, 'one.jsonl')}`), [
    `1 item of second exported to ${join(folder, 'one.jsonl')}`,
  ]);
  await assert.rejects(run('export'), /lambent dynamodb export TABLE/);
});

test('progress is a bar', () => {
  assert.equal(progressLine('t', 'items', 0, 10), `t  [${'░'.repeat(30)}]   0%  0 items`);
  assert.equal(progressLine('t', 'items', 5, 10), `t  [${'█'.repeat(15)}${'░'.repeat(15)}]  50%  5 items`);
  assert.equal(progressLine('t', 'items', 12, 10), `t  [${'█'.repeat(30)}] 100%  12 items`);
});
