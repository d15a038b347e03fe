/** Roles that services own. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html */
export interface ServiceLinkedRole {
  readonly roleName: string;
  /** Name of its AWS managed policy. */
  readonly policy: string;
  /** Whether several of one account may exist, told apart by a suffix. */
  readonly suffix?: true;
}

/** By service principal; the services Lambent has, and those that templates ask for beside them. */
export const SERVICE_LINKED_ROLES: Readonly<Record<string, ServiceLinkedRole>> = {
  'appsync.amazonaws.com': {
    roleName: 'AWSServiceRoleForAppSync',
    policy: 'AWSAppSyncServiceRolePolicy',
  },
  'autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForAutoScaling',
    policy: 'AutoScalingServiceRolePolicy',
    suffix: true,
  },
  'batch.amazonaws.com': { roleName: 'AWSServiceRoleForBatch', policy: 'BatchServiceRolePolicy' },
  'cloudtrail.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudTrail',
    policy: 'CloudTrailServiceRolePolicy',
  },
  'cognito-idp.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonCognitoIdp',
    policy: 'AmazonCognitoIdpServiceRolePolicy',
  },
  'contributorinsights.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBCloudWatchContributorInsights',
    policy: 'DynamoDBCloudWatchContributorInsightsServiceRolePolicy',
  },
  'dynamodb.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_DynamoDBTable',
    policy: 'AWSApplicationAutoscalingDynamoDBTablePolicy',
  },
  'ecs.amazonaws.com': { roleName: 'AWSServiceRoleForECS', policy: 'AmazonECSServiceRolePolicy' },
  'email.cognito-idp.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonCognitoIdpEmailService',
    policy: 'AmazonCognitoIdpEmailServiceRolePolicy',
  },
  'events.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudWatchEvents',
    policy: 'CloudWatchEventsServiceRolePolicy',
  },
  'apidestinations.events.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEventBridgeApiDestinations',
    policy: 'AmazonEventBridgeApiDestinationsServiceRolePolicy',
  },
  'kinesisreplication.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBKinesisDataStreamsReplication',
    policy: 'DynamoDBKinesisReplicationServiceRolePolicy',
  },
  'lambda.amazonaws.com': { roleName: 'AWSServiceRoleForLambda', policy: 'AWSLambdaServiceRolePolicy' },
  'lambda.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency',
    policy: 'AWSApplicationAutoscalingLambdaConcurrencyPolicy',
  },
  'ops.apigateway.amazonaws.com': {
    roleName: 'AWSServiceRoleForAPIGateway',
    policy: 'APIGatewayServiceRolePolicy',
  },
  'replication.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBReplication',
    policy: 'DynamoDBReplicationServiceRolePolicy',
  },
  'replicator.lambda.amazonaws.com': {
    roleName: 'AWSServiceRoleForLambdaReplicator',
    policy: 'AWSLambdaReplicator',
  },
};
