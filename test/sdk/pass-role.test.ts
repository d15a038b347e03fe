import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  APIGatewayClient,
  CreateAuthorizerCommand,
  CreateRestApiCommand,
  GetResourcesCommand,
  ImportRestApiCommand,
  PutIntegrationCommand,
  PutMethodCommand,
  UpdateAccountCommand,
  UpdateIntegrationCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudTrailClient, CreateTrailCommand } from '@aws-sdk/client-cloudtrail';
import { CreateRoleCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeUser, policyOf } from '../support/users.ts';

/** Whoever makes a service act under a role must be allowed to pass it, or could do through the service what the role may. */
const lambent = await withLambent();
const iam = lambent.client(IAMClient);
const ROLE = 'arn:aws:iam::000000000000:role/strong';
const EVERYTHING_ELSE = { Effect: 'Allow', NotAction: 'iam:PassRole', Resource: '*' };
let keys: Awaited<ReturnType<typeof makeUser>>;
let apigateway: APIGatewayClient;

before(async () => {
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'strong',
      Tags: [{ Key: 'level', Value: 'high' }],
      AssumeRolePolicyDocument: policyOf({
        Effect: 'Allow',
        Principal: { Service: ['apigateway.amazonaws.com', 'lambda.amazonaws.com'] },
        Action: 'sts:AssumeRole',
      }),
    }),
  );
  keys = await makeUser(iam, 'weak', EVERYTHING_ELSE);
  apigateway = lambent.client(APIGatewayClient, { credentials: keys });
});

const refused = {
  message:
    /is not authorized to perform: iam:PassRole on resource: arn:aws:iam::(000000000000|\*):role\/(strong|\*)/,
};

test('API Gateway is handed roles of integrations, authorizers, documents and of the account', async () => {
  const { id: restApiId } = await apigateway.send(new CreateRestApiCommand({ name: 'api' }));
  const { items } = await apigateway.send(new GetResourcesCommand({ restApiId }));
  const method = { restApiId, resourceId: items?.[0]?.id, httpMethod: 'GET' };
  await apigateway.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
  const uri = 'arn:aws:apigateway:us-east-1:dynamodb:action/ListTables';
  const integration = { ...method, type: 'AWS' as const, integrationHttpMethod: 'POST', uri };
  const patch = (path: string, value: string) => ({
    patchOperations: [{ op: 'replace' as const, path, value }],
  });

  await assert.rejects(
    apigateway.send(new PutIntegrationCommand({ ...integration, credentials: ROLE })),
    refused,
  );
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a stage variable of API Gateway's
  const variable = 'arn:aws:iam::000000000000:role/${stageVariables.role}';
  await assert.rejects(
    apigateway.send(new PutIntegrationCommand({ ...integration, credentials: variable })),
    refused,
  );
  const caller = 'arn:aws:iam::*:user/*';
  await apigateway.send(new PutIntegrationCommand({ ...integration, credentials: caller }));
  await assert.rejects(
    apigateway.send(new UpdateIntegrationCommand({ ...method, ...patch('/credentials', ROLE) })),
    refused,
  );
  await assert.rejects(
    apigateway.send(
      new CreateAuthorizerCommand({
        restApiId,
        name: 'a',
        type: 'TOKEN',
        identitySource: 'method.request.header.Authorization',
        authorizerUri: uri,
        authorizerCredentials: ROLE,
      }),
    ),
    refused,
  );
  await assert.rejects(apigateway.send(new UpdateAccountCommand(patch('/cloudwatchRoleArn', ROLE))), refused);
  const document = {
    openapi: '3.0.1',
    info: { title: 'imported', version: '1' },
    paths: {
      '/': {
        get: {
          'x-amazon-apigateway-integration': { type: 'aws', uri, httpMethod: 'POST', credentials: ROLE },
        },
      },
    },
  };
  await assert.rejects(
    apigateway.send(new ImportRestApiCommand({ body: Buffer.from(JSON.stringify(document)) })),
    refused,
  );
});

test('so are SNS and CloudTrail', async () => {
  const sns = lambent.client(SNSClient, { credentials: keys });
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 't' }));
  const feedback = { AttributeName: 'LambdaSuccessFeedbackRoleArn', AttributeValue: ROLE };
  await assert.rejects(sns.send(new SetTopicAttributesCommand({ TopicArn, ...feedback })), refused);
  await assert.rejects(
    sns.send(new CreateTopicCommand({ Name: 'u', Attributes: { LambdaSuccessFeedbackRoleArn: ROLE } })),
    refused,
  );
  const trails = lambent.client(CloudTrailClient, { credentials: keys });
  await assert.rejects(
    trails.send(
      new CreateTrailCommand({
        Name: 'trail',
        S3BucketName: 'bucket',
        CloudWatchLogsLogGroupArn: 'arn:aws:logs:us-east-1:000000000000:log-group:g:*',
        CloudWatchLogsRoleArn: ROLE,
      }),
    ),
    refused,
  );
});

test('a permission to pass may ask for the service, the resource and the tags of the role', async () => {
  const lambda = lambent.client(LambdaClient, { credentials: keys });
  const create = (FunctionName: string) =>
    lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: ROLE,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Code: { ZipFile: zipSync({ 'index.js': Buffer.from('') }) },
      }),
    );
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'weak',
      PolicyName: 'own',
      PolicyDocument: policyOf(EVERYTHING_ELSE, {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: '*',
        Condition: {
          StringEquals: {
            'iam:PassedToService': 'lambda.amazonaws.com',
            'iam:ResourceTag/level': 'high',
            'aws:ResourceTag/level': 'high',
          },
          ArnLike: { 'iam:AssociatedResourceArn': 'arn:aws:lambda:*:*:function:mine-*' },
        },
      }),
    }),
  );
  await create('mine-1');
  await assert.rejects(create('other'), refused);
});
