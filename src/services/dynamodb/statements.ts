import type {
  BatchStatementError,
  BatchStatementResponse,
  DynamodbOperations,
  ItemResponse,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { type AttributeValue, checkAttributeValue, type Item } from './attribute-value.ts';
import { readUnits, writeUnits } from './capacity.ts';
import { showUsage, type Usage, UsageSum } from './consumed-capacity.ts';
import { invalid } from './fault.ts';
import { performWrite, type WriteOutcome, withTable } from './item-write.ts';
import { checkKey } from './key-check.ts';
import { parsePartiql } from './partiql-parser.ts';
import { runSelect, selectPaths, toToken } from './partiql-select.ts';
import type { SelectStatement, Statement, UpdateStatement } from './partiql-statement.ts';
import { keyIn, type WriteStatement, writeOf } from './partiql-write.ts';
import { project, projectionOf } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { addressOf, tableFor } from './tables-cache.ts';
import { limitsOf } from './throughput-limits.ts';
import {
  cancelOnFaults,
  checkDistinct,
  commitParts,
  fingerprint,
  readParts,
  replayUsage,
} from './transaction-commit.ts';

export const statements = {
  ExecuteStatement: async (input, ctx) => {
    const statement = readStatement(input);
    if (statement.kind === 'exists') throw onlyInTransactions();
    const address = addressOf(statement.table, ctx);
    if (statement.kind !== 'select') {
      const { items, usage } = await write(ctx, statement, input);
      return { Items: items, ConsumedCapacity: showUsage(input.ReturnConsumedCapacity, usage) };
    }
    const table = await tableFor(ctx, address);
    const { items, last, usage } = await runSelect(ctx, table, statement, {
      limit: input.Limit,
      consistent: input.ConsistentRead === true,
      nextToken: input.NextToken,
    });
    return {
      Items: items,
      NextToken: last && toToken(last),
      LastEvaluatedKey: last,
      ConsumedCapacity: showUsage(input.ReturnConsumedCapacity, usage),
    };
  },

  BatchExecuteStatement: async (input, ctx) => {
    const usage = new UsageSum();
    const parsed = input.Statements.map((request) => attempt(() => readStatement(request)));
    const kinds = new Set(
      parsed.flatMap((statement) => ('kind' in statement ? [statement.kind === 'select'] : [])),
    );
    if (kinds.size > 1) {
      throw invalid('Batch execute can only contain either all read or all write statements');
    }
    const responses: BatchStatementResponse[] = [];
    for (const [index, request] of input.Statements.entries()) {
      const statement = parsed[index] as Statement | BatchStatementError;
      responses.push(
        'kind' in statement ? await batchOne(ctx, statement, request, usage) : { Error: statement },
      );
    }
    return { Responses: responses, ConsumedCapacity: usage.show(input.ReturnConsumedCapacity) };
  },

  ExecuteTransaction: async (input, ctx) => {
    const parsed = input.TransactStatements.map((request) => ({
      request,
      statement: readStatement(request),
    }));
    const selects = parsed.flatMap(({ statement }) => (statement.kind === 'select' ? [statement] : []));
    const writes = parsed.flatMap(({ request, statement }) =>
      statement.kind === 'select' ? [] : [{ request, statement }],
    );
    if (selects.length > 0 && writes.length > 0) {
      throw invalid(
        'The operation mixes read and write statements: a transaction has either all read or all write statements',
      );
    }
    if (selects.length > 0) {
      const { responses, usage } = await selectAll(ctx, selects);
      return {
        Responses: responses,
        ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'ReadCapacityUnits'),
      };
    }
    const parts = writes.map(({ request, statement }) => ({
      tableName: statement.table,
      address: addressOf(statement.table, ctx),
      on: (table: Table) => writeOf(table, statement, shows(request)),
    }));
    const token = input.ClientRequestToken;
    const name = token === undefined ? '' : fingerprint(input.TransactStatements);
    const { writes: done, outcomes } = await commitParts(ctx, parts, token, name);
    if (outcomes === undefined) {
      const usage = await replayUsage(ctx, parts, done);
      return {
        Responses: [],
        ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'ReadCapacityUnits'),
      };
    }
    const usage = new UsageSum();
    outcomes.forEach(({ before, after, indexUnits }, index) => {
      const { tableName } = parts[index] as (typeof parts)[number];
      usage.add({
        tableName,
        table: 2 * writeUnits(before?.size ?? 0, after?.size ?? 0),
        indexes: indexUnits,
      });
    });
    return {
      Responses: [],
      ConsumedCapacity: usage.show(input.ReturnConsumedCapacity, 'WriteCapacityUnits'),
    };
  },
} satisfies Group<DynamodbOperations>;

export interface StatementRequest {
  readonly Statement: string;
  readonly Parameters?: readonly AttributeValue[] | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
  readonly ConsistentRead?: boolean | undefined;
}

export function readStatement({ Statement: text, Parameters: parameters }: StatementRequest): Statement {
  for (const parameter of parameters ?? []) checkAttributeValue(parameter);
  return parsePartiql(text, parameters);
}

function shows(request: StatementRequest): boolean {
  return request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
}

function onlyInTransactions() {
  return invalid('EXISTS is only supported in ExecuteTransaction');
}

/** One write by itself. */
function write(
  ctx: Context,
  statement: WriteStatement,
  request: StatementRequest,
): Promise<{ readonly items: readonly Item[]; readonly usage: Usage }> {
  return withTable(ctx, addressOf(statement.table, ctx), async (table) => {
    const outcome = await performWrite(ctx, writeOf(table, statement, shows(request)));
    const { before, after, indexUnits } = outcome;
    const usage: Usage = {
      tableName: statement.table,
      table: writeUnits(before?.size ?? 0, after?.size ?? 0),
      indexes: indexUnits,
    };
    return { items: returned(statement, outcome), usage };
  });
}

/** What RETURNING shows. */
function returned(statement: WriteStatement, { before, after }: WriteOutcome): readonly Item[] {
  if (statement.kind !== 'update' && statement.kind !== 'delete') return [];
  const { returning } = statement;
  if (returning === undefined) return [];
  const image = (returning.endsWith('OLD') ? before : after)?.item;
  if (image === undefined) return [];
  return [returning.startsWith('ALL') || statement.kind === 'delete' ? image : modified(image, statement)];
}

function modified(image: Item, { actions }: UpdateStatement): Item {
  return project(image, projectionOf(actions.map(({ path }) => path)));
}

async function batchOne(
  ctx: Context,
  statement: Statement,
  request: StatementRequest,
  sum: UsageSum,
): Promise<BatchStatementResponse> {
  const TableName = statement.table;
  try {
    if (statement.kind === 'exists') throw onlyInTransactions();
    if (statement.kind !== 'select') {
      const { items, usage } = await write(ctx, statement, request);
      sum.add(usage);
      return items[0] === undefined ? { TableName } : { TableName, Item: items[0] };
    }
    const table = await tableFor(ctx, addressOf(TableName, ctx));
    const key = keyOf(table, statement);
    const limit = limitsOf(ctx, table)?.reading();
    limit?.admit(key, ctx.world.clock.now());
    const bytes = await ctx.store.get(key);
    const stored = bytes === undefined ? undefined : new StoredItem(bytes);
    const units = readUnits(stored?.size ?? 0, request.ConsistentRead === true);
    limit?.take(key, units);
    sum.add({ tableName: TableName, table: units, indexes: [] });
    return stored === undefined
      ? { TableName }
      : { TableName, Item: selectPaths(stored.item, statement.paths) };
  } catch (error) {
    return { Error: batchError(error), TableName };
  }
}

/** The key of the one item a SELECT in a batch or transaction names. */
function keyOf(table: Table, { where, index }: SelectStatement): Uint8Array {
  const found = index === undefined ? keyIn(table, where) : undefined;
  if (found === undefined || found.isConditional) {
    throw invalid(
      'Select statements within this operation must specify the primary key in the where clause.',
    );
  }
  checkKey(table, found.key);
  return itemKey(table, found.key);
}

const BATCH_CODES: Readonly<Record<string, NonNullable<BatchStatementError['Code']>>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  DuplicateItemException: 'DuplicateItem',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  ResourceNotFoundException: 'ResourceNotFound',
  ThrottlingException: 'ThrottlingError',
  ValidationException: 'ValidationError',
};

/** A fault as one statement's error; a defect stays a defect. */
function batchError(error: unknown): BatchStatementError {
  const code = Fault.is(error) ? BATCH_CODES[error.code] : undefined;
  if (!Fault.is(error) || code === undefined) throw error;
  const { Item: item } = error.detail as { readonly Item?: Item };
  return { Code: code, Message: error.message, ...(item === undefined ? {} : { Item: item }) };
}

function attempt(parse: () => Statement): Statement | BatchStatementError {
  try {
    return parse();
  } catch (error) {
    return batchError(error);
  }
}

async function selectAll(
  ctx: Context,
  selects: readonly SelectStatement[],
): Promise<{ readonly responses: readonly ItemResponse[]; readonly usage: UsageSum }> {
  const tables = await Promise.all(selects.map(({ table }) => tableFor(ctx, addressOf(table, ctx))));
  const keys = cancelOnFaults(selects, (select, index) => keyOf(tables[index] as Table, select));
  checkDistinct(keys);
  const found = await readParts(ctx, tables, keys);
  const usage = new UsageSum();
  const responses = found.map((bytes, index): ItemResponse => {
    const { table, paths } = selects[index] as SelectStatement;
    const stored = bytes === undefined ? undefined : new StoredItem(bytes);
    usage.add({ tableName: table, table: 2 * readUnits(stored?.size ?? 0, true), indexes: [] });
    return stored === undefined ? {} : { Item: selectPaths(stored.item, paths) };
  });
  return { responses, usage };
}
