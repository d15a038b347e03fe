import { defineService } from '../../service/service.ts';
import { accountFacts } from './account-facts.ts';
import { authorisation } from './authorisation.ts';
import { backupAuthorisation } from './backup-authorisation.ts';
import { backUp, dropBackup, restore } from './backup-jobs.ts';
import { backups } from './backups.ts';
import { batches } from './batches.ts';
import { continuousBackups } from './continuous-backups.ts';
import { contributorInsights } from './contributor-insights.ts';
import { globalTableSettings } from './global-table-settings.ts';
import { globalTables } from './global-tables.ts';
import { dropHistory, trimHistory } from './history.ts';
import { backfill, dropIndex, purge } from './index-jobs.ts';
import { items } from './items.ts';
import { reads } from './reads.ts';
import { replicaAuthorisation } from './replica-authorisation.ts';
import { fillReplica, replicate } from './replication.ts';
import { policyOf, resourcePolicies } from './resource-policies.ts';
import { restores } from './restores.ts';
import { statements } from './statements.ts';
import { recount } from './statistics.ts';
import { dropStream, trim } from './stream-change.ts';
import { streamRecords, streams, streamsAuthorisation } from './streams.ts';
import { tableUpdates } from './table-updates.ts';
import { tables } from './tables.ts';
import { refuseName } from './tables-cache.ts';
import { resourceTags, tags } from './tags.ts';
import { forgetExpiries, scheduleExpiries, sweep, timesToLive } from './times-to-live.ts';
import { forgetToken } from './transaction-commit.ts';
import { transactions } from './transactions.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/ */
export const dynamodb = defineService({
  name: 'dynamodb',
  model: 'dynamodb',
  operations: {
    ...tables,
    ...tableUpdates,
    ...items,
    ...reads,
    ...batches,
    ...transactions,
    ...statements,
    ...tags,
    ...timesToLive,
    ...resourcePolicies,
    ...continuousBackups,
    ...backups,
    ...restores,
    ...contributorInsights,
    ...globalTables,
    ...globalTableSettings,
    ...accountFacts,
  },
  authorisation: { ...authorisation, ...backupAuthorisation, ...replicaAuthorisation },
  jobs: {
    purge,
    backfill,
    dropIndex,
    sweep,
    scheduleExpiries,
    forgetExpiries,
    forgetToken,
    recount,
    trim,
    dropStream,
    backUp,
    restore,
    dropBackup,
    trimHistory,
    dropHistory,
    replicate,
    fillReplica,
  },
  refuseAlone: refuseName,
  resourcePolicy: policyOf,
  resourceTags,
  stored: ['UpdateContributorInsights', 'DescribeContributorInsights', 'ListContributorInsights'],
});

/** The other end of the tables' streams: a service of its own on the wire, on the same rows. */
export const dynamodbstreams = defineService({
  name: 'dynamodbstreams',
  model: 'dynamodbstreams',
  operations: streams,
  authorisation: streamsAuthorisation,
  resourcePolicy: policyOf,
  resourceTags,
  changes: streamRecords,
});
