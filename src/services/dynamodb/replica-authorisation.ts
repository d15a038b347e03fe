import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { globalTableArn } from './global-tables.ts';
import { tableArn } from './table.ts';
import { addressOf } from './tables-cache.ts';

/** What changes a global table changes its tables, too. */
function onGlobalTable(
  action: string,
  name: string,
  { account, region }: AuthorisationScope,
  tables = false,
): readonly ActionRequest[] {
  const resources = [globalTableArn(account, name), ...(tables ? [tableArn(account, region, name)] : [])];
  return resources.map((resource) => ({ action: `dynamodb:${action}`, resource }));
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables-security.html */
export const replicaAuthorisation: Authorisation<DynamodbOperations> = {
  CreateGlobalTable: (input, scope) => onGlobalTable('CreateGlobalTable', input.GlobalTableName, scope, true),
  DescribeGlobalTable: (input, scope) => onGlobalTable('DescribeGlobalTable', input.GlobalTableName, scope),
  ListGlobalTables: () => [{ action: 'dynamodb:ListGlobalTables', resource: '*' }],
  UpdateGlobalTable: (input, scope) => onGlobalTable('UpdateGlobalTable', input.GlobalTableName, scope, true),
  DescribeGlobalTableSettings: (input, scope) =>
    onGlobalTable('DescribeGlobalTableSettings', input.GlobalTableName, scope),
  UpdateGlobalTableSettings: (input, scope) =>
    onGlobalTable('UpdateGlobalTableSettings', input.GlobalTableName, scope, true),
  DescribeTableReplicaAutoScaling: (input, scope) => {
    const { account, region, name } = addressOf(input.TableName, scope);
    return [
      { action: 'dynamodb:DescribeTableReplicaAutoScaling', resource: tableArn(account, region, name) },
    ];
  },
  UpdateTable: (input, scope) => {
    const { account, region, name } = addressOf(input.TableName, scope);
    const resource = tableArn(account, region, name);
    const replicas = (input.ReplicaUpdates ?? []).flatMap(({ Create, Delete }) => [
      ...(Create === undefined ? [] : [{ action: 'dynamodb:CreateTableReplica', resource }]),
      ...(Delete === undefined ? [] : [{ action: 'dynamodb:DeleteTableReplica', resource }]),
    ]);
    return [{ action: 'dynamodb:UpdateTable', resource }, ...replicas];
  },
};
