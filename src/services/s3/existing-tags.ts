import type { ContextValues } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import type { PrincipalPolicies } from '../../service/ports.ts';
import type { Principal } from '../../service/principal.ts';
import type { Bucket } from './bucket.ts';
import { findVersion } from './version.ts';

/** The key, as every spelling of it begins. */
const KEY = /s3:existingobjecttag\//i;

const asking = new WeakMap<PrincipalPolicies, boolean>();

/**
 * The tags an object has, as `s3:ExistingObjectTag/…`. Only a policy that asks for them costs the read: the bucket's,
 * the caller's, or its session's.
 */
export async function existingTags(
  ctx: Context,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<ContextValues> {
  const { policy } = bucket.settings;
  const asked = (policy !== undefined && KEY.test(policy)) || (await askedByCaller(ctx, ctx.principal));
  if (!asked) return {};
  const row = await findVersion(ctx.store, bucket, key, versionId);
  return Object.fromEntries(
    (row?.tags ?? []).map(({ Key, Value }) => [`s3:ExistingObjectTag/${Key}`, Value]),
  );
}

async function askedByCaller(ctx: Context, principal: Principal): Promise<boolean> {
  const { kind } = principal;
  if (kind === 'anonymous' || kind === 'service') return false;
  if ('sessionPolicies' in principal && principal.sessionPolicies.some((text) => KEY.test(text))) return true;
  const policies = await ctx.ports.identity.policies(principal);
  let asks = asking.get(policies);
  if (asks === undefined) {
    asks = [...policies.identity, ...(policies.boundary ? [policies.boundary] : [])].some(({ document }) =>
      KEY.test(document),
    );
    asking.set(policies, asks);
  }
  return asks;
}
