import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Authorisation } from '../../service/service.ts';
import { tableArn } from './table.ts';
import { addressOf } from './tables-cache.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables-security.html */
export const replicaAuthorisation: Authorisation<DynamodbOperations> = {
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
