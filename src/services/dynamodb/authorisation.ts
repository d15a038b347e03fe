import { after, type MaybePromise } from '../../base/maybe-promise.ts';
import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { ContextLookup, ContextValue } from '../../policy/request.ts';
import { Fault } from '../../service/faults.ts';
import type {
  ActionRequest,
  Authorisation,
  AuthorisationRule,
  AuthorisationScope,
} from '../../service/service.ts';
import type { AttributeValue, Item } from './attribute-value.ts';
import { type ExpressionParameter, tokenise } from './expression-lexer.ts';
import { constraintsOf, keyConditionOf } from './key-condition.ts';
import { keyText } from './leading-key.ts';
import { partiqlAuthorisation } from './partiql-authorisation.ts';
import { type Table, tableArn } from './table.ts';
import { addressOf, cachedTable, lookUpTable, type TableAddress } from './tables-cache.ts';

/**
 * What each operation needs to be allowed.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
type ItemAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';

/** The parameters context keys are made from, in whatever operation they occur. */
interface KeyedInput {
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: string | undefined;
  readonly Select?: string | undefined;
  readonly AttributesToGet?: readonly string[] | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
  readonly FilterExpression?: string | undefined;
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly AttributeUpdates?: Readonly<Record<string, unknown>> | undefined;
  readonly Expected?: Readonly<Record<string, unknown>> | undefined;
  readonly KeyConditions?:
    | Readonly<Record<string, { readonly AttributeValueList?: readonly AttributeValue[] | undefined }>>
    | undefined;
  readonly QueryFilter?: Readonly<Record<string, unknown>> | undefined;
  readonly ScanFilter?: Readonly<Record<string, unknown>> | undefined;
}

function tableAt(scope: AuthorisationScope, address: TableAddress): MaybePromise<Table | undefined> {
  return cachedTable(scope.ctx, address) ?? lookUpTable(scope.ctx, address);
}

function arnOf({ account, region, name }: TableAddress): string {
  return tableArn(account, region, name);
}

const KEYWORDS: ReadonlySet<string> = new Set('AND OR NOT BETWEEN IN SET REMOVE ADD DELETE'.split(' '));

/** Adds the top-level attributes an expression names: words that are neither functions nor keywords, and `#names`. */
function addNames(
  names: Set<string>,
  parameter: ExpressionParameter,
  input: KeyedInput & { readonly [Name in ExpressionParameter]?: string | undefined },
): void {
  const expression = input[parameter];
  if (expression === undefined || expression.trim() === '') return;
  const tokens = tokenise(expression, parameter);
  tokens.forEach(({ kind, text }, index) => {
    if (tokens[index - 1]?.text === '.') return;
    if (kind === 'name') names.add(input.ExpressionAttributeNames?.[text] ?? text);
    if (kind !== 'word' || tokens[index + 1]?.text === '(' || KEYWORDS.has(text.toUpperCase())) return;
    names.add(text);
  });
}

/** `dynamodb:Attributes`: the attributes a request names. */
function attributesNamed(input: KeyedInput, items: readonly Item[]): readonly string[] {
  const names = new Set(input.AttributesToGet);
  for (const item of items) for (const name in item) names.add(name);
  for (const map of [
    input.AttributeUpdates,
    input.Expected,
    input.KeyConditions,
    input.QueryFilter,
    input.ScanFilter,
  ]) {
    for (const name in map) names.add(name);
  }
  addNames(names, 'ProjectionExpression', input);
  addNames(names, 'ConditionExpression', input);
  addNames(names, 'UpdateExpression', input);
  addNames(names, 'FilterExpression', input);
  addNames(names, 'KeyConditionExpression', input);
  return [...names];
}

/** `dynamodb:Select`: what of its items a read shows. */
function selectOf(input: KeyedInput): string {
  if (input.Select !== undefined) return input.Select;
  return input.ProjectionExpression === undefined && input.AttributesToGet === undefined
    ? 'ALL_ATTRIBUTES'
    : 'SPECIFIC_ATTRIBUTES';
}

/** Context keys, worked out only when a policy asks for them: most policies do not. */
class ItemContext implements ContextLookup {
  readonly #input: KeyedInput;
  readonly #items: readonly Item[];
  readonly #leading: () => readonly string[];
  readonly #reads: boolean;
  readonly #enclosing: string | undefined;

  constructor(
    input: KeyedInput,
    items: readonly Item[],
    leading: () => readonly string[],
    reads: boolean,
    enclosing?: string,
  ) {
    this.#input = input;
    this.#items = items;
    this.#leading = leading;
    this.#reads = reads;
    this.#enclosing = enclosing;
  }

  get(key: string): ContextValue | undefined {
    switch (key) {
      case 'dynamodb:leadingkeys':
        return this.#leading();
      case 'dynamodb:attributes':
        return attributesNamed(this.#input, this.#items);
      case 'dynamodb:select':
        return this.#reads ? selectOf(this.#input) : undefined;
      case 'dynamodb:returnvalues':
        return this.#input.ReturnValues;
      case 'dynamodb:returnconsumedcapacity':
        return this.#input.ReturnConsumedCapacity;
      case 'dynamodb:enclosingoperation':
        return this.#enclosing;
      default:
        return undefined;
    }
  }
}

/** The request of one action on items of one table. */
function onItems(
  scope: AuthorisationScope,
  action: ItemAction | 'BatchGetItem' | 'BatchWriteItem',
  tableName: string,
  input: KeyedInput,
  keys: readonly Item[],
  enclosing?: string,
): MaybePromise<ActionRequest> {
  const address = addressOf(tableName, scope);
  return after(tableAt(scope, address), (table) => {
    const partition = table?.partition.name;
    const leading = () => {
      if (partition === undefined) return [];
      const [only] = keys;
      if (keys.length === 1 && only !== undefined) return keyText(only[partition]);
      return [...new Set(keys.flatMap((key) => keyText(key[partition])))];
    };
    const reads = action === 'GetItem' || action === 'BatchGetItem';
    return {
      action: `dynamodb:${action}`,
      resource: table?.arn ?? arnOf(address),
      resourceAccount: address.account,
      context: new ItemContext(input, keys, leading, reads, enclosing),
    };
  });
}

/** {@link onItems} for operations on one item. */
function onItem(
  scope: AuthorisationScope,
  action: ItemAction,
  input: KeyedInput & { readonly TableName: string },
  key: Item,
): MaybePromise<readonly ActionRequest[]> {
  return after(onItems(scope, action, input.TableName, input, [key]), (request) => [request]);
}

/** Query and Scan, of a table or one of its indexes. */
function onRange(
  scope: AuthorisationScope,
  action: 'Query' | 'Scan',
  tableName: string,
  indexName: string | undefined,
  input: KeyedInput,
): MaybePromise<readonly ActionRequest[]> {
  const address = addressOf(tableName, scope);
  return after(tableAt(scope, address), (table) => {
    const index = table?.indexes.find(({ row }) => row.name === indexName);
    const partition = index?.partition[0] ?? table?.partition;
    const leading = () => (partition === undefined ? [] : queriedKey(partition.name, input));
    const arn = table?.arn ?? arnOf(address);
    return [
      {
        action: `dynamodb:${action}`,
        resource: indexName === undefined ? arn : `${arn}/index/${indexName}`,
        resourceAccount: address.account,
        context: new ItemContext(input, [], leading, true),
      },
    ];
  });
}

/** The partition key a query asks for; none when its condition is malformed, which the handler will say. */
function queriedKey(name: string, input: KeyedInput): readonly string[] {
  const legacy = input.KeyConditions?.[name]?.AttributeValueList?.[0];
  if (legacy !== undefined) return keyText(legacy);
  try {
    const keyed = keyConditionOf(input);
    return keyed === undefined ? [] : keyText(constraintsOf(keyed.condition).get(name)?.values[0]);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    return [];
  }
}

const onTable =
  (action: string): AuthorisationRule<{ readonly TableName?: string | undefined }> =>
  ({ TableName }, scope) => [{ action: `dynamodb:${action}`, resource: arnOf(addressOf(TableName, scope)) }];

const onInsights =
  (
    action: string,
  ): AuthorisationRule<{ readonly TableName: string; readonly IndexName?: string | undefined }> =>
  ({ TableName, IndexName }, scope) => {
    const table = arnOf(addressOf(TableName, scope));
    const resource = IndexName === undefined ? table : `${table}/index/${IndexName}`;
    return [{ action: `dynamodb:${action}`, resource }];
  };

const onArn =
  (action: string): AuthorisationRule<{ readonly ResourceArn: string }> =>
  ({ ResourceArn }) => [{ action: `dynamodb:${action}`, resource: ResourceArn }];

const onAccount =
  (action: string): AuthorisationRule =>
  () => [{ action: `dynamodb:${action}`, resource: '*' }];

export const authorisation: Authorisation<DynamodbOperations> = {
  ...partiqlAuthorisation,
  CreateTable: (input, scope) => {
    const resource = arnOf(addressOf(input.TableName, scope));
    return [
      { action: 'dynamodb:CreateTable', resource },
      ...(input.Tags === undefined ? [] : [{ action: 'dynamodb:TagResource', resource }]),
      ...(input.ResourcePolicy === undefined ? [] : [{ action: 'dynamodb:PutResourcePolicy', resource }]),
    ];
  },
  DescribeTable: onTable('DescribeTable'),
  UpdateTable: onTable('UpdateTable'),
  DeleteTable: onTable('DeleteTable'),
  ListTables: (_input, { account, region }) => [
    { action: 'dynamodb:ListTables', resource: tableArn(account, region, '*') },
  ],
  DescribeContributorInsights: onInsights('DescribeContributorInsights'),
  UpdateContributorInsights: onInsights('UpdateContributorInsights'),
  ListContributorInsights: onAccount('ListContributorInsights'),
  DescribeLimits: onAccount('DescribeLimits'),
  DescribeEndpoints: onAccount('DescribeEndpoints'),
  DescribeContinuousBackups: onTable('DescribeContinuousBackups'),
  UpdateContinuousBackups: onTable('UpdateContinuousBackups'),
  DescribeTimeToLive: onTable('DescribeTimeToLive'),
  UpdateTimeToLive: onTable('UpdateTimeToLive'),
  TagResource: onArn('TagResource'),
  UntagResource: onArn('UntagResource'),
  ListTagsOfResource: onArn('ListTagsOfResource'),
  PutResourcePolicy: onArn('PutResourcePolicy'),
  GetResourcePolicy: onArn('GetResourcePolicy'),
  DeleteResourcePolicy: onArn('DeleteResourcePolicy'),

  GetItem: (input, scope) => onItem(scope, 'GetItem', input, input.Key),
  PutItem: (input, scope) => onItem(scope, 'PutItem', input, input.Item),
  UpdateItem: (input, scope) => onItem(scope, 'UpdateItem', input, input.Key),
  DeleteItem: (input, scope) => onItem(scope, 'DeleteItem', input, input.Key),
  Query: (input, scope) => onRange(scope, 'Query', input.TableName, input.IndexName, input),
  Scan: (input, scope) => onRange(scope, 'Scan', input.TableName, input.IndexName, input),

  BatchGetItem: (input, scope) =>
    Promise.all(
      Object.entries(input.RequestItems).map(([table, request]) =>
        onItems(
          scope,
          'BatchGetItem',
          table,
          { ...request, ReturnConsumedCapacity: input.ReturnConsumedCapacity },
          request.Keys,
        ),
      ),
    ),
  BatchWriteItem: (input, scope) =>
    Promise.all(
      Object.entries(input.RequestItems).map(([table, requests]) =>
        onItems(
          scope,
          'BatchWriteItem',
          table,
          { ReturnConsumedCapacity: input.ReturnConsumedCapacity },
          requests.map(({ PutRequest, DeleteRequest }) => PutRequest?.Item ?? DeleteRequest?.Key ?? {}),
        ),
      ),
    ),
  TransactGetItems: (input, scope) =>
    Promise.all(
      input.TransactItems.map(({ Get }) =>
        onItems(scope, 'GetItem', Get.TableName, Get, [Get.Key], 'TransactGetItems'),
      ),
    ),
  TransactWriteItems: (input, scope) =>
    Promise.all(
      input.TransactItems.flatMap(({ ConditionCheck, Put, Update, Delete }) => {
        const within = (action: ItemAction, item: KeyedInput & { readonly TableName: string }, key: Item) =>
          onItems(scope, action, item.TableName, item, [key], 'TransactWriteItems');
        return [
          ...(ConditionCheck === undefined
            ? []
            : [within('ConditionCheckItem', ConditionCheck, ConditionCheck.Key)]),
          ...(Put === undefined ? [] : [within('PutItem', Put, Put.Item)]),
          ...(Update === undefined ? [] : [within('UpdateItem', Update, Update.Key)]),
          ...(Delete === undefined ? [] : [within('DeleteItem', Delete, Delete.Key)]),
        ];
      }),
    ),
};
