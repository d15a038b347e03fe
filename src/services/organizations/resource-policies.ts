import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { fault } from './fault.ts';
import type { OrganizationRow } from './layout.ts';
import { changeManaged, readManaged } from './membership.ts';
import { taggedWith } from './tags.ts';

/** The policy by which members manage policies in the management account's place; see `delegation.ts`. */
export const resourcePolicies = {
  async PutResourcePolicy({ Content, Tags }, ctx) {
    const content = await boundContent(Content, ctx);
    const fresh = `rp-${ctx.world.random.id(8, ALPHANUMERIC_LOWER)}`;
    const row = await changeManaged(ctx, (before) => {
      if (before.featureSet !== 'ALL')
        throw fault(
          'UnsupportedAPIEndpointException',
          'The organization must have all features enabled to use a resource policy.',
        );
      const id = before.resourcePolicy?.id ?? fresh;
      return taggedWith({ ...before, resourcePolicy: { id, content } }, id, Tags);
    });
    return { ResourcePolicy: await shown(row, ctx) };
  },

  async DescribeResourcePolicy(_input, ctx) {
    return { ResourcePolicy: await shown(await readManaged(ctx.store, ctx.account), ctx) };
  },

  async DeleteResourcePolicy(_input, ctx) {
    await changeManaged(ctx, ({ resourcePolicy, ...kept }) => {
      if (resourcePolicy === undefined) throw missing();
      const { [resourcePolicy.id]: _tags, ...tags } = kept.tags;
      return { ...kept, tags };
    });
    return {};
  },
} satisfies Group<OrganizationsOperations>;

function missing() {
  return fault(
    'ResourcePolicyNotFoundException',
    "We can't find a resource policy request with the parameter that you specified.",
  );
}

async function shown({ resourcePolicy, managementAccount, id }: OrganizationRow, { ports }: Context) {
  if (resourcePolicy === undefined) throw missing();
  const Arn = `arn:aws:organizations::${managementAccount}:resourcepolicy/${id}/${resourcePolicy.id}`;
  return {
    ResourcePolicySummary: { Id: resourcePolicy.id, Arn },
    Content: await ports.identity.namedPrincipals(resourcePolicy.content),
  };
}

/** Of actions of Organizations alone, and for accounts by name. */
async function boundContent(content: string, { account, ports }: Context): Promise<string> {
  try {
    const { statements } = validatePolicy(content, 'resource');
    for (const { actions, principals } of statements) {
      if (actions.some((action) => !/^organizations:/i.test(action)))
        throw new MalformedPolicy('Only actions of Organizations can be delegated.');
      if (principals?.AWS.includes('*') === true)
        throw new MalformedPolicy('Whom the policy delegates to must be named.');
    }
    return await ports.identity.boundPrincipals(content, account);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw fault('InvalidInputException', error.message, { Reason: 'INVALID_RESOURCE_POLICY_JSON' });
  }
}
