import type { CloudformationOperations } from '../../model/gen/cloudformation.ts';
import type {
  ActionRequest,
  Authorisation,
  AuthorisationRule,
  AuthorisationScope,
} from '../../service/service.ts';
import { stackArn } from './stack.ts';

interface StackInput {
  readonly StackName?: string | undefined;
  readonly RoleARN?: string | undefined;
  readonly ChangeSetName?: string | undefined;
}

/** A stack's ARN as policies name it; the last part is not known from a name. */
function arnOf(name: string | undefined, { account, region }: AuthorisationScope): string {
  if (name === undefined) return '*';
  return name.startsWith('arn:') ? name : stackArn(account, region, name, '*');
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html */
function onStack(operation: string): AuthorisationRule<StackInput> {
  return (input, scope) => {
    const requests: ActionRequest[] = [
      { action: `cloudformation:${operation}`, resource: arnOf(input.StackName ?? stackless(input), scope) },
    ];
    if (input.RoleARN !== undefined) {
      requests.push({
        action: 'iam:PassRole',
        resource: input.RoleARN,
        context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
      });
    }
    return requests;
  };
}

/** A change set's own ARN stands for its stack where no stack is named. */
function stackless({ ChangeSetName }: StackInput): string | undefined {
  return ChangeSetName?.startsWith('arn:') ? ChangeSetName : undefined;
}

function anywhere(operation: string): AuthorisationRule {
  return () => [{ action: `cloudformation:${operation}`, resource: '*' }];
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
  GetTemplate: onStack('GetTemplate'),
  GetTemplateSummary: onStack('GetTemplateSummary'),
  ListChangeSets: onStack('ListChangeSets'),
  ListExports: anywhere('ListExports'),
  ListImports: anywhere('ListImports'),
  ListStackResources: onStack('ListStackResources'),
  ListStacks: anywhere('ListStacks'),
  UpdateStack: onStack('UpdateStack'),
  UpdateTerminationProtection: onStack('UpdateTerminationProtection'),
  ValidateTemplate: anywhere('ValidateTemplate'),
} satisfies Authorisation<CloudformationOperations>;
