import type { OrganizationsOperations, PolicyType } from '../../model/gen/organizations.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { constraint, fault } from './fault.ts';
import type { ControlType, OrganizationRow } from './layout.ts';
import { changeManaged, readAdministered } from './membership.ts';
import { AWS_POLICIES, policyOf } from './organization.ts';
import { pageOf } from './page.ts';
import { taggedWith } from './tags.ts';
import { shownPolicy } from './view.ts';

/** https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html */
const MOST_CHARACTERS = 5120;
const MOST_MANAGEMENT_CHARACTERS = 10_000;

/** Control policies, and management policies, which are kept: see `effective-policy.ts`. */
export const policies = {
  async CreatePolicy({ Name, Description, Content, Type, Tags }, ctx) {
    const id = `p-${ctx.world.random.id(8, ALPHANUMERIC_LOWER)}`;
    const type = Type;
    noteUnused(type, ctx);
    const row = await changeManaged(ctx, (before) => {
      checkName(before, Name, type);
      checkContent(Content, type);
      const policy = { type, name: Name, description: Description, content: Content };
      return taggedWith({ ...before, policies: { ...before.policies, [id]: policy } }, id, Tags);
    });
    return { Policy: { PolicySummary: shownPolicy(row, id), Content } };
  },

  async UpdatePolicy({ PolicyId: id, Name, Description, Content }, ctx) {
    const row = await changeManaged(ctx, (before) => {
      const policy = ownPolicy(before, id);
      if (Name !== undefined && Name !== policy.name) checkName(before, Name, policy.type);
      if (Content !== undefined) checkContent(Content, policy.type);
      const changed = {
        ...policy,
        name: Name ?? policy.name,
        description: Description ?? policy.description,
        content: Content ?? policy.content,
      };
      return { ...before, policies: { ...before.policies, [id]: changed } };
    });
    return { Policy: { PolicySummary: shownPolicy(row, id), Content: policyOf(row, id).content } };
  },

  async DeletePolicy({ PolicyId: id }, ctx) {
    await changeManaged(ctx, (row) => {
      ownPolicy(row, id);
      if (Object.values(row.attachments).some((attached) => attached.includes(id)))
        throw fault(
          'PolicyInUseException',
          'The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.',
        );
      const { [id]: _gone, ...kept } = row.policies;
      const { [id]: _tags, ...tags } = row.tags;
      return { ...row, policies: kept, tags };
    });
    return {};
  },

  async DescribePolicy({ PolicyId: id }, { account, store }) {
    const row = await readAdministered(store, account);
    return { Policy: { PolicySummary: shownPolicy(row, id), Content: policyOf(row, id).content } };
  },

  async ListPolicies({ Filter, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    const ids = [...Object.keys(AWS_POLICIES), ...Object.keys(row.policies)].filter(
      (id) => policyOf(row, id).type === Filter,
    );
    const { items, NextToken } = pageOf(ids, page);
    return { Policies: items.map((id) => shownPolicy(row, id)), NextToken };
  },
} satisfies Group<OrganizationsOperations>;

/** Control policies bind whoever calls; the other kinds are kept and inherited, and nothing here goes by them. */
export function noteUnused(type: PolicyType, ctx: Context): void {
  if (!isControl(type)) ctx.log('info', `policies of type ${type} are kept and inherited, without an effect`);
}

function isControl(type: PolicyType): type is ControlType {
  return type === 'SERVICE_CONTROL_POLICY' || type === 'RESOURCE_CONTROL_POLICY';
}

function ownPolicy(row: OrganizationRow, id: string) {
  if (Object.hasOwn(AWS_POLICIES, id))
    throw fault('AccessDeniedException', 'You cannot change or delete a policy that AWS manages.');
  return policyOf(row, id);
}

function checkName(row: OrganizationRow, name: string, type: PolicyType): void {
  const all = [...Object.values(AWS_POLICIES), ...Object.values(row.policies)];
  if (all.some((policy) => policy.name === name && policy.type === type))
    throw fault('DuplicatePolicyException', 'A policy with the same name already exists.');
}

function checkContent(content: string, type: PolicyType): void {
  if (content.length > (isControl(type) ? MOST_CHARACTERS : MOST_MANAGEMENT_CHARACTERS))
    throw constraint('POLICY_CONTENT_LIMIT_EXCEEDED', 'The policy document is too large.');
  const malformed = fault(
    'MalformedPolicyDocumentException',
    'The provided policy document does not meet the requirements of the specified policy type.',
  );
  if (!isControl(type)) {
    if (!isJsonObject(content)) throw malformed;
    return;
  }
  try {
    const { statements } = validatePolicy(
      content,
      type === 'SERVICE_CONTROL_POLICY' ? 'managed' : 'resource',
    );
    // A resource control policy of one's own only takes away, from everybody.
    if (
      type === 'RESOURCE_CONTROL_POLICY' &&
      statements.some(({ effect, principals }) => effect !== 'Deny' || principals?.AWS.includes('*') !== true)
    )
      throw malformed;
  } catch (error) {
    throw error instanceof MalformedPolicy ? malformed : error;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
