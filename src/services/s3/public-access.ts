import type { Fault } from '../../service/faults.ts';
import type { Principal } from '../../service/principal.ts';
import type { Bucket } from './bucket.ts';
import { fault } from './fault.ts';

/**
 * Whether a policy opens a bucket to everybody: an Allow for any principal that no condition narrows to fixed
 * values of the keys that tell who or where a caller is.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
export function isPublic(policy: string): boolean {
  const { Statement } = JSON.parse(policy) as { readonly Statement?: unknown };
  const statements = Array.isArray(Statement) ? Statement : [Statement];
  return statements.some((statement) => isPublicStatement(statement as Statement));
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function isPublicStatement({ Effect, Principal, NotPrincipal, Condition }: Statement): boolean {
  if (Effect !== 'Allow') return false;
  if (NotPrincipal === undefined && !namesEverybody(Principal)) return false;
  return !Object.entries(Condition ?? {}).some(([operator, keys]) =>
    Object.entries(keys).some(([key, value]) => narrows(operator, key, value)),
  );
}

function namesEverybody(principal: unknown): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return false;
  return Object.values(principal).some((one) => one === '*' || (Array.isArray(one) && one.includes('*')));
}

const NARROWING = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
]);

/** A fixed value: no wildcards, no variables, and no address range that is nearly everything. */
function narrows(operator: string, key: string, value: unknown): boolean {
  const name = key.toLowerCase();
  if (!NARROWING.has(name) || /^(?:.*:)?(?:Not|StringNot|ArnNot|NotIp)|IfExists$|^Null$/.test(operator))
    return false;
  const values = Array.isArray(value) ? value : [value];
  return values.every((one) => {
    const text = String(one);
    if (name === 'aws:sourceip') {
      const [, bits] = text.split('/');
      return bits === undefined || Number(bits) >= (text.includes(':') ? 32 : 8);
    }
    return !/[*?]|\$\{/.test(
      name === 'aws:principalarn' || name === 'aws:sourcearn' ? (text.split(':')[4] ?? '*') : text,
    );
  });
}

/**
 * The policy as it holds for a caller. A bucket that restricts public policies heeds a public one only for services
 * and for its own account.
 */
export function effectivePolicy({ account, settings }: Bucket, principal: Principal): string | undefined {
  const { policy, publicAccess } = settings;
  if (policy === undefined || publicAccess?.RestrictPublicBuckets !== true) return policy;
  if (principal.kind === 'service') return policy;
  if (principal.kind !== 'anonymous' && principal.account === account) return policy;
  return isPublic(policy) ? undefined : policy;
}

/** Throws when the bucket takes no public policy and this is one. */
export function checkPolicyAllowed({ name, settings }: Bucket, policy: string, caller: string): void {
  if (settings.publicAccess?.BlockPublicPolicy !== true || !isPublic(policy)) return;
  throw publicBlocked(name, caller);
}

function publicBlocked(name: string, caller: string): Fault {
  return fault(
    'AccessDenied',
    `User: ${caller} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${name}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
  );
}
