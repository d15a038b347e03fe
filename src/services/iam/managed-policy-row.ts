import type { Policy } from '../../model/gen/iam.ts';
import type { Reader } from '../../store/store.ts';
import { accessDenied, fault } from './fault.ts';
import { iamArn, parseIamArn } from './identifier.ts';
import { layout, type PolicyRow } from './layout.ts';
import { type AwsManagedPolicy, awsManagedPolicy } from './managed-policy.ts';
import { shownTagsIfAny } from './tag.ts';

/** A managed policy: the account's own, which has versions, or AWS's, whose one version is known. */
export type ManagedPolicy =
  | { readonly owner: 'account'; readonly row: PolicyRow; readonly arn: string }
  | { readonly owner: 'aws'; readonly policy: AwsManagedPolicy; readonly arn: string };

/** Checks that the text is an ARN at all. */
export function checkArn(arn: string): void {
  if (!arn.startsWith('arn:') || arn.split(':').length < 6)
    throw fault('ValidationError', 'Invalid ARN:  Could not be parsed!');
}

export async function findManagedPolicy(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicy | undefined> {
  checkArn(arn);
  const policy = awsManagedPolicy(arn);
  if (policy !== undefined) return { owner: 'aws', policy, arn };
  const named = parseIamArn(arn);
  if (named?.kind !== 'policy' || named.account !== account) return undefined;
  const row = await layout.at(account, '').policies.get(reader, [named.name.toLowerCase()]);
  return row !== undefined && policyArn(account, row) === arn ? { owner: 'account', row, arn } : undefined;
}

/** The policy, or NoSuchEntity in the words of operations about the policy itself. */
export async function readManagedPolicy(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicy> {
  const found = await findManagedPolicy(reader, account, arn);
  if (found === undefined) throw fault('NoSuchEntity', `Policy ${arn} was not found.`);
  return found;
}

/** A policy of the account itself; AWS's cannot be changed. */
export async function readOwnPolicy(reader: Reader, account: string, arn: string): Promise<PolicyRow> {
  const found = await readManagedPolicy(reader, account, arn);
  if (found.owner === 'aws')
    throw accessDenied(`Cannot perform the operation on the AWS managed policy ${arn}`);
  return found.row;
}

/** A policy to attach, or NoSuchEntity in those operations' words. */
export async function readAttachablePolicy(
  reader: Reader,
  account: string,
  arn: string,
): Promise<ManagedPolicy> {
  const found = await findManagedPolicy(reader, account, arn);
  if (found === undefined) throw fault('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
  return found;
}

/** A permissions boundary, or NoSuchEntity in the words of operations that set one. */
export async function checkBoundary(reader: Reader, account: string, arn: string): Promise<void> {
  if ((await findManagedPolicy(reader, account, arn)) === undefined)
    throw fault('NoSuchEntity', `Scope ARN: ${arn} does not exist or is not attachable.`);
}

export function policyArn(account: string, { path, name }: PolicyRow): string {
  return iamArn(account, 'policy', path, name);
}

/** How often a policy is attached, and how often it is a boundary. */
export async function usesOf(reader: Reader, account: string, arn: string) {
  const { attachments } = layout.at(account, '');
  const [policy, boundary] = await Promise.all([
    attachments.all(reader, [arn, 'policy']),
    attachments.all(reader, [arn, 'boundary']),
  ]);
  return { AttachmentCount: policy.length, PermissionsBoundaryUsageCount: boundary.length };
}

/** As lists show it; GetPolicy adds description and tags. */
export async function listedPolicy(reader: Reader, account: string, managed: ManagedPolicy): Promise<Policy> {
  const facts = managed.owner === 'aws' ? managed.policy : managed.row;
  return {
    PolicyName: facts.name,
    PolicyId: facts.id,
    Arn: managed.arn,
    Path: facts.path,
    DefaultVersionId: managed.owner === 'aws' ? managed.policy.version : managed.row.defaultVersion,
    ...(await usesOf(reader, account, managed.arn)),
    IsAttachable: true,
    CreateDate: new Date(facts.createdAtMs),
    UpdateDate: new Date(facts.updatedAtMs),
  };
}

export async function shownPolicy(reader: Reader, account: string, managed: ManagedPolicy): Promise<Policy> {
  const listed = await listedPolicy(reader, account, managed);
  if (managed.owner === 'aws') return { ...listed, Tags: [] };
  const { description, tags } = managed.row;
  return { ...listed, Description: description, Tags: shownTagsIfAny(tags) ?? [] };
}
