import type {
  EvaluationResult,
  IamOperations,
  PolicyIdentifier,
  SimulateCustomPolicyRequest,
  SimulatePrincipalPolicyRequest,
} from '../../model/gen/iam.ts';
import type { ContextValues, PolicyPrincipal } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { organizationContext } from '../../service/organizations.ts';
import type { AttachedPolicy, PrincipalPolicies } from '../../service/ports.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { parseIamArn } from './identifier.ts';
import { findIdentity, identityArn } from './identity.ts';
import type { IdentityKind } from './layout.ts';
import { pageOfList } from './page.ts';
import { ownPolicies, rolePolicies, userPolicies } from './principal-policies.ts';
import { contextFromEntries, contextKeysOf, type Simulation, simulate, simulated } from './simulation.ts';

type Question = Omit<
  SimulateCustomPolicyRequest & SimulatePrincipalPolicyRequest,
  'PolicyInputList' | 'PolicySourceArn'
>;

/** The policy simulator: the engine that decides requests, asked aloud. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html */
export const simulations = {
  async SimulateCustomPolicy(input, ctx) {
    const { PolicyInputList, OrderedOrganizationPolicyInputList } = input;
    const simulation: Simulation = {
      identity: PolicyInputList.map((text, i) => simulated(text, `PolicyInputList.${i + 1}`)),
      boundary: boundaryOf(input.PermissionsBoundaryPolicyInputList),
      organization: OrderedOrganizationPolicyInputList?.map((level, i) =>
        (level.ServiceControlPolicyInputList ?? []).map((text, j) =>
          simulated(text, `OrderedOrganizationPolicyInputList.${i + 1}.${j + 1}`),
        ),
      ),
      ...surroundings(input, ctx.account, callerOf(input.CallerArn, ctx)),
    };
    return answer(simulation, input);
  },

  async SimulatePrincipalPolicy(input, ctx) {
    const source = await readSource(input.PolicySourceArn, ctx);
    const excluded = exclusions(input.PolicyExclusionList);
    const caller = input.CallerArn === undefined ? source.principal : callerOf(input.CallerArn, ctx);
    const more = (input.PolicyInputList ?? []).map((text, i) => simulated(text, `PolicyInputList.${i + 1}`));
    const { identity, boundary } = source.policies;
    const controls = await ctx.ports.organizations.controls(ctx.account);
    const simulation: Simulation = {
      identity: [
        ...identity.filter(({ id }) => !excluded(id)).map((policy) => ofSource(policy, source)),
        ...more,
      ],
      boundary:
        boundaryOf(input.PermissionsBoundaryPolicyInputList) ??
        (boundary === undefined || excluded(boundary.id)
          ? undefined
          : [simulated(boundary.document, boundary.id)]),
      organization: boundByOrganization(input.PolicySourceArn)
        ? controls?.scps?.map((level) => level.map((compiled) => ({ compiled })))
        : undefined,
      ...surroundings(input, ctx.account, caller, {
        ...source.context,
        ...organizationContext(controls, undefined),
      }),
    };
    return answer(simulation, input);
  },

  async GetContextKeysForCustomPolicy({ PolicyInputList }) {
    return { ContextKeyNames: distinct(PolicyInputList.flatMap(contextKeysOf)) };
  },

  async GetContextKeysForPrincipalPolicy({ PolicySourceArn, PolicyInputList = [] }, ctx) {
    const { policies } = await readSource(PolicySourceArn, ctx);
    const texts = [...policies.identity.map(({ document }) => document), ...PolicyInputList];
    return { ContextKeyNames: distinct(texts.flatMap(contextKeysOf)) };
  },
} satisfies Group<IamOperations>;

/** Service-linked roles are above service control policies. */
function boundByOrganization(arn: string): boolean {
  return !arn.includes(':role/aws-service-role/');
}

function distinct(keys: readonly string[]): string[] {
  return [...new Map(keys.map((key) => [key.toLowerCase(), key])).values()];
}

function answer(simulation: Simulation, { ActionNames, ResourceArns, ...page }: Question) {
  const resources = ResourceArns ?? ['*'];
  const questions = ActionNames.flatMap((action) => resources.map((resource) => ({ action, resource })));
  const numbered = questions.map((question, i) => ({ ...question, key: String(i).padStart(8, '0') }));
  const { items, ...more } = pageOfList(numbered, page, ({ key }) => key);
  return {
    EvaluationResults: items.map(({ action, resource }) => {
      const result = simulate(simulation, action, resource);
      return ResourceArns === undefined ? result : withResource(result, resource);
    }),
    ...more,
  };
}

/** Where resources are named, their results stand apart as well. */
function withResource(result: EvaluationResult, resource: string): EvaluationResult {
  const { EvalDecision, MatchedStatements, MissingContextValues, PermissionsBoundaryDecisionDetail } = result;
  return {
    ...result,
    EvalDecisionDetails: {},
    ResourceSpecificResults: [
      {
        EvalResourceName: resource,
        EvalResourceDecision: EvalDecision,
        MatchedStatements,
        MissingContextValues,
        PermissionsBoundaryDecisionDetail,
      },
    ],
  };
}

function boundaryOf(texts: readonly string[] | undefined) {
  return texts?.map((text, i) => simulated(text, `PermissionsBoundaryPolicyInputList.${i + 1}`));
}

function surroundings(
  input: Question,
  account: string,
  principal: PolicyPrincipal,
  own: ContextValues = {},
): Pick<Simulation, 'resource' | 'resourceAccount' | 'principal' | 'context'> {
  if (input.ResourceHandlingOption !== undefined)
    throw fault('InvalidInput', 'ResourceHandlingOption is not supported.');
  return {
    resource:
      input.ResourcePolicy === undefined
        ? undefined
        : simulated(input.ResourcePolicy, 'ResourcePolicy', 'resource'),
    resourceAccount: /^arn:[^:]+:iam::(\d{12}):/.exec(input.ResourceOwner ?? '')?.[1] ?? account,
    principal,
    context: { ...own, ...contextFromEntries(input.ContextEntries) },
  };
}

/** An IAM user's or role's ARN; the caller's account stands in for nobody in particular. */
function callerOf(arn: string | undefined, { account }: Context): PolicyPrincipal {
  if (arn === undefined)
    return { kind: 'user', account, arn: `arn:aws:iam::${account}:user/simulated`, userId: 'simulated' };
  const named = parseIamArn(arn);
  if (named?.kind === 'user') return { kind: 'user', account: named.account, arn, userId: named.name };
  if (named?.kind === 'role')
    return { kind: 'role', account: named.account, arn, roleArn: arn, userId: named.name };
  throw fault('InvalidInput', `Invalid CallerArn: ${arn}`);
}

interface Source {
  readonly kind: IdentityKind;
  readonly name: string;
  readonly policies: Pick<PrincipalPolicies, 'identity' | 'boundary'>;
  readonly principal: PolicyPrincipal;
  readonly context: ContextValues;
}

/** The user, group or role whose policies are asked. */
async function readSource(arn: string, ctx: Context): Promise<Source> {
  const { account, store } = ctx;
  const named = parseIamArn(arn);
  const kind = named?.kind;
  if (named === undefined || (kind !== 'user' && kind !== 'group' && kind !== 'role'))
    throw fault('InvalidInput', `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  const missing = () => fault('NoSuchEntity', `The ${kind} with name ${named.name} cannot be found.`);
  if (named.account !== account) throw missing();
  const { name } = named;
  if (kind === 'group') {
    const row = await findIdentity(store, account, 'group', name);
    if (row === undefined) throw missing();
    const policies = { identity: await ownPolicies(row, account, store) };
    return { kind, name, policies, principal: callerOf(undefined, ctx), context: {} };
  }
  if (kind === 'user') {
    const row = await findIdentity(store, account, 'user', name);
    if (row === undefined) throw missing();
    const principal = { kind, account, arn: identityArn(account, kind, row), userId: row.id } as const;
    const context = { 'aws:username': name, 'aws:userid': row.id, 'aws:PrincipalArn': principal.arn };
    return { kind, name, policies: await userPolicies(row, account, store), principal, context };
  }
  const row = await findIdentity(store, account, 'role', name);
  if (row === undefined) throw missing();
  const roleArn = identityArn(account, kind, row);
  const principal = { kind, account, arn: roleArn, roleArn, userId: row.id } as const;
  const context = { 'aws:PrincipalArn': roleArn };
  return { kind, name, policies: await rolePolicies(row, account, store), principal, context };
}

function ofSource({ id, document }: AttachedPolicy, { kind, name }: Source) {
  const [, group, policy] = GROUPS_INLINE.exec(id) ?? [];
  if (group !== undefined) return simulated(document, `group_${group}_${policy}`);
  return id.startsWith('inline:')
    ? simulated(document, `${kind}_${name}_${id.slice('inline:'.length)}`)
    : simulated(document, id.slice(id.lastIndexOf('/') + 1));
}

/** An inline policy of one of a user's groups. */
const GROUPS_INLINE = /^inline:group\/([^/]+)\/(.+)$/;

function exclusions(list: readonly PolicyIdentifier[] = []): (id: string) => boolean {
  const ids = new Set(
    list.flatMap(({ PolicyArn, InlinePolicyIdentifier }) => [
      ...(PolicyArn === undefined ? [] : [PolicyArn]),
      ...(InlinePolicyIdentifier?.PolicyName === undefined
        ? []
        : [`inline:${InlinePolicyIdentifier.PolicyName}`]),
    ]),
  );
  return (id) => ids.has(id) || ids.has(id.replace(GROUPS_INLINE, 'inline:$2'));
}
