import { parseArn } from '../../base/arn.ts';
import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalidParameter } from './fault.ts';
import { changeTable } from './table-change.ts';
import { lookUpTable, type TableAddress } from './tables-cache.ts';

/** Bytes of a policy document, white space included. */
const LONGEST_POLICY = 20_480;
/** `ExpectedRevisionId` of a table that must have no policy yet. */
const NO_POLICY = 'NO_POLICY';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html */
export const resourcePolicies = {
  PutResourcePolicy: async (input, ctx) => {
    const address = policyTable(input.ResourceArn);
    checkPolicy(input.Policy);
    const revision = String(ctx.world.clock.now());
    const row = await changeTable(ctx, address, (found) => {
      checkRevision(input.ExpectedRevisionId, found.policy?.revision ?? NO_POLICY, input.ResourceArn);
      if (found.policy?.document === input.Policy) return undefined;
      return { ...found, policy: { document: input.Policy, revision } };
    });
    return { RevisionId: row.policy?.revision };
  },

  GetResourcePolicy: async (input, ctx) => {
    const address = policyTable(input.ResourceArn);
    const table = await lookUpTable(ctx, address);
    if (table === undefined) throw notFound(input.ResourceArn);
    const { policy } = table.row;
    if (policy === undefined) throw noPolicy(input.ResourceArn);
    return { Policy: policy.document, RevisionId: policy.revision };
  },

  DeleteResourcePolicy: async (input, ctx) => {
    const address = policyTable(input.ResourceArn);
    let deleted: string | undefined;
    await changeTable(ctx, address, (found) => {
      deleted = found.policy?.revision;
      if (input.ExpectedRevisionId !== undefined) {
        checkRevision(input.ExpectedRevisionId, deleted ?? NO_POLICY, input.ResourceArn);
      }
      if (deleted === undefined) return undefined;
      const { policy: _, ...rest } = found;
      return rest;
    });
    return { RevisionId: deleted };
  },
} satisfies Group<DynamodbOperations>;

/** The policy on a table (or on the table of an index or stream), for the pipeline. */
export async function policyOf(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const address = addressIn(resourceArn);
  return address === undefined ? undefined : (await lookUpTable(ctx, address))?.row.policy?.document;
}

function addressIn(resourceArn: string): TableAddress | undefined {
  const arn = parseArn(resourceArn);
  const name = arn === undefined ? undefined : /^table\/([^/]+)/.exec(arn.resource)?.[1];
  return arn === undefined || name === undefined
    ? undefined
    : { account: arn.account, region: arn.region, name };
}

function policyTable(resourceArn: string): TableAddress {
  const address = addressIn(resourceArn);
  if (address === undefined) {
    throw invalidParameter(`Provided Arn is not a DynamoDB resource arn: ${resourceArn}`);
  }
  return address;
}

function checkPolicy(policy: string): void {
  if (Buffer.byteLength(policy, 'utf8') > LONGEST_POLICY) {
    throw invalidParameter(`Maximum policy size of ${LONGEST_POLICY} bytes exceeded`);
  }
  try {
    JSON.parse(policy);
  } catch {
    throw invalidParameter('Invalid policy document: This policy contains invalid Json');
  }
}

function checkRevision(expected: string | undefined, actual: string, arn: string): void {
  if (expected !== undefined && expected !== actual) {
    throw fault('PolicyNotFoundException', `Policy revision ${expected} not found for resource ${arn}`);
  }
}

function notFound(arn: string) {
  return fault('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`);
}

function noPolicy(arn: string) {
  return fault(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${arn}`,
  );
}
