import type { ContributorInsightsMode, DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { noTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import { addressOf, type TableAddress } from './tables-cache.ts';

/** That insights are on; there are no reports. */
export interface InsightsRow {
  readonly name: string;
  readonly index?: string;
  readonly mode: ContributorInsightsMode;
  readonly atMs: number;
}

const LIST_LIMIT = 100;

interface Input {
  readonly TableName: string;
  readonly IndexName?: string | undefined;
}

/** The table, whose index must be there too if one is named. */
async function tableOf(
  reader: Reader,
  address: TableAddress,
  { IndexName: index }: Input,
): Promise<TableRow> {
  if (index !== undefined && (index.length < 3 || index.length > 255)) {
    throw invalid('IndexName must be at least 3 characters long and at most 255 characters long');
  }
  const row = await layout.at(address.account, address.region).tables.get(reader, [address.name]);
  if (row === undefined) throw noTable(address.name);
  if (index !== undefined && !row.indexes.some(({ kind, name }) => kind === 'global' && name === index)) {
    throw fault(
      'ResourceNotFoundException',
      `Requested resource not found: Index ${index} for table ${row.name}`,
    );
  }
  return row;
}

/** Their state alone: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights.html */
export const contributorInsights = {
  async DescribeContributorInsights(input, ctx) {
    const address = addressOf(input.TableName, ctx);
    const table = await tableOf(ctx.store, address, input);
    const { insights } = layout.at(address.account, address.region);
    const row = await insights.get(ctx.store, [table.number, input.IndexName ?? '']);
    return {
      TableName: address.name,
      IndexName: input.IndexName,
      ContributorInsightsStatus: row === undefined ? ('DISABLED' as const) : ('ENABLED' as const),
      ContributorInsightsMode: row?.mode,
      LastUpdateDateTime: row && new Date(row.atMs),
    };
  },

  async UpdateContributorInsights(input, ctx) {
    const address = addressOf(input.TableName, ctx);
    const { insights } = layout.at(address.account, address.region);
    const enables = input.ContributorInsightsAction === 'ENABLE';
    const atMs = ctx.world.clock.now();
    const mode = input.ContributorInsightsMode ?? 'ACCESSED_AND_THROTTLED_KEYS';
    await ctx.transact(async (tx) => {
      const table = await tableOf(tx, address, input);
      const key: [number, string] = [table.number, input.IndexName ?? ''];
      if (!enables) return insights.delete(tx, key);
      const index = input.IndexName === undefined ? {} : { index: input.IndexName };
      insights.set(tx, key, { name: address.name, ...index, mode, atMs });
    });
    return {
      TableName: address.name,
      IndexName: input.IndexName,
      ContributorInsightsStatus: enables ? ('ENABLING' as const) : ('DISABLING' as const),
      ContributorInsightsMode: enables ? mode : undefined,
    };
  },

  async ListContributorInsights(input, ctx) {
    const only = input.TableName === undefined ? undefined : addressOf(input.TableName, ctx);
    const scope = only ?? ctx;
    const number =
      only === undefined ? undefined : (await tableOf(ctx.store, only, { TableName: only.name })).number;
    const { insights } = layout.at(scope.account, scope.region);
    const page = await insights.page(ctx.store, number === undefined ? [] : [number], {
      limit: Math.min(input.MaxResults ?? LIST_LIMIT, LIST_LIMIT),
      ...(input.NextToken === undefined ? {} : { after: readToken(input.NextToken) }),
    });
    return {
      ContributorInsightsSummaries: page.rows.map(({ value }) => ({
        TableName: value.name,
        IndexName: value.index,
        ContributorInsightsStatus: 'ENABLED' as const,
        ContributorInsightsMode: value.mode,
      })),
      NextToken: page.next && Buffer.from(JSON.stringify(page.next)).toString('base64'),
    };
  },
} satisfies Group<DynamodbOperations>;

function readToken(token: string): [number, string] {
  try {
    const [table, index] = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as unknown[];
    if (typeof table === 'number' && typeof index === 'string') return [table, index];
  } catch {
    // Not one of ours.
  }
  throw invalid('Invalid NextToken');
}
