import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Authorisation } from '../../service/service.ts';
import { tableArn } from './table.ts';
import { addressOf, type TableAddress } from './tables-cache.ts';

/** What a restore does to the table it makes. */
const RESTORING = ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'];

function arnOf({ account, region, name }: TableAddress): string {
  return tableArn(account, region, name);
}

const restoring = (action: string, source: string, target: string) =>
  [
    { action: `dynamodb:${action}`, resource: source },
    { action: `dynamodb:${action}`, resource: target },
    ...RESTORING.map((name) => ({ action: `dynamodb:${name}`, resource: target })),
  ] as const;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html */
export const backupAuthorisation: Authorisation<DynamodbOperations> = {
  CreateBackup: ({ TableName }, scope) => [
    { action: 'dynamodb:CreateBackup', resource: arnOf(addressOf(TableName, scope)) },
  ],
  DescribeBackup: ({ BackupArn }) => [{ action: 'dynamodb:DescribeBackup', resource: BackupArn }],
  DeleteBackup: ({ BackupArn }) => [{ action: 'dynamodb:DeleteBackup', resource: BackupArn }],
  ListBackups: () => [{ action: 'dynamodb:ListBackups', resource: '*' }],
  RestoreTableFromBackup: ({ BackupArn, TargetTableName }, scope) =>
    restoring('RestoreTableFromBackup', BackupArn, arnOf(addressOf(TargetTableName, scope))),
  RestoreTableToPointInTime: ({ SourceTableArn, SourceTableName, TargetTableName }, scope) =>
    restoring(
      'RestoreTableToPointInTime',
      arnOf(addressOf(SourceTableArn ?? SourceTableName, scope, 'sourceTableName')),
      arnOf(addressOf(TargetTableName, scope)),
    ),
};
