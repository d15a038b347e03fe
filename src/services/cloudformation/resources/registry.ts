import { type ResourceType, resourceType } from '../schema/resource-type.ts';
import { apiAccount, apiAuthorizer, apiDeployment, apiMethod, apiResource, apiStage } from './api-parts.ts';
import {
  apiGatewayResponse,
  apiKey,
  apiModel,
  apiRequestValidator,
  usagePlan,
  usagePlanKey,
} from './api-plans.ts';
import { scalableTarget, scalingPolicy } from './application-autoscaling.ts';
import { cdkMetadata } from './cdk-metadata.ts';
import {
  userPool,
  userPoolClient,
  userPoolDomain,
  userPoolGroup,
  userPoolResourceServer,
  userPoolUser,
} from './cognito.ts';
import { customResource } from './custom-resource.ts';
import { dynamodbTable } from './dynamodb-table.ts';
import { accessKey, group, instanceProfile, role, user } from './iam-entity.ts';
import { inlinePolicy, managedPolicy } from './iam-policy.ts';
import { lambdaFunction } from './lambda-function.ts';
import {
  alias,
  eventInvokeConfig,
  eventSourceMapping,
  functionUrl,
  layerVersion,
  permission,
  version,
} from './lambda-parts.ts';
import { codeSigningConfig, layerVersionPermission } from './lambda-settings.ts';
import { metricFilter, subscriptionFilter } from './log-filters.ts';
import { logGroup } from './log-group.ts';
import { nestedStack } from './nested-stack.ts';
import type { ResourceProvider } from './provider.ts';
import { restApi } from './rest-api.ts';
import { bucketPolicy, s3Bucket } from './s3-bucket.ts';
import { snsSubscription, snsTopic, snsTopicInlinePolicy, snsTopicPolicy } from './sns-topic.ts';
import { queueInlinePolicy, queuePolicy, sqsQueue } from './sqs-queue.ts';
import { waitConditionHandle } from './wait-condition-handle.ts';

const CUSTOM = 'AWS::CloudFormation::CustomResource';

/** What Lambent can make. A type that is not here is refused by name. */
const PROVIDERS: Readonly<Record<string, ResourceProvider>> = {
  [CUSTOM]: customResource,
  'AWS::ApiGateway::Account': apiAccount,
  'AWS::ApiGateway::ApiKey': apiKey,
  'AWS::ApiGateway::Authorizer': apiAuthorizer,
  'AWS::ApiGateway::Deployment': apiDeployment,
  'AWS::ApiGateway::GatewayResponse': apiGatewayResponse,
  'AWS::ApiGateway::Method': apiMethod,
  'AWS::ApiGateway::Model': apiModel,
  'AWS::ApiGateway::RequestValidator': apiRequestValidator,
  'AWS::ApiGateway::Resource': apiResource,
  'AWS::ApiGateway::RestApi': restApi,
  'AWS::ApiGateway::Stage': apiStage,
  'AWS::ApiGateway::UsagePlan': usagePlan,
  'AWS::ApiGateway::UsagePlanKey': usagePlanKey,
  'AWS::ApplicationAutoScaling::ScalableTarget': scalableTarget,
  'AWS::ApplicationAutoScaling::ScalingPolicy': scalingPolicy,
  'AWS::CDK::Metadata': cdkMetadata,
  'AWS::CloudFormation::Stack': nestedStack,
  'AWS::CloudFormation::WaitConditionHandle': waitConditionHandle,
  'AWS::Cognito::UserPool': userPool,
  'AWS::Cognito::UserPoolClient': userPoolClient,
  'AWS::Cognito::UserPoolDomain': userPoolDomain,
  'AWS::Cognito::UserPoolGroup': userPoolGroup,
  'AWS::Cognito::UserPoolResourceServer': userPoolResourceServer,
  'AWS::Cognito::UserPoolUser': userPoolUser,
  'AWS::DynamoDB::Table': dynamodbTable,
  'AWS::IAM::AccessKey': accessKey,
  'AWS::IAM::Group': group,
  'AWS::IAM::InstanceProfile': instanceProfile,
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inlinePolicy,
  'AWS::IAM::Role': role,
  'AWS::IAM::User': user,
  'AWS::Lambda::Alias': alias,
  'AWS::Lambda::CodeSigningConfig': codeSigningConfig,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::LayerVersion': layerVersion,
  'AWS::Lambda::LayerVersionPermission': layerVersionPermission,
  'AWS::Lambda::Permission': permission,
  'AWS::Lambda::Url': functionUrl,
  'AWS::Lambda::Version': version,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::MetricFilter': metricFilter,
  'AWS::Logs::SubscriptionFilter': subscriptionFilter,
  'AWS::S3::Bucket': s3Bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::SNS::Subscription': snsSubscription,
  'AWS::SNS::Topic': snsTopic,
  'AWS::SNS::TopicInlinePolicy': snsTopicInlinePolicy,
  'AWS::SNS::TopicPolicy': snsTopicPolicy,
  'AWS::SQS::Queue': sqsQueue,
  'AWS::SQS::QueueInlinePolicy': queueInlinePolicy,
  'AWS::SQS::QueuePolicy': queuePolicy,
};

export function isCustomType(type: string): boolean {
  return type.startsWith('Custom::') || type === CUSTOM;
}

export function providerOf(type: string): ResourceProvider | undefined {
  const name = isCustomType(type) ? CUSTOM : type;
  return Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
}

/** Types without a schema: they take what they are given. */
export function takesAnything(type: string): boolean {
  return isCustomType(type) || type === 'AWS::CDK::Metadata';
}

/** The schema that properties of the type conform to. */
export function schemaTypeOf(type: string): ResourceType | undefined {
  return takesAnything(type) ? undefined : resourceType(type);
}
