import type { OrganizationsOperations, PolicyType } from '../../model/gen/organizations.ts';
import type { Group } from '../../service/service.ts';
import { effectivePolicy } from './effective-policy.ts';
import { constraint, fault } from './fault.ts';
import type { OrganizationRow } from './layout.ts';
import { changeManaged, readAdministered, readOrganization } from './membership.ts';
import {
  arnOf,
  attach,
  attachedOf,
  detach,
  fullAccessOf,
  lineOf,
  MOST_ATTACHED,
  policyOf,
  type TargetType,
  targetsOf,
  targetType,
} from './organization.ts';
import { pageOf } from './page.ts';
import { noteUnused } from './policies.ts';
import { shownPolicy, shownRoot } from './view.ts';

/** Which policies hold where. */
export const attachments = {
  async EnablePolicyType({ RootId, PolicyType: type }, ctx) {
    noteUnused(type, ctx);
    const row = await changeManaged(ctx, (before) => {
      checkRoot(before, RootId);
      if (before.featureSet !== 'ALL')
        throw fault(
          'PolicyTypeNotAvailableForOrganizationException',
          'You can’t use the specified policy type with the feature set currently enabled for this organization.',
        );
      if (before.enabledTypes.includes(type))
        throw fault('PolicyTypeAlreadyEnabledException', 'The specified policy type is already enabled.');
      const enabled = { ...before, enabledTypes: [...before.enabledTypes, type] };
      return targetsOf(enabled).reduce<OrganizationRow>(
        (grown, target) => attach(grown, target, fullAccessOf(type)),
        enabled,
      );
    });
    return { Root: shownRoot(row) };
  },

  async DisablePolicyType({ RootId, PolicyType: type }, ctx) {
    const row = await changeManaged(ctx, (before) => {
      checkRoot(before, RootId);
      checkEnabled(before, type);
      const attached = Object.entries(before.attachments).map(
        ([target, ids]) => [target, ids.filter((id) => policyOf(before, id).type !== type)] as const,
      );
      return {
        ...before,
        enabledTypes: before.enabledTypes.filter((enabled) => enabled !== type),
        attachments: Object.fromEntries(attached),
      };
    });
    return { Root: shownRoot(row) };
  },

  async AttachPolicy({ PolicyId, TargetId }, ctx) {
    await changeManaged(ctx, (row) => {
      const { type } = policyOf(row, PolicyId);
      checkTarget(row, TargetId);
      checkEnabled(row, type);
      const attached = attachedOf(row, TargetId, type);
      if (attached.includes(PolicyId))
        throw fault(
          'DuplicatePolicyAttachmentException',
          'The selected policy is already attached to the specified target.',
        );
      if (attached.length >= MOST_ATTACHED)
        throw constraint(
          'MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
          'You have attached the maximum number of policies to the specified target.',
        );
      return attach(row, TargetId, PolicyId);
    });
    return {};
  },

  async DetachPolicy({ PolicyId, TargetId }, ctx) {
    await changeManaged(ctx, (row) => {
      const { type } = policyOf(row, PolicyId);
      checkTarget(row, TargetId);
      const attached = attachedOf(row, TargetId, type);
      if (!attached.includes(PolicyId))
        throw fault(
          'PolicyNotAttachedException',
          "The policy isn't attached to the specified target in the specified root.",
        );
      if (PolicyId === 'p-RCPFullAWSAccess')
        throw fault('AccessDeniedException', 'The policy RCPFullAWSAccess cannot be detached.');
      if (attached.length === 1 && fullAccessOf(type) !== undefined)
        throw constraint(
          'MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
          'You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.',
        );
      return detach(row, TargetId, PolicyId);
    });
    return {};
  },

  async ListPoliciesForTarget({ TargetId, Filter, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    checkTarget(row, TargetId);
    const { items, NextToken } = pageOf(attachedOf(row, TargetId, Filter), page);
    return { Policies: items.map((id) => shownPolicy(row, id)), NextToken };
  },

  async ListTargetsForPolicy({ PolicyId, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    policyOf(row, PolicyId);
    const targets = targetsOf(row).filter((target) => row.attachments[target]?.includes(PolicyId));
    const { items, NextToken } = pageOf(targets, page);
    return {
      Targets: items.map((id) => ({
        TargetId: id,
        Arn: arnOf(row, id),
        Name: row.units[id]?.name ?? row.accounts[id]?.name ?? 'Root',
        Type: targetType(row, id) as TargetType,
      })),
      NextToken,
    };
  },

  /** Of an account its own to ask; of others, for who manages the organization. */
  async DescribeEffectivePolicy({ PolicyType: type, TargetId }, ctx) {
    const { account, store, world } = ctx;
    const own = (TargetId ?? account) === account;
    const row = await (own ? readOrganization(store, account) : readAdministered(store, account));
    const target = TargetId ?? account;
    if (targetType(row, target) !== 'ACCOUNT')
      throw fault('TargetNotFoundException', "You specified a target that doesn't exist.");
    const levels = lineOf(row, target).map((level) =>
      attachedOf(row, level, type).map((id) => JSON.parse(policyOf(row, id).content) as unknown),
    );
    if (!row.enabledTypes.includes(type) || levels.flat().length === 0)
      throw fault(
        'EffectivePolicyNotFoundException',
        'If you ran this action on the management account, this policy type is not enabled. If you ran the action on a member account, the account doesn’t have an effective policy of this type.',
      );
    return {
      EffectivePolicy: {
        PolicyContent: JSON.stringify(effectivePolicy(levels)),
        LastUpdatedTimestamp: new Date(world.clock.now()),
        TargetId: target,
        PolicyType: type,
      },
    };
  },
} satisfies Group<OrganizationsOperations>;

function checkRoot(row: OrganizationRow, id: string): void {
  if (row.rootId !== id) throw fault('RootNotFoundException', "You specified a root that doesn't exist.");
}

function checkTarget(row: OrganizationRow, id: string): void {
  if (targetType(row, id) === undefined)
    throw fault('TargetNotFoundException', "You specified a target that doesn't exist.");
}

function checkEnabled(row: OrganizationRow, type: PolicyType): void {
  if (!row.enabledTypes.includes(type))
    throw fault(
      'PolicyTypeNotEnabledException',
      'This operation can be performed only for enabled policy types.',
    );
}
