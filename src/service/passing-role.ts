import type { ActionRequest } from './service.ts';

/**
 * The permission to hand a role to a service, which acts under it from then on. `associated` is the resource the role
 * is for, where its ARN is known by then.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
export function passingRole(roleArn: string, service: string, associated?: string): ActionRequest {
  return {
    action: 'iam:PassRole',
    // A role that is only known when it is used (API Gateway's stage variables) may be any that fits.
    resource: roleArn.replace(/\$\{[^}]*\}/g, '*'),
    context: {
      'iam:PassedToService': service,
      ...(associated === undefined ? {} : { 'iam:AssociatedResourceArn': associated }),
    },
  };
}
