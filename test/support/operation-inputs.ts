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

/** Values that mean something to a service, by the member's name: all its operations speak of the same resources. */
const GIVEN: Readonly<Record<string, GivenValues>> = {
  apigateway: { resourceArn: 'arn:aws:apigateway:us-east-1::/restapis/example', httpMethod: 'GET' },
  cloudtrail: {
    ResourceId: arn('cloudtrail', 'trail/example'),
    ResourceIdList: [arn('cloudtrail', 'trail/example')],
  },
  'cognito-idp': {
    UserPoolId: 'us-east-1_example',
    ResourceArn: arn('cognito-idp', 'userpool/us-east-1_example'),
  },
  dynamodb: {
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
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
  },
  lambda: {
    Role: arn('iam', 'role/example', ''),
    Resource: arn('lambda', 'function:example'),
    Arn: arn('lambda', 'layer:example:1'),
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    Qualifier: '1',
  },
  logs: { resourceArn: arn('logs', 'log-group:example') },
  s3: { Bucket: 'example', CopySource: 'example/example', Policy: ALLOW_ALL },
  sns: {
    TopicArn: arn('sns', 'example'),
    ResourceArn: arn('sns', 'example'),
    SubscriptionArn: arn('sns', 'example:01234567-89ab-4cde-8f01-23456789abcd'),
    Protocol: 'sqs',
  },
  sqs: {
    QueueUrl: `http://127.0.0.1/${ACCOUNT}/example`,
    SourceArn: arn('sqs', 'example'),
    TaskHandle: Buffer.from(JSON.stringify({ sourceArn: arn('sqs', 'example') })).toString('base64'),
  },
  sts: { RoleArn: arn('iam', 'role/example', '') },
};

/** Members without which an operation means nothing, though its model does not require them. */
const ALSO: Readonly<Record<string, GivenValues>> = {
  'cloudformation.CreateStack': { TemplateBody: '{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}' },
  'cloudformation.ValidateTemplate': { TemplateBody: '{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}' },
  'cloudformation.UpdateStack': { UsePreviousTemplate: true },
  'cloudformation.CreateChangeSet': { UsePreviousTemplate: true },
  'dynamodb.CreateTable': { TableName: 'example', BillingMode: 'PAY_PER_REQUEST' },
  'dynamodb.DeleteTable': { TableName: 'example' },
  'dynamodb.DescribeTable': { TableName: 'example' },
  'dynamodb.UpdateTable': { TableName: 'example' },
  'dynamodb.RestoreTableToPointInTime': { SourceTableName: 'example', TargetTableName: 'restored' },
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
    Code: { ZipFile: zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') }) },
  },
  'logs.DescribeLogStreams': { logGroupName: 'example' },
  'logs.FilterLogEvents': { logGroupName: 'example' },
  'logs.GetLogEvents': { logGroupName: 'example' },
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
    .sort((one, other) => stageOf(one) - stageOf(other));
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
  return { name, model, operation, input };
}

/** What creates goes first and what deletes last, so that all others find something. */
function stageOf({ operation: { name } }: AskedOperation): number {
  if (/^(Create|Put)/.test(name)) return 0;
  return /^(Delete|Remove|Detach|Untag|Leave|Deactivate)/.test(name) ? 2 : 1;
}
