import { parseArn } from '../../base/arn.ts';
import type { BackupDetails, BackupSummary } from '../../model/gen/dynamodb.ts';
import { fault } from './fault.ts';
import type { Count } from './statistics.ts';
import { tableArn } from './table.ts';
import type { TableRow } from './table-row.ts';

/** A backup of a table, as it is stored. Its items are under a number of its own, as a table's are. */
export interface BackupRow {
  /** The last part of its ARN: when it was made, and chance. */
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly status: 'CREATING' | 'AVAILABLE';
  readonly createdAtMs: number;
  /** The table as it was. */
  readonly table: TableRow;
  /** Of the table's items, once they have been copied. */
  readonly count?: Count;
  /** Restores that are reading it. */
  readonly readers: number;
}

/** Where a backup's ARN points. */
export interface BackupAddress {
  readonly account: string;
  readonly region: string;
  readonly table: string;
  readonly id: string;
}

export function backupArn(account: string, region: string, { table, id }: BackupRow): string {
  return `${tableArn(account, region, table.name)}/backup/${id}`;
}

/** Throws BackupNotFoundException for what is not a backup's ARN. */
export function backupAddress(arn: string): BackupAddress {
  const parsed = parseArn(arn);
  const match = /^table\/([^/]+)\/backup\/([^/]+)$/.exec(parsed?.resource ?? '');
  const [, table, id] = match ?? [];
  if (parsed?.service !== 'dynamodb' || table === undefined || id === undefined) throw noBackup(arn);
  return { account: parsed.account, region: parsed.region, table, id };
}

export function noBackup(arn: string) {
  return fault('BackupNotFoundException', `Backup not found: ${arn}`);
}

export function backupDetails(account: string, region: string, row: BackupRow): BackupDetails {
  return {
    BackupArn: backupArn(account, region, row),
    BackupName: row.name,
    BackupSizeBytes: row.count?.bytes,
    BackupStatus: row.status,
    BackupType: 'USER',
    BackupCreationDateTime: new Date(row.createdAtMs),
  };
}

export function backupSummary(account: string, region: string, row: BackupRow): BackupSummary {
  return {
    TableName: row.table.name,
    TableId: row.table.id,
    TableArn: tableArn(account, region, row.table.name),
    ...backupDetails(account, region, row),
  };
}
