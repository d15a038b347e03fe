import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Group } from '../../service/service.ts';
import { ACCOUNT_UNITS, TABLE_UNITS } from './quota.ts';

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
} satisfies Group<DynamodbOperations>;
