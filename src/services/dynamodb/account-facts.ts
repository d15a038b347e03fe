import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { addressOf, lookUpTable } from './tables-cache.ts';

/** What an account may use, in units a second. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const ACCOUNT_UNITS = 80_000;
const TABLE_UNITS = 40_000;
/** Minutes a client may keep an endpoint. */
const ENDPOINT_MINUTES = 1440;

export const accountFacts = {
  DescribeEndpoints: async (_input, ctx) => ({
    Endpoints: [{ Address: new URL(ctx.endpoint).host, CachePeriodInMinutes: ENDPOINT_MINUTES }],
  }),

  DescribeLimits: async () => ({
    AccountMaxReadCapacityUnits: ACCOUNT_UNITS,
    AccountMaxWriteCapacityUnits: ACCOUNT_UNITS,
    TableMaxReadCapacityUnits: TABLE_UNITS,
    TableMaxWriteCapacityUnits: TABLE_UNITS,
  }),

  DescribeContinuousBackups: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    if ((await lookUpTable(ctx, address)) === undefined) {
      throw fault('TableNotFoundException', `Table not found: ${address.name}`);
    }
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
      },
    };
  },
} satisfies Group<DynamodbOperations>;
