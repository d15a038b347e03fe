import { zipSync } from 'fflate';
import { loadModel } from '../../src/model/load.ts';
import type { OperationModel, ServiceModel } from '../../src/model/model.ts';
import { validatorOf } from '../../src/model/validate.ts';
import { services } from '../../src/services/index.ts';
import { type GivenValues, minimalInput } from './minimal-input.ts';

/** An operation of the registry that asks for permission, with an input its model takes. */
export interface AskedOperation {
  /** `dynamodb.GetItem` */
  readonly name: string;
  readonly model: ServiceModel;
  readonly operation: OperationModel;
  readonly input: Readonly<Record<string, unknown>>;
  readonly stage: 0 | 1 | 2 | 3;
}

const ACCOUNT = '000000000000';
const arn = (service: string, resource: string, region = 'us-east-1') =>
  `arn:aws:${service}:${region}:${ACCOUNT}:${resource}`;
const ALLOW_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});
/** Of a role for functions, which whoever of the account is allowed to may assume too. */
const TRUST_OWN = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root`, Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    },
  ],
});
const ITEM = { id: { S: 'example' } };
const TABLE = {
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
};
const ZIP = zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') });
/** Of a function that S3 invokes; nothing for users. */
const FOR_S3 = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: arn('lambda', 'function:example'),
  },
});
/** What trails ask of their bucket; nothing for users. */
const TRAILS_BUCKET = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'cloudtrail.amazonaws.com' },
      Action: ['s3:GetBucketAcl', 's3:PutObject'],
      Resource: ['arn:aws:s3:::example', 'arn:aws:s3:::example/*'],
    },
  ],
});

/** Values that mean something to a service, by the member's name: all its operations speak of the same resources. */
const GIVEN: Readonly<Record<string, GivenValues>> = {
  apigateway: {
    resourceArn: 'arn:aws:apigateway:us-east-1::/restapis/example',
    httpMethod: 'GET',
    authorizationType: 'NONE',
    statusCode: '200',
    keyType: 'API_KEY',
    exportType: 'oas30',
  },
  'application-autoscaling': {
    ServiceNamespace: 'dynamodb',
    ResourceId: 'table/example',
    ScalableDimension: 'dynamodb:table:ReadCapacityUnits',
    MinCapacity: 1,
    MaxCapacity: 10,
    ResourceARN: arn('application-autoscaling', 'scalable-target/example'),
  },
  cloudtrail: {
    ResourceId: arn('cloudtrail', 'trail/example'),
    ResourceIdList: [arn('cloudtrail', 'trail/example')],
  },
  'cognito-idp': {
    UserPoolId: 'us-east-1_example',
    ResourceArn: arn('cognito-idp', 'userpool/us-east-1_example'),
  },
  dynamodb: {
    ResourceArn: arn('dynamodb', 'table/example'),
    BackupArn: arn('dynamodb', 'table/example/backup/01234567890123-01234567'),
    Statement: `SELECT * FROM "example" WHERE id = 'example'`,
    Key: ITEM,
    Item: ITEM,
    Tags: [{ Key: 'example', Value: 'example' }],
    Policy: ALLOW_ALL,
  },
  dynamodbstreams: { StreamArn: arn('dynamodb', 'table/example/stream/2026-01-01T00:00:00.000') },
  iam: {
    AssumeRolePolicyDocument: TRUST_OWN,
    PolicyDocument: ALLOW_ALL,
    PolicyArn: arn('iam', 'policy/example', ''),
    PermissionsBoundary: arn('iam', 'policy/example', ''),
    PolicySourceArn: arn('iam', 'user/example', ''),
    Arn: arn('iam', 'user/example', ''),
    SerialNumber: arn('iam', 'mfa/example', ''),
    OpenIDConnectProviderArn: arn('iam', 'oidc-provider/example.com', ''),
    SAMLProviderArn: arn('iam', 'saml-provider/example', ''),
    Url: 'https://example.com',
    AWSServiceName: 'lambda.amazonaws.com',
    PolicyInputList: [ALLOW_ALL],
    ServiceName: 'codecommit.amazonaws.com',
    EntityPath: 'o-example1234/r-exam',
  },
  lambda: {
    Role: arn('iam', 'role/example', ''),
    Resource: arn('lambda', 'function:example'),
    Arn: arn('lambda', 'layer:example:1'),
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    Qualifier: '1',
    CodeSigningConfigArn: arn('lambda', 'code-signing-config:csc-0123456789abcdef0'),
    ResourceArn: arn('lambda', 'function:example'),
    Policy: FOR_S3,
    CapacityProviderOperatorRoleArn: arn('iam', 'role/example', ''),
    SubnetIds: ['subnet-0123456789abcdef0'],
    SecurityGroupIds: ['sg-0123456789abcdef0'],
    AllowedPublishers: {
      SigningProfileVersionArns: [arn('signer', '/signing-profiles/example/0123456789')],
    },
  },
  organizations: { Content: ALLOW_ALL, ServicePrincipal: 'cloudtrail.amazonaws.com' },
  logs: { resourceArn: arn('logs', 'log-group:example') },
  s3: { Bucket: 'example', CopySource: 'example/example', Policy: TRAILS_BUCKET, AllowedMethods: ['GET'] },
  sns: {
    TopicArn: arn('sns', 'example'),
    ResourceArn: arn('sns', 'example'),
    SubscriptionArn: arn('sns', 'example:01234567-89ab-4cde-8f01-23456789abcd'),
    Protocol: 'sqs',
    AWSAccountId: ['111122223333'],
    ActionName: ['Publish'],
  },
  sqs: {
    QueueUrl: `http://127.0.0.1/${ACCOUNT}/example`,
    SourceArn: arn('sqs', 'example'),
    AWSAccountIds: ['111122223333'],
    Actions: ['SendMessage'],
    Attributes: { VisibilityTimeout: '30' },
    TaskHandle: Buffer.from(JSON.stringify({ sourceArn: arn('sqs', 'example') })).toString('base64'),
  },
  sts: {
    RoleArn: arn('iam', 'role/example', ''),
    TargetPrincipal: '111122223333',
    Audience: ['example'],
    SigningAlgorithm: 'ES384',
    TaskPolicyArn: { arn: 'arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials' },
  },
};

/** Members without which an operation means nothing, though its model does not require them. */
const ALSO: Readonly<Record<string, GivenValues>> = {
  'apigateway.CreateAuthorizer': {
    type: 'COGNITO_USER_POOLS',
    providerARNs: [arn('cognito-idp', 'userpool/us-east-1_example')],
  },
  'apigateway.CreateModel': { schema: '{"type":"object","properties":{"id":{"type":"string"}}}' },
  'apigateway.PutIntegration': { type: 'MOCK' },
  'cloudformation.CreateStack': { TemplateBody: '{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}' },
  'cloudformation.SetStackPolicy': { StackPolicyBody: '{}' },
  'cloudformation.UpdateTerminationProtection': { EnableTerminationProtection: false },
  'cloudformation.DescribeChangeSet': { StackName: 'example' },
  'cloudformation.ExecuteChangeSet': { StackName: 'example' },
  'cloudformation.DeleteChangeSet': { StackName: 'example' },
  'cloudformation.GetTemplate': { StackName: 'example' },
  'cloudformation.GetTemplateSummary': { StackName: 'example' },
  'cloudformation.DescribeStackResources': { StackName: 'example' },
  'cloudformation.DescribeStackResource': { LogicalResourceId: 'Topic' },
  'cloudformation.ValidateTemplate': { TemplateBody: '{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}' },
  'cloudformation.UpdateStack': { UsePreviousTemplate: true },
  'cloudformation.CreateChangeSet': { UsePreviousTemplate: true },
  'dynamodb.UpdateContributorInsights': { ContributorInsightsAction: 'ENABLE' },
  'dynamodb.CreateTable': { TableName: 'example', BillingMode: 'PAY_PER_REQUEST', ...TABLE },
  'dynamodb.DeleteTable': { TableName: 'example' },
  'dynamodb.DescribeTable': { TableName: 'example' },
  'dynamodb.UpdateTable': {
    TableName: 'example',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  },
  'dynamodb.RestoreTableFromBackup': { TargetTableName: 'copied' },
  'dynamodb.RestoreTableToPointInTime': {
    SourceTableName: 'example',
    TargetTableName: 'restored',
    UseLatestRestorableTime: true,
  },
  'dynamodb.BatchWriteItem': { RequestItems: { example: [{ PutRequest: { Item: ITEM } }] } },
  'dynamodb.BatchGetItem': { RequestItems: { example: { Keys: [ITEM] } } },
  'dynamodb.TransactWriteItems': { TransactItems: [{ Put: { TableName: 'example', Item: ITEM } }] },
  'dynamodb.Query': {
    KeyConditionExpression: 'id = :id',
    ExpressionAttributeValues: { ':id': { S: 'example' } },
  },
  'lambda.CreateFunction': {
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Code: { ZipFile: ZIP },
  },
  'lambda.PublishLayerVersion': { Content: { ZipFile: ZIP } },
  'lambda.UpdateFunctionCode': { ZipFile: ZIP },
  'lambda.PutFunctionEventInvokeConfig': { MaximumRetryAttempts: 1 },
  'lambda.UpdateFunctionEventInvokeConfig': { MaximumRetryAttempts: 2 },
  'iam.CreateLoginProfile': { UserName: 'example', Password: 'An-example-1' },
  'iam.UpdateAssumeRolePolicy': { PolicyDocument: TRUST_OWN },
  'logs.DescribeLogStreams': { logGroupName: 'example' },
  'logs.FilterLogEvents': { logGroupName: 'example' },
  'logs.GetLogEvents': { logGroupName: 'example' },
  's3.PutBucketAbac': { AbacStatus: { Status: 'Disabled' } },
  // Refused for its pattern by whoever lets it in: an answer that is a stream would not end.
  'logs.StartLiveTail': {
    logGroupIdentifiers: [arn('logs', 'log-group:example')],
    logEventFilterPattern: '{',
  },
  's3.PutBucketVersioning': { VersioningConfiguration: { Status: 'Suspended' } },
  's3.PutBucketLifecycleConfiguration': {
    LifecycleConfiguration: {
      Rules: [{ ID: 'example', Status: 'Enabled', Filter: { Prefix: 'old/' }, Expiration: { Days: 30 } }],
    },
  },
  's3.PutBucketWebsite': { WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' } } },
  'sns.Publish': { TopicArn: arn('sns', 'example') },
  'sns.SetTopicAttributes': { AttributeName: 'DisplayName', AttributeValue: 'example' },
  'sns.Subscribe': { Endpoint: arn('sqs', 'example') },
};

/**
 * Every operation of every service of the registry that asks for permission, in the order in which a person would try
 * them. `learned` are further values by service and member: ids that a service made up.
 */
export function askedOperations(
  learned: Readonly<Record<string, GivenValues>> = {},
): readonly AskedOperation[] {
  return services
    .flatMap(({ name: service, model: modelName, operations, authorisation }) => {
      if (modelName === undefined) return [];
      const model = loadModel(modelName);
      return Object.keys(operations)
        .filter((name) => authorisation[name] !== 'none')
        .map((name) => asked(service, model, name, learned[service]));
    })
    .sort((one, other) => one.stage - other.stage);
}

function asked(
  service: string,
  model: ServiceModel,
  operationName: string,
  learned: GivenValues | undefined,
): AskedOperation {
  const name = `${service}.${operationName}`;
  const operation = model.operations[operationName];
  if (operation === undefined) throw new Error(`${name} is in no model`);
  const input = { ...minimalInput(model, operation, { ...GIVEN[service], ...learned }), ...ALSO[name] };
  const violations = validatorOf(model, operationName)(input);
  if (violations.length > 0) throw new Error(`${name}: ${JSON.stringify(violations)}`);
  return { name, model, operation, input, stage: stageOf(operationName) };
}

/** In the order in which all find something: what makes things (0), what deletes what is in them (2), and them (3). */
function stageOf(name: string): AskedOperation['stage'] {
  if (/^(Create|Put|AdminCreate)/.test(name)) return 0;
  if (!/^(Admin)?(Delete|Remove|Detach|Untag|Leave|Deactivate)/.test(name)) return 1;
  return WHOLE.test(name) ? 3 : 2;
}

const WHOLE =
  /^Delete(RestApi|Stack|Trail|UserPool|Table|User|Group|Role|Policy|Function|LogGroup|Organization|Bucket|Topic|Queue)$/;

/** Ids that services make up: of which answer, where in it, and which members of the service's inputs take them. */
const LEARNED: readonly (readonly [operation: string, where: RegExp, members: readonly string[]])[] = [
  ['apigateway.CreateRestApi', /"id":"(\w+)"/, ['restApiId']],
  ['apigateway.CreateRestApi', /"rootResourceId":"(\w+)"/, ['resourceId', 'parentId']],
  ['apigateway.CreateDeployment', /"id":"(\w+)"/, ['deploymentId']],
  ['apigateway.CreateApiKey', /"id":"(\w+)"/, ['apiKey', 'keyId']],
  ['apigateway.CreateUsagePlan', /"id":"(\w+)"/, ['usagePlanId']],
  ['apigateway.CreateAuthorizer', /"id":"(\w+)"/, ['authorizerId']],
  ['apigateway.CreateRequestValidator', /"id":"(\w+)"/, ['requestValidatorId']],
  ['cognito-idp.CreateUserPool', /"Id":"([^"]+)"/, ['UserPoolId']],
  ['cognito-idp.CreateUserPool', /"Arn":"([^"]+)"/, ['ResourceArn']],
  ['cognito-idp.CreateUserPoolClient', /"ClientId":"([^"]+)"/, ['ClientId']],
  [
    'organizations.ListRoots',
    /"Id":"(r-\w+)"/,
    ['RootId', 'ParentId', 'TargetId', 'ResourceId', 'SourceParentId'],
  ],
  [
    'organizations.CreateOrganizationalUnit',
    /"Id":"(ou-[\w-]+)"/,
    ['OrganizationalUnitId', 'ChildId', 'DestinationParentId'],
  ],
  ['organizations.CreatePolicy', /"Id":"(p-\w+)"/, ['PolicyId']],
  ['organizations.CreateAccount', /"Id":"(car-\w+)"/, ['CreateAccountRequestId']],
  ['s3.CreateMultipartUpload', /<UploadId>([^<]+)/, ['UploadId']],
  ['dynamodb.CreateBackup', /"BackupArn":"([^"]+)"/, ['BackupArn']],
];

/** The ids in the answers that came, by service and member. */
export function learnedFrom(answers: ReadonlyMap<string, string>): Readonly<Record<string, GivenValues>> {
  const learned: Record<string, Record<string, unknown>> = {};
  for (const [operation, where, members] of LEARNED) {
    const id = where.exec(answers.get(operation) ?? '')?.[1];
    const [service = ''] = operation.split('.');
    if (id !== undefined)
      learned[service] = {
        ...learned[service],
        ...Object.fromEntries(members.map((member) => [member, id])),
      };
  }
  const api = learned['apigateway']?.['restApiId'];
  if (api !== undefined)
    learned['apigateway'] = {
      ...learned['apigateway'],
      resourceArn: `arn:aws:apigateway:us-east-1::/restapis/${String(api)}`,
    };
  return learned;
}
