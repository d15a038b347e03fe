import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { APIGatewayClient, CreateRestApiCommand } from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CognitoIdentityProviderClient,
  CreateUserPoolCommand,
  DescribeUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import * as lambdaSdk from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { makeUser, policyOf } from '../support/users.ts';

/** The condition keys of services, in the policies AWS's documentation shows for them. */
const lambent = await withLambent();
const iam = lambent.client(IAMClient);
const Bucket = 'service-keys';
let role = '';
let credentials: Awaited<ReturnType<typeof makeUser>>;
const TemplateBody = JSON.stringify({ Resources: { Queue: { Type: 'AWS::SQS::Queue' } } });

before(async () => {
  role = await makeFunctionRole(iam, 'runs');
  credentials = await makeUser(iam, 'asking', { Effect: 'Deny', Action: 's3:*', Resource: '*' });
  await lambent.client(S3Client).send(new CreateBucketCommand({ Bucket }));
});

/** The one policy of the user from now on. */
async function allow(...statements: readonly object[]): Promise<void> {
  const PolicyDocument = policyOf(
    ...statements.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement })),
  );
  await iam.send(new PutUserPolicyCommand({ UserName: 'asking', PolicyName: 'own', PolicyDocument }));
}

const denied = /is not authorized to perform|AccessDenied|Access Denied/;

test('S3: how a request was signed, what an object is made on condition of, and of what kind', async () => {
  const s3 = lambent.client(S3Client, { credentials });
  const put = (more: object = {}) => s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ...more }));
  await allow({ Action: 's3:PutObject', Condition: { Null: { 's3:if-none-match': 'false' } } });
  await assert.rejects(put(), denied);
  await put({ IfNoneMatch: '*' });
  await allow({
    Action: 's3:PutObject',
    Condition: {
      Bool: { 's3:ObjectCreationOperation': 'true' },
      StringEquals: { 's3:x-amz-website-redirect-location': '/b', 's3:ResourceAccount': '000000000000' },
    },
  });
  await assert.rejects(put(), denied);
  await put({ WebsiteRedirectLocation: '/b' });
  await allow({
    Action: 's3:GetObject',
    Condition: { StringEquals: { 's3:authType': 'REST-QUERY-STRING' } },
  });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: 'a' })), denied);
  const address = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'a' }), { expiresIn: 60 });
  assert.equal((await fetch(address)).status, 200);
  await allow({ Action: 's3:GetObject', Condition: { NumericGreaterThan: { 's3:signatureAge': '600000' } } });
  assert.equal((await fetch(address)).status, 403);
  await allow({ Action: 's3:PutObject' });
  await assert.rejects(put({ ACL: 'bucket-owner-full-control' }), denied);
});

test('Lambda: the function of a mapping, layers, whom a statement lets in, how a URL is open', async () => {
  const lambda = lambent.client(lambdaSdk.LambdaClient, { credentials });
  const create = (FunctionName: string, more: object = {}) =>
    lambda.send(
      new lambdaSdk.CreateFunctionCommand({
        FunctionName,
        Role: role,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Code: { ZipFile: zipSync({ 'index.js': Buffer.from('') }) },
        ...more,
      }),
    );
  await allow(
    { Action: 'iam:PassRole' },
    { Action: 'lambda:CreateFunction', Condition: { Null: { 'lambda:SubnetIds': 'true' } } },
  );
  await create('f');
  await assert.rejects(create('g', { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: [] } }), denied);
  await assert.rejects(create('h', { Tags: { team: 'a' } }), /lambda:TagResource/);

  const permission = { FunctionName: 'f', Action: 'lambda:InvokeFunction' };
  await allow({
    Action: ['lambda:AddPermission', 'lambda:RemovePermission'],
    Condition: { StringEquals: { 'lambda:Principal': 'sns.amazonaws.com' } },
  });
  const add = (StatementId: string, Principal: string) =>
    new lambdaSdk.AddPermissionCommand({ ...permission, StatementId, Principal });
  await assert.rejects(lambda.send(add('all', '*')), denied);
  await lambda.send(add('sns', 'sns.amazonaws.com'));
  await lambent.client(lambdaSdk.LambdaClient).send(add('s3', 's3.amazonaws.com'));
  const remove = (StatementId: string) =>
    lambda.send(new lambdaSdk.RemovePermissionCommand({ FunctionName: 'f', StatementId }));
  await assert.rejects(remove('s3'), denied);
  await remove('sns');

  await allow({
    Action: 'lambda:CreateFunctionUrlConfig',
    Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
  });
  const open = (AuthType: 'NONE' | 'AWS_IAM') =>
    lambda.send(new lambdaSdk.CreateFunctionUrlConfigCommand({ FunctionName: 'f', AuthType }));
  await assert.rejects(open('NONE'), denied);
  await open('AWS_IAM');

  const EventSourceArn = 'arn:aws:sqs:us-east-1:000000000000:nowhere';
  const own = 'arn:aws:lambda:us-east-1:000000000000:function:mine';
  await allow({
    Action: 'lambda:CreateEventSourceMapping',
    Condition: { ArnEquals: { 'lambda:FunctionArn': own } },
  });
  await assert.rejects(
    lambda.send(new lambdaSdk.CreateEventSourceMappingCommand({ FunctionName: 'f', EventSourceArn })),
    denied,
  );
});

test('CloudFormation, API Gateway, user pools: what is asked for, and the tags of what is there', async () => {
  const cloudformation = lambent.client(CloudFormationClient, { credentials });
  await lambent
    .client(CloudFormationClient)
    .send(new CreateStackCommand({ StackName: 'ours', TemplateBody, Tags: [{ Key: 'team', Value: 'a' }] }));
  const ours = { Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } };
  await allow({ Action: 'cloudformation:DescribeStacks', ...ours });
  await cloudformation.send(new DescribeStacksCommand({ StackName: 'ours' }));
  await allow({ Action: 'cloudformation:*', Condition: { Null: { 'cloudformation:TemplateUrl': 'false' } } });
  await assert.rejects(
    cloudformation.send(new CreateStackCommand({ StackName: 'theirs', TemplateBody })),
    denied,
  );

  const pools = lambent.client(CognitoIdentityProviderClient, { credentials });
  const make = (team: string) =>
    lambent
      .client(CognitoIdentityProviderClient)
      .send(new CreateUserPoolCommand({ PoolName: team, UserPoolTags: { team } }));
  const [a, b] = [await make('a'), await make('b')];
  await allow({ Action: 'cognito-idp:DescribeUserPool', ...ours });
  await pools.send(new DescribeUserPoolCommand({ UserPoolId: a.UserPool?.Id }));
  await assert.rejects(pools.send(new DescribeUserPoolCommand({ UserPoolId: b.UserPool?.Id })), denied);

  const apigateway = lambent.client(APIGatewayClient, { credentials });
  await allow({
    Action: 'apigateway:POST',
    Condition: { StringLike: { 'apigateway:Request/ApiName': 'test-*' } },
  });
  await apigateway.send(new CreateRestApiCommand({ name: 'test-a' }));
  await assert.rejects(apigateway.send(new CreateRestApiCommand({ name: 'prod' })), denied);
});

test('what is made with tags takes the permission to tag', async () => {
  const theirs = lambent.client(IAMClient, { credentials });
  const Tags = [{ Key: 'team', Value: 'a' }];
  await allow({ Action: 'iam:CreateUser' });
  await assert.rejects(theirs.send(new CreateUserCommand({ UserName: 'tagged', Tags })), /iam:TagUser/);
  await theirs.send(new CreateUserCommand({ UserName: 'bare' }));
});
