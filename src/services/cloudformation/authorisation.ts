import type { CloudformationOperations } from '../../model/gen/cloudformation.ts';
import type { ContextValues } from '../../policy/request.ts';
import { passingRole } from '../../service/passing-role.ts';
import type {
  ActionRequest,
  Authorisation,
  AuthorisationRule,
  AuthorisationScope,
} from '../../service/service.ts';
import { stackArn } from './stack.ts';
import { findStack, stackOfChangeSet } from './stack-lookup.ts';

interface StackInput {
  readonly StackName?: string | undefined;
  readonly RoleARN?: string | undefined;
  readonly ChangeSetName?: string | undefined;
  readonly TemplateURL?: string | undefined;
  readonly StackPolicyURL?: string | undefined;
  readonly ResourceTypes?: readonly string[] | undefined;
}

/** A stack's ARN as far as the request tells: the last part is not known from a name. */
function namedIn(
  { StackName: name, ChangeSetName: changeSet }: StackInput,
  { account, region }: AuthorisationScope,
): string {
  if (name !== undefined) return name.startsWith('arn:') ? name : stackArn(account, region, name, '*');
  return changeSet?.startsWith('arn:') ? changeSet : '*';
}

/** The ARN of the stack meant, by whatever name or id, where there is one. */
async function arnOf(input: StackInput, scope: AuthorisationScope): Promise<string> {
  const { StackName: name = '', ChangeSetName: changeSet } = input;
  const { account, region, ctx } = scope;
  const stack =
    name === '' && changeSet !== undefined
      ? await stackOfChangeSet(ctx, changeSet)
      : await findStack(ctx, ctx.store, name);
  return stack === undefined ? namedIn(input, scope) : stackArn(account, region, stack.name, stack.uuid);
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html */
function onStack(operation: string): AuthorisationRule<StackInput> {
  return async (input, scope): Promise<readonly ActionRequest[]> => {
    const resource = await arnOf(input, scope);
    const named = namedIn(input, scope);
    const own = { action: `cloudformation:${operation}`, resource, named, context: keysOf(input) };
    return input.RoleARN === undefined
      ? [own]
      : [own, passingRole(input.RoleARN, 'cloudformation.amazonaws.com', resource)];
  };
}

/** What the request says of the operation itself. */
function keysOf(input: StackInput): ContextValues {
  const { RoleARN, ChangeSetName, TemplateURL, StackPolicyURL, ResourceTypes } = input;
  return {
    ...(RoleARN === undefined ? {} : { 'cloudformation:RoleArn': RoleARN }),
    ...(ChangeSetName === undefined ? {} : { 'cloudformation:ChangeSetName': ChangeSetName }),
    ...(TemplateURL === undefined ? {} : { 'cloudformation:TemplateUrl': TemplateURL }),
    ...(StackPolicyURL === undefined ? {} : { 'cloudformation:StackPolicyUrl': StackPolicyURL }),
    ...(ResourceTypes === undefined ? {} : { 'cloudformation:ResourceTypes': ResourceTypes }),
  };
}

function anywhere(operation: string): AuthorisationRule {
  return (input: StackInput) => [
    { action: `cloudformation:${operation}`, resource: '*', context: keysOf(input) },
  ];
}

export const authorisation = {
  CancelUpdateStack: onStack('CancelUpdateStack'),
  ContinueUpdateRollback: onStack('ContinueUpdateRollback'),
  CreateChangeSet: onStack('CreateChangeSet'),
  CreateStack: onStack('CreateStack'),
  DeleteChangeSet: onStack('DeleteChangeSet'),
  DeleteStack: onStack('DeleteStack'),
  DescribeChangeSet: onStack('DescribeChangeSet'),
  DescribeStackEvents: onStack('DescribeStackEvents'),
  DescribeStackResource: onStack('DescribeStackResource'),
  DescribeStackResources: onStack('DescribeStackResources'),
  DescribeStacks: onStack('DescribeStacks'),
  ExecuteChangeSet: onStack('ExecuteChangeSet'),
  GetStackPolicy: onStack('GetStackPolicy'),
  GetTemplate: onStack('GetTemplate'),
  GetTemplateSummary: onStack('GetTemplateSummary'),
  ListChangeSets: onStack('ListChangeSets'),
  ListExports: anywhere('ListExports'),
  ListImports: anywhere('ListImports'),
  ListStackResources: onStack('ListStackResources'),
  ListStacks: anywhere('ListStacks'),
  SetStackPolicy: onStack('SetStackPolicy'),
  UpdateStack: onStack('UpdateStack'),
  UpdateTerminationProtection: onStack('UpdateTerminationProtection'),
  ValidateTemplate: anywhere('ValidateTemplate'),
} satisfies Authorisation<CloudformationOperations>;
