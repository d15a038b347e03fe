import { parseArn } from '../../base/arn.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalidParameter } from './fault.ts';
import { layout } from './layout.ts';
import { type StreamAddress, streamAddress } from './stream.ts';
import { changeTable } from './table-change.ts';
import type { PolicyRow } from './table-row.ts';
import { cachedTable, lookUpTable, type TableAddress } from './tables-cache.ts';

/** Bytes of a policy document, white space included. */
const LONGEST_POLICY = 20_480;
/** `ExpectedRevisionId` of a resource that must have no policy yet. */
const NO_POLICY = 'NO_POLICY';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html */
export const resourcePolicies = {
  PutResourcePolicy: async (input, ctx) => {
    const document = await boundPolicy(input.Policy, ownerOf(input.ResourceArn).account, ctx);
    const revision = String(ctx.world.clock.now());
    const policy = await changePolicy(ctx, input.ResourceArn, (found) => {
      checkRevision(input.ExpectedRevisionId, found, input.ResourceArn);
      return found?.document === document ? found : { document, revision };
    });
    return { RevisionId: policy?.revision };
  },

  GetResourcePolicy: async (input, ctx) => {
    const policy = await readPolicy(ctx, ownerOf(input.ResourceArn));
    if (policy === 'no resource') throw notFound(input.ResourceArn);
    if (policy === undefined) {
      throw fault(
        'PolicyNotFoundException',
        `Resource-based policy not found for the provided ResourceArn: ${input.ResourceArn}`,
      );
    }
    const { document, revision: RevisionId } = policy;
    return { Policy: await ctx.ports.identity.namedPrincipals(document), RevisionId };
  },

  DeleteResourcePolicy: async (input, ctx) => {
    let deleted: string | undefined;
    await changePolicy(ctx, input.ResourceArn, (found) => {
      checkRevision(input.ExpectedRevisionId, found, input.ResourceArn);
      deleted = found?.revision;
      return undefined;
    });
    return { RevisionId: deleted };
  },
} satisfies Group<DynamodbOperations>;

/** The policy on a table or stream, for the pipeline; an index goes by its table's. */
export function policyOf(resourceArn: string, ctx: Context): MaybePromise<string | undefined> {
  const owner = addressedBy(resourceArn);
  if (owner === undefined) return undefined;
  const table = 'label' in owner ? undefined : cachedTable(ctx, owner);
  if (table !== undefined) return table.row.policy?.document;
  return readPolicy(ctx, owner).then((policy) => (policy === 'no resource' ? undefined : policy?.document));
}

const ADDRESSES = 10_000;
const addresses = new Map<string, Owner | undefined>();

/** Asked for every request: an ARN is taken apart once. */
function addressedBy(resourceArn: string): Owner | undefined {
  let owner = addresses.get(resourceArn);
  if (owner === undefined && !addresses.has(resourceArn)) {
    owner = streamAddress(resourceArn) ?? tableIn(resourceArn, /^table\/([^/]+)(?:\/index\/[^/]+)?$/);
    if (addresses.size >= ADDRESSES) addresses.clear();
    addresses.set(resourceArn, owner);
  }
  return owner;
}

type Owner = TableAddress | StreamAddress;

function tableIn(resourceArn: string, pattern: RegExp): TableAddress | undefined {
  const arn = parseArn(resourceArn);
  const name = arn === undefined ? undefined : pattern.exec(arn.resource)?.[1];
  return arn?.service !== 'dynamodb' || name === undefined
    ? undefined
    : { account: arn.account, region: arn.region, name };
}

function ownerOf(resourceArn: string): Owner {
  const owner = streamAddress(resourceArn) ?? tableIn(resourceArn, /^table\/([^/]+)$/);
  if (owner !== undefined) return owner;
  throw invalidParameter(
    resourceArn.startsWith('arn:')
      ? `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${resourceArn}`
      : `ARNs must start with 'arn:': ${resourceArn}`,
  );
}

async function readPolicy(ctx: Context, owner: Owner): Promise<PolicyRow | undefined | 'no resource'> {
  if ('label' in owner) {
    const { streams } = layout.at(owner.account, owner.region);
    const stream = await streams.get(ctx.store, [owner.tableName, owner.label]);
    return stream === undefined ? 'no resource' : stream.policy;
  }
  const table = await lookUpTable(ctx, owner);
  return table === undefined ? 'no resource' : table.row.policy;
}

/** Changes a resource's policy in one transaction; `change` returns what it is to be. */
async function changePolicy(
  ctx: Context,
  resourceArn: string,
  change: (found: PolicyRow | undefined) => PolicyRow | undefined,
): Promise<PolicyRow | undefined> {
  const owner = ownerOf(resourceArn);
  const changed = <Row extends { readonly policy?: PolicyRow }>(row: Row): Row | undefined => {
    const next = change(row.policy);
    if (next === row.policy) return undefined;
    const { policy: _, ...rest } = row;
    return { ...rest, ...(next === undefined ? {} : { policy: next }) } as Row;
  };
  if (!('label' in owner)) return (await changeTable(ctx, owner, changed)).policy;
  const { streams } = layout.at(owner.account, owner.region);
  return ctx.transact(async (tx) => {
    const stream = await streams.get(tx, [owner.tableName, owner.label]);
    if (stream === undefined) throw notFound(resourceArn);
    const next = changed(stream);
    if (next !== undefined) streams.set(tx, [owner.tableName, owner.label], next);
    return (next ?? stream).policy;
  });
}

/** A policy as it is kept: whom it names, by who they are. */
export async function boundPolicy(policy: string, account: string, { ports }: Context): Promise<string> {
  if (Buffer.byteLength(policy, 'utf8') > LONGEST_POLICY) {
    throw invalidParameter(`Maximum policy size of ${LONGEST_POLICY} bytes exceeded`);
  }
  try {
    validatePolicy(policy, 'resource');
    return await ports.identity.boundPrincipals(policy, account);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw invalidParameter(`Invalid policy document: ${error.message}`);
  }
}

function checkRevision(expected: string | undefined, found: PolicyRow | undefined, arn: string): void {
  if (expected === undefined || expected === (found?.revision ?? NO_POLICY)) return;
  throw fault('PolicyNotFoundException', `Policy revision ${expected} not found for resource ${arn}`);
}

function notFound(arn: string) {
  return fault('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`);
}
