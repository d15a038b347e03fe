import type { IamOperations } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { checkPolicy, encodeDocument, fault, sizeOf } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import { layout, type PolicyRow, type PolicyVersionRow } from './layout.ts';
import { awsManagedPolicies } from './managed-policy.ts';
import {
  listedPolicy,
  type ManagedPolicy,
  policyArn,
  readManagedPolicy,
  readOwnPolicy,
  shownPolicy,
  usesOf,
} from './managed-policy-row.ts';
import { pageOfList } from './page.ts';
import { addTags } from './tag.ts';

const MOST_BYTES = 6144;
const MOST_VERSIONS = 5;

/** Managed policies and their versions. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html */
export const policies = {
  async CreatePolicy(input, ctx) {
    const { account, world } = ctx;
    const now = world.clock.now();
    checkManaged(input.PolicyDocument);
    const row: PolicyRow = {
      name: input.PolicyName,
      path: input.Path ?? '/',
      id: newUniqueId('ANPA', world.random),
      createdAtMs: now,
      updatedAtMs: now,
      defaultVersion: 'v1',
      versions: [{ id: 'v1', document: input.PolicyDocument, createdAtMs: now }],
      nextVersion: 2,
      tags: addTags({}, input.Tags),
      ...(input.Description === undefined ? {} : { description: input.Description }),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').policies;
      const key: [string] = [row.name.toLowerCase()];
      if ((await rows.get(tx, key)) !== undefined)
        throw fault(
          'EntityAlreadyExists',
          `A policy called ${row.name} already exists. Duplicate names are not allowed.`,
        );
      rows.set(tx, key, row);
    });
    const managed = { owner: 'account', row, arn: policyArn(account, row) } as const;
    const { Tags, Description: _description, ...shown } = await shownPolicy(ctx.store, account, managed);
    return { Policy: { ...shown, Tags: Tags?.length === 0 ? undefined : Tags } };
  },

  async GetPolicy({ PolicyArn }, { account, store }) {
    return store.snapshot(async (reader) => ({
      Policy: await shownPolicy(reader, account, await readManagedPolicy(reader, account, PolicyArn)),
    }));
  },

  async ListPolicies(input, { account, store }) {
    const { Scope = 'All', OnlyAttached = false, PathPrefix = '/', PolicyUsageFilter, ...page } = input;
    return store.snapshot(async (reader) => {
      const own = Scope === 'AWS' ? [] : await layout.at(account, '').policies.all(reader, []);
      const aws = Scope === 'Local' ? [] : awsManagedPolicies();
      const all: ManagedPolicy[] = [
        ...own.map(({ value }) => ({
          owner: 'account' as const,
          row: value,
          arn: policyArn(account, value),
        })),
        ...aws.map((policy) => ({ owner: 'aws' as const, policy, arn: policy.arn })),
      ];
      const kept: ManagedPolicy[] = [];
      for (const managed of all) {
        const { path } = managed.owner === 'aws' ? managed.policy : managed.row;
        if (!path.startsWith(PathPrefix)) continue;
        if (OnlyAttached || PolicyUsageFilter !== undefined) {
          const uses = await usesOf(reader, account, managed.arn);
          const asPolicy = PolicyUsageFilter !== 'PermissionsBoundary' && uses.AttachmentCount > 0;
          const asBoundary =
            PolicyUsageFilter !== 'PermissionsPolicy' && uses.PermissionsBoundaryUsageCount > 0;
          if (!asPolicy && !asBoundary) continue;
        }
        kept.push(managed);
      }
      const { items, ...more } = pageOfList(kept, page, ({ arn }) => arn);
      return {
        Policies: await Promise.all(items.map((managed) => listedPolicy(reader, account, managed))),
        ...more,
      };
    });
  },

  async DeletePolicy({ PolicyArn }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      const row = await readOwnPolicy(tx, account, PolicyArn);
      const uses = await usesOf(tx, account, PolicyArn);
      if (uses.AttachmentCount + uses.PermissionsBoundaryUsageCount > 0)
        throw fault('DeleteConflict', 'Cannot delete a policy attached to entities.');
      if (row.versions.length > 1)
        throw fault(
          'DeleteConflict',
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      layout.at(account, '').policies.delete(tx, [row.name.toLowerCase()]);
    });
    return {};
  },

  async CreatePolicyVersion({ PolicyArn, PolicyDocument, SetAsDefault = false }, ctx) {
    const { account, world } = ctx;
    const now = world.clock.now();
    checkManaged(PolicyDocument);
    return change(ctx, async (tx) => {
      const row = await readOwnPolicy(tx, account, PolicyArn);
      if (row.versions.length >= MOST_VERSIONS)
        throw fault(
          'LimitExceeded',
          'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
        );
      const version = { id: `v${row.nextVersion}`, document: PolicyDocument, createdAtMs: now };
      const changed: PolicyRow = {
        ...row,
        updatedAtMs: now,
        versions: [...row.versions, version],
        nextVersion: row.nextVersion + 1,
        defaultVersion: SetAsDefault ? version.id : row.defaultVersion,
      };
      layout.at(account, '').policies.set(tx, [row.name.toLowerCase()], changed);
      return { PolicyVersion: listedVersion(version, changed.defaultVersion) };
    });
  },

  async GetPolicyVersion({ PolicyArn, VersionId }, { account, store }) {
    const { versions, defaultVersion } = versionsOf(await readManagedPolicy(store, account, PolicyArn));
    const version = versions.find(({ id }) => id === VersionId);
    if (version === undefined) throw noVersion(PolicyArn, VersionId);
    return {
      PolicyVersion: {
        Document: encodeDocument(version.document),
        ...listedVersion(version, defaultVersion),
      },
    };
  },

  async ListPolicyVersions({ PolicyArn, ...page }, { account, store }) {
    const { versions, defaultVersion } = versionsOf(await readManagedPolicy(store, account, PolicyArn));
    const { items, ...more } = pageOfList(versions, page, ({ id }) => newestFirst(id));
    return { Versions: items.map((version) => listedVersion(version, defaultVersion)), ...more };
  },

  async SetDefaultPolicyVersion({ PolicyArn, VersionId }, ctx) {
    const { account, world } = ctx;
    const now = world.clock.now();
    await change(ctx, async (tx) => {
      const row = await readOwnPolicy(tx, account, PolicyArn);
      if (!row.versions.some(({ id }) => id === VersionId)) throw noVersion(PolicyArn, VersionId);
      const changed = { ...row, defaultVersion: VersionId, updatedAtMs: now };
      layout.at(account, '').policies.set(tx, [row.name.toLowerCase()], changed);
    });
    return {};
  },

  async DeletePolicyVersion({ PolicyArn, VersionId }, ctx) {
    const { account, world } = ctx;
    const now = world.clock.now();
    await change(ctx, async (tx) => {
      const row = await readOwnPolicy(tx, account, PolicyArn);
      if (!row.versions.some(({ id }) => id === VersionId)) throw noVersion(PolicyArn, VersionId);
      if (row.defaultVersion === VersionId)
        throw fault('DeleteConflict', 'Cannot delete the default version of a policy.');
      const versions = row.versions.filter(({ id }) => id !== VersionId);
      const changed = { ...row, versions, updatedAtMs: now };
      layout.at(account, '').policies.set(tx, [row.name.toLowerCase()], changed);
    });
    return {};
  },
} satisfies Group<IamOperations>;

function checkManaged(document: string): void {
  checkPolicy(document, 'managed');
  if (sizeOf(document) > MOST_BYTES)
    throw fault('LimitExceeded', `Cannot exceed quota for PolicySize: ${MOST_BYTES}`);
}

export function versionsOf(managed: ManagedPolicy): {
  readonly versions: readonly PolicyVersionRow[];
  readonly defaultVersion: string;
} {
  if (managed.owner === 'account') return managed.row;
  const { version, document, updatedAtMs } = managed.policy;
  return { versions: [{ id: version, document, createdAtMs: updatedAtMs }], defaultVersion: version };
}

/** Sorts versions by descending number. */
export function newestFirst(versionId: string): string {
  return String(1e9 - Number(versionId.slice(1))).padStart(10, '0');
}

export function listedVersion({ id, createdAtMs }: PolicyVersionRow, defaultVersion: string) {
  return { VersionId: id, IsDefaultVersion: id === defaultVersion, CreateDate: new Date(createdAtMs) };
}

function noVersion(arn: string, version: string) {
  return fault('NoSuchEntity', `Policy ${arn} version ${version} does not exist or is not attachable.`);
}
