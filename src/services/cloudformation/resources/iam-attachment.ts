import type { ValueMap } from '../template/value.ts';
import { documentText, mapsIn, requiredText, textsIn } from './property.ts';
import type { ResourceScope } from './provider.ts';

/** Whom policies can be put on: `Role` makes `PutRolePolicy` with `RoleName`. */
export type Holder = 'Role' | 'User' | 'Group';

function inlinePolicies(properties: ValueMap): ReadonlyMap<string, string> {
  return new Map(
    mapsIn(properties, 'Policies').map((policy) => [
      requiredText(policy, 'PolicyName'),
      documentText(policy['PolicyDocument']),
    ]),
  );
}

/** Brings a holder's inline and attached policies from what `before` says to what `wanted` says. */
export async function syncPolicies(
  holder: Holder,
  name: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: Pick<ResourceScope, 'call'>,
): Promise<void> {
  const of = { [`${holder}Name`]: name };
  const attached = new Set(textsIn(before, 'ManagedPolicyArns'));
  const wantedArns = new Set(textsIn(wanted, 'ManagedPolicyArns'));
  for (const PolicyArn of wantedArns) {
    if (!attached.has(PolicyArn)) await call('iam', `Attach${holder}Policy`, { ...of, PolicyArn });
  }
  for (const PolicyArn of attached) {
    if (!wantedArns.has(PolicyArn)) await call('iam', `Detach${holder}Policy`, { ...of, PolicyArn });
  }
  const inline = inlinePolicies(before);
  const wantedInline = inlinePolicies(wanted);
  for (const [PolicyName, PolicyDocument] of wantedInline) {
    if (inline.get(PolicyName) !== PolicyDocument) {
      await call('iam', `Put${holder}Policy`, { ...of, PolicyName, PolicyDocument });
    }
  }
  for (const PolicyName of inline.keys()) {
    if (!wantedInline.has(PolicyName)) await call('iam', `Delete${holder}Policy`, { ...of, PolicyName });
  }
}

/** Takes every policy off a holder, whoever put it there, so that it can be deleted. */
export async function clearPolicies(
  holder: Holder,
  name: string,
  { call }: Pick<ResourceScope, 'call'>,
): Promise<void> {
  const of = { [`${holder}Name`]: name };
  const { AttachedPolicies = [] } = await call<{ AttachedPolicies?: readonly { PolicyArn: string }[] }>(
    'iam',
    `ListAttached${holder}Policies`,
    of,
  );
  for (const { PolicyArn } of AttachedPolicies)
    await call('iam', `Detach${holder}Policy`, { ...of, PolicyArn });
  const { PolicyNames = [] } = await call<{ PolicyNames?: readonly string[] }>(
    'iam',
    `List${holder}Policies`,
    of,
  );
  for (const PolicyName of PolicyNames) await call('iam', `Delete${holder}Policy`, { ...of, PolicyName });
}
