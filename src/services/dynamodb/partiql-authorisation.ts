import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import { Fault } from '../../service/faults.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { type AttributeValue, attributeOf } from './attribute-value.ts';
import { keyText } from './leading-key.ts';
import { attributesNamed, listedValues, type Statement } from './partiql-statement.ts';
import { equalityOn } from './partiql-write.ts';
import { readStatement, type StatementRequest } from './statements.ts';
import { tableArn } from './table.ts';
import { addressOf, lookUpTable } from './tables-cache.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html */
const ACTIONS: Readonly<Record<Statement['kind'], string>> = {
  select: 'dynamodb:PartiQLSelect',
  insert: 'dynamodb:PartiQLInsert',
  update: 'dynamodb:PartiQLUpdate',
  delete: 'dynamodb:PartiQLDelete',
  exists: 'dynamodb:PartiQLSelect',
};

/** What one statement wants to do. A malformed one is refused here, in the words of the operation. */
async function onStatement(
  scope: AuthorisationScope,
  request: StatementRequest,
  enclosing?: string,
): Promise<ActionRequest> {
  const statement = readStatement(request);
  const address = addressOf(statement.table, scope);
  const table = await lookUpTable(scope.ctx, address);
  const arn = tableArn(address.account, address.region, address.name);
  const indexName = statement.kind === 'select' ? statement.index : undefined;
  const index = table?.indexes.find(({ row }) => row.name === indexName);
  const partition = (index?.partition[0] ?? table?.partition)?.name;
  const values = partition === undefined ? undefined : leadingValues(statement, partition);
  return {
    action: ACTIONS[statement.kind],
    resource: indexName === undefined ? arn : `${arn}/index/${indexName}`,
    context: {
      'dynamodb:Attributes': attributesNamed(statement),
      ...(values === undefined ? {} : { 'dynamodb:LeadingKeys': values.flatMap(keyText) }),
      ...(statement.kind === 'select'
        ? {
            'dynamodb:FullTableScan': values === undefined,
            'dynamodb:Select': statement.paths === undefined ? 'ALL_ATTRIBUTES' : 'SPECIFIC_ATTRIBUTES',
          }
        : {}),
      ...(enclosing === undefined ? {} : { 'dynamodb:EnclosingOperation': enclosing }),
    },
  };
}

/** What a statement says of the partition key it is about: one value, or those an IN lists. */
function leadingValues(statement: Statement, partition: string): readonly AttributeValue[] | undefined {
  if (statement.kind === 'insert') {
    const value = attributeOf(statement.item, partition);
    return value && [value];
  }
  const equality = equalityOn(statement.where, partition);
  if (equality !== undefined) return [equality.value];
  return statement.kind === 'select' ? listedValues(statement.where, partition) : undefined;
}

export const partiqlAuthorisation: Authorisation<DynamodbOperations> = {
  ExecuteStatement: async (input, scope) => [await onStatement(scope, input)],
  BatchExecuteStatement: ({ Statements }, scope) =>
    Promise.all(Statements.filter(isWellFormed).map((request) => onStatement(scope, request))),
  ExecuteTransaction: ({ TransactStatements }, scope) =>
    Promise.all(TransactStatements.map((request) => onStatement(scope, request, 'ExecuteTransaction'))),
};

/** A statement that cannot be read does nothing, and its batch says so beside the others' answers. */
function isWellFormed(request: StatementRequest): boolean {
  try {
    readStatement(request);
    return true;
  } catch (error) {
    if (Fault.is(error)) return false;
    throw error;
  }
}
