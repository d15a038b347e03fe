import { formatArn } from '../../base/arn.ts';

/** The principal that scales DynamoDB, and its role. https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html */
export const LINKED_SERVICE = 'dynamodb.application-autoscaling.amazonaws.com';

export function roleArn(account: string): string {
  return formatArn(
    'iam',
    '',
    account,
    `role/aws-service-role/${LINKED_SERVICE}/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`,
  );
}
