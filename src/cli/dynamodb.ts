import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { World } from '../world/world.ts';
import { AnsweredError, type Client } from './client.ts';
import { readLines } from './lines.ts';
import { UsageError } from './options.ts';
import { ProgressBar } from './progress-bar.ts';
import { counted, type Terminal } from './terminal.ts';

export const DYNAMODB_USAGE = `lambent dynamodb export TABLE [FILE]
  lambent dynamodb import TABLE FILE`;

export interface DynamodbCommand {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly world: World;
  readonly words: readonly string[];
}

type Item = Readonly<Record<string, unknown>>;

/**
 * `lambent dynamodb export|import`: a table as lines of `{"Item": {…}}` in DynamoDB's JSON, the format of its exports
 * to S3. A file beside it says how far the command came; run again after it was stopped, it goes on there.
 */
export async function dynamodb(command: DynamodbCommand): Promise<number> {
  const [verb, table, file, ...rest] = command.words;
  if (table === undefined || rest.length > 0) throw new UsageError(DYNAMODB_USAGE);
  if (verb === 'export') return exportTable(command, table, file ?? `${table}.jsonl`);
  if (verb === 'import' && file !== undefined) return importTable(command, table, file);
  throw new UsageError(DYNAMODB_USAGE);
}

function call(client: Client, operation: string, input: unknown): Promise<Record<string, unknown>> {
  return client.json('dynamodb', `DynamoDB_20120810.${operation}`, '1.0', input);
}

interface TableFacts {
  readonly id: string;
  readonly items: number;
  readonly keys: readonly string[];
}

async function factsOf(client: Client, table: string): Promise<TableFacts> {
  const { Table } = await call(client, 'DescribeTable', { TableName: table });
  const described = Table as {
    readonly TableId: string;
    readonly ItemCount: number;
    readonly KeySchema: readonly { readonly AttributeName: string }[];
  };
  return {
    id: described.TableId,
    items: described.ItemCount,
    keys: described.KeySchema.map(({ AttributeName }) => AttributeName),
  };
}

/** How far an export or import came: `bytes` of the file are done. */
interface Mark {
  /** Of the table that is exported; of the file that is imported. */
  readonly of: string;
  readonly bytes: number;
  readonly items: number;
  /** Where the table's scan goes on. */
  readonly key?: unknown;
}

async function readMark(path: string, of: string): Promise<Mark | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const mark = JSON.parse(text) as Mark;
  return mark.of === of ? mark : undefined;
}

/** Replaces the mark in one step: a command that is killed here finds the mark before or this one. */
async function writeMark(path: string, mark: Mark): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(mark));
  await rename(`${path}.new`, path);
}

async function exportTable({ client, terminal }: DynamodbCommand, table: string, file: string) {
  const { id, items: total } = await factsOf(client, table);
  const sideFile = `${file}.progress`;
  const mark = await readMark(sideFile, id);
  const output = await open(file, mark === undefined ? 'w' : 'r+');
  const bar = new ProgressBar(terminal, `export of ${table}`, 'items', total);
  let { bytes, items, key } = mark ?? { bytes: 0, items: 0, key: undefined };
  try {
    // What was written after the mark comes again.
    await output.truncate(bytes);
    do {
      const page = await call(client, 'Scan', {
        TableName: table,
        ConsistentRead: true,
        ...(key === undefined ? {} : { ExclusiveStartKey: key }),
      });
      const found = page['Items'] as readonly Item[];
      const text = Buffer.from(found.map((Item) => `${JSON.stringify({ Item })}\n`).join(''));
      await output.write(text, 0, text.length, bytes);
      bytes += text.length;
      items += found.length;
      key = page['LastEvaluatedKey'];
      if (key !== undefined) {
        await output.datasync();
        await writeMark(sideFile, { of: id, bytes, items, key });
      }
      bar.show(items);
    } while (key !== undefined);
  } finally {
    bar.end();
    await output.close();
  }
  await rm(sideFile, { force: true });
  terminal.out(`${counted(items, 'item')} of ${table} exported to ${file}`);
  return 0;
}

/** Batches under way at once. */
const PARALLEL = 8;
const BATCH_ITEMS = 25;
/** Bytes of lines in one batch: a request may have 16 MB. */
const BATCH_BYTES = 4 << 20;

interface Batch {
  readonly items: Item[];
  readonly keys: Set<string>;
  bytes: number;
}

async function importTable({ client, terminal, world }: DynamodbCommand, table: string, file: string) {
  const { keys } = await factsOf(client, table);
  const { size, mtimeMs } = await stat(file).catch(() => {
    throw new UsageError(`there is no file ${file}`);
  });
  const sideFile = `${file}.${table}.progress`;
  const of = `${size}/${mtimeMs}`;
  let { bytes, items } = (await readMark(sideFile, of)) ?? { bytes: 0, items: 0 };
  const bar = new ProgressBar(terminal, `import into ${table}`, 'bytes', size);
  let batches: Batch[] = [];
  const flush = async (end: number): Promise<void> => {
    await Promise.all(batches.map((batch) => writeBatch(client, world, table, batch.items)));
    items += batches.reduce((sum, batch) => sum + batch.items.length, 0);
    bytes = end;
    batches = [];
    await writeMark(sideFile, { of, bytes, items });
    bar.show(bytes);
  };
  try {
    let end = bytes;
    for await (const line of readLines(file, bytes)) {
      if (line.text.trim() !== '') {
        const item = itemIn(line.text, line.start);
        const key = JSON.stringify(keys.map((name) => item[name]));
        let batch = batches.at(-1);
        // A later line of the same key comes after the earlier one: it waits for the next round.
        const repeated = batches.some((each) => each.keys.has(key));
        const full = batch === undefined || batch.items.length >= BATCH_ITEMS || batch.bytes >= BATCH_BYTES;
        if (repeated || (full && batches.length >= PARALLEL)) await flush(end);
        if (full || repeated) batches.push((batch = { items: [], keys: new Set(), bytes: 0 }));
        batch?.items.push(item);
        batch?.keys.add(key);
        if (batch !== undefined) batch.bytes += line.text.length;
      }
      end = line.end;
    }
    await flush(end);
  } finally {
    bar.end();
  }
  await rm(sideFile, { force: true });
  terminal.out(`${counted(items, 'item')} of ${file} imported into ${table}`);
  return 0;
}

/** The item of a line, with `Item` around it or without. */
function itemIn(text: string, start: number): Item {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AnsweredError('Unreadable', `what begins at byte ${start} is not a line of JSON`);
  }
  if (typeof value !== 'object' || value === null) {
    throw new AnsweredError('Unreadable', `what begins at byte ${start} is not an item`);
  }
  const { Item: inner } = value as { readonly Item?: Item };
  // An attribute named Item has one type; a whole item's attributes each have one of their own.
  const isWrapped =
    Object.keys(value).length === 1 &&
    inner !== undefined &&
    Object.values(inner).every((attribute) => typeof attribute === 'object' && attribute !== null);
  return isWrapped ? inner : (value as Item);
}

const LONGEST_WAIT_MS = 5000;

/** Writes a batch; what is throttled is tried again until it is written. */
async function writeBatch(
  client: Client,
  world: World,
  table: string,
  items: readonly Item[],
): Promise<void> {
  let left: unknown = { [table]: items.map((Item) => ({ PutRequest: { Item } })) };
  for (let waitMs = 50; ; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
    try {
      const output = await call(client, 'BatchWriteItem', { RequestItems: left });
      left = output['UnprocessedItems'] ?? {};
      if (Object.keys(left as object).length === 0) return;
    } catch (error) {
      const throttled = error instanceof AnsweredError && /Throttling|ThroughputExceeded/.test(error.code);
      if (!throttled) throw error;
    }
    await world.timers.sleep(waitMs);
  }
}
