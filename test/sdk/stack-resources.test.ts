import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as apigateway from '@aws-sdk/client-api-gateway';
import * as cfn from '@aws-sdk/client-cloudformation';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';

/** Every resource type Lambent makes, related to each other as templates relate them. */
const TEMPLATE = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies: [{PolicyName: logs, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: 'logs:*', Resource: '*'}]}}]
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: nodejs20.x
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          const { send, SUCCESS } = require('cfn-response');
          exports.handler = (event, context) =>
            send(event, context, SUCCESS, { N: Number(event.ResourceProperties.A) + 1 }, 'custom');
  C: {Type: Custom::Counter, Properties: {ServiceToken: !GetAtt Fn.Arn, A: 41}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: manual}
  Res: {Type: AWS::ApiGateway::Resource, Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: x}}
  M:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Res
      HttpMethod: GET
      AuthorizationType: NONE
      ApiKeyRequired: true
      Integration: {Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}, IntegrationResponses: [{StatusCode: 200, ResponseTemplates: {application/json: '{"ok": true}'}}]}
      MethodResponses: [{StatusCode: 200}]
  Dep: {Type: AWS::ApiGateway::Deployment, DependsOn: M, Properties: {RestApiId: !Ref Api}}
  St: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Dep, StageName: v1, Variables: {a: b}, MethodSettings: [{ResourcePath: '/*', HttpMethod: '*', ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5}]}}
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: abcdefghij0123456789klmn, StageKeys: []}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, DependsOn: St, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: v1}], Quota: {Limit: 100, Period: MONTH}, Throttle: {RateLimit: 1, BurstLimit: 2}}}
  PK: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  Auth: {Type: AWS::ApiGateway::Authorizer, Properties: {Name: a, Type: COGNITO_USER_POOLS, RestApiId: !Ref Api, IdentitySource: method.request.header.Authorization, ProviderARNs: [!GetAtt Pool.Arn]}}
  Mod: {Type: AWS::ApiGateway::Model, Properties: {RestApiId: !Ref Api, ContentType: application/json, Name: Thing, Schema: {type: object}}}
  Val: {Type: AWS::ApiGateway::RequestValidator, Properties: {RestApiId: !Ref Api, ValidateRequestBody: true}}
  GR: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Api, ResponseType: DEFAULT_4XX, ResponseParameters: {gatewayresponse.header.X: "'y'"}}}
  Pool: {Type: AWS::Cognito::UserPool, Properties: {Schema: [{Name: email, AttributeDataType: String, Required: true}], MfaConfiguration: 'OFF', AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}}}
  PolA: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}, Roles: [!Ref Role]}}
  PolB: {Type: AWS::IAM::Policy, Properties: {PolicyName: inl, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: 's3:*', Resource: '*'}]}, Roles: [!Ref Role], Users: [!Ref User]}}
  User: {Type: AWS::IAM::User, Properties: {Groups: [!Ref Group]}}
  Group: {Type: AWS::IAM::Group}
  AK: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
  IP: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: a, AttributeType: S}, {AttributeName: b, AttributeType: S}]
      KeySchema: [{AttributeName: a, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: '2'}
      GlobalSecondaryIndexes: [{IndexName: ggg, KeySchema: [{AttributeName: b, KeyType: HASH}], Projection: {ProjectionType: ALL}, ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}}]
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      Tags: [{Key: k, Value: v}]
  Scaled: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {MinCapacity: 1, MaxCapacity: 5, ResourceId: !Sub 'table/\${T}', ScalableDimension: dynamodb:table:ReadCapacityUnits, ServiceNamespace: dynamodb, RoleARN: !GetAtt Role.Arn, ScheduledActions: [{ScheduledActionName: daily, Schedule: cron(0 8 * * ? *), StartTime: '2030-01-01T00:00:00Z', ScalableTargetAction: {MinCapacity: 2}}], Tags: [{Key: a, Value: b}]}}
  Half: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {PolicyName: half, PolicyType: TargetTrackingScaling, ScalingTargetId: !Ref Scaled, TargetTrackingScalingPolicyConfiguration: {TargetValue: 50, PredefinedMetricSpecification: {PredefinedMetricType: DynamoDBReadCapacityUtilization}}}}
  LG: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Heard: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Fn, Action: lambda:InvokeFunction, Principal: logs.amazonaws.com}}
  LSub: {Type: AWS::Logs::SubscriptionFilter, DependsOn: Heard, Properties: {LogGroupName: !Ref LG, FilterPattern: ERROR, DestinationArn: !GetAtt Fn.Arn}}
  LMetric: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: !Ref LG, FilterPattern: '[a, b]', MetricTransformations: [{MetricName: m, MetricNamespace: n, MetricValue: $a, Dimensions: [{Key: k, Value: $b}]}]}}
  W: {Type: AWS::CloudFormation::WaitConditionHandle}
  URL: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Fn.Arn, AuthType: NONE}}
  Inv: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref Fn, Qualifier: $LATEST, MaximumRetryAttempts: 0}}
  Ver: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn}}
  Ali: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Fn, FunctionVersion: !GetAtt Ver.Version, Name: live}}
  ESM: {Type: AWS::Lambda::EventSourceMapping, DependsOn: ESP, Properties: {EventSourceArn: !GetAtt T.StreamArn, FunctionName: !Ref Fn, StartingPosition: LATEST}}
  ESP: {Type: AWS::IAM::Policy, Properties: {PolicyName: esp, Roles: [!Ref Role], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: 'dynamodb:*', Resource: '*'}]}}}
  B: {Type: AWS::S3::Bucket}
  Grp: {Type: AWS::Cognito::UserPoolGroup, Properties: {UserPoolId: !Ref Pool, GroupName: g}}
  Dom: {Type: AWS::Cognito::UserPoolDomain, Properties: {UserPoolId: !Ref Pool, Domain: mydomain}}
  Dead: {Type: AWS::SQS::Queue}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}, Tags: [{Key: q, Value: r}]}}
  Fifo: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
  QP: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: '*', Action: 'sqs:SendMessage', Resource: '*'}]}}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      Tags: [{Key: a, Value: b}]
      VersioningConfiguration: {Status: Enabled}
      CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*'], ExposedHeaders: [ETag], MaxAge: 300}]}
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]}
      WebsiteConfiguration: {IndexDocument: index.html, ErrorDocument: e.html}
      PublicAccessBlockConfiguration: {BlockPublicPolicy: false}
      OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}
  BP: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: 's3:GetObject', Resource: !Sub '\${Bucket.Arn}/*'}]}}}
  Acc: {Type: AWS::ApiGateway::Account, Properties: {CloudWatchRoleArn: !GetAtt Role.Arn}}
Outputs:
  N: {Value: !GetAtt C.N}
  U: {Value: !GetAtt URL.FunctionUrl}
  Secret: {Value: !GetAtt AK.SecretAccessKey}
  X: {Value: !Sub 'https://\${Api}.execute-api.\${AWS::Region}.amazonaws.com/v1/x'}
  D: {Value: !Sub 'https://\${Dom}.auth.\${AWS::Region}.amazoncognito.com/login'}
`;

/** A change in place, or one that replaces, for most of them. */
const CHANGES: readonly (readonly [string, string])[] = [
  [
    'VisibilityTimeout: 60, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}',
    'DelaySeconds: 4',
  ],
  ['VersioningConfiguration: {Status: Enabled}', 'VersioningConfiguration: {Status: Suspended}'],
  [
    "CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*'], ExposedHeaders: [ETag], MaxAge: 300}]}",
    '',
  ],
  [
    'WebsiteConfiguration: {IndexDocument: index.html, ErrorDocument: e.html}',
    'WebsiteConfiguration: {IndexDocument: home.html}',
  ],
  ['A: 41', 'A: 51'],
  ['Name: manual', 'Name: manual2'],
  ['"ok": true', '"ok": false'],
  ['Variables: {a: b}', 'Variables: {c: d}'],
  ['ThrottlingRateLimit: 10', 'ThrottlingRateLimit: 20'],
  ['Limit: 100', 'Limit: 200'],
  ['RateLimit: 1,', 'RateLimit: 3,'],
  ['Enabled: true, Value', 'Enabled: false, Value'],
  ['Name: a, Type: COG', 'Name: renamed, Type: COG'],
  ['Schema: {type: object}', 'Schema: {type: array}'],
  ['ValidateRequestBody: true', 'ValidateRequestParameters: true'],
  ['X: "\'y\'"', 'Z: "\'y\'"'],
  ["MfaConfiguration: 'OFF'", "MfaConfiguration: 'OPTIONAL', EnabledMfas: [SOFTWARE_TOKEN_MFA]"],
  ["Action: 's3:*'", "Action: 's3:Get*'"],
  ['PolicyName: inl', 'PolicyName: inl2'],
  ["WriteCapacityUnits: '2'", "WriteCapacityUnits: '3'"],
  ['IndexName: ggg', 'IndexName: hhh'],
  ['AttributeName: ttl, Enabled: true', 'AttributeName: ttl, Enabled: false'],
  ['NEW_IMAGE', 'NEW_AND_OLD_IMAGES'],
  ['{Key: k, Value: v}', '{Key: k2, Value: v}'],
  ['RetentionInDays: 7', 'RetentionInDays: 14'],
  ['MaximumRetryAttempts: 0', 'MaximumRetryAttempts: 1'],
  ['AuthType: NONE}}', 'AuthType: AWS_IAM}}'],
  ['GroupName: g}', 'GroupName: h}'],
  ['MaxCapacity: 5', 'MaxCapacity: 6'],
  ['ScheduledActionName: daily', 'ScheduledActionName: weekdays'],
  ['TargetValue: 50', 'TargetValue: 60'],
  ['Properties: {Groups: [!Ref Group]}}', 'Properties: {Tags: [{Key: a, Value: b}]}}'],
];

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);

async function settled(StackName: string, status: string): Promise<Record<string, string>> {
  for (let looks = 0; looks < 2400; looks++) {
    const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
    const stack = Stacks?.[0];
    if (stack?.StackStatus === status) {
      return Object.fromEntries(
        (stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? '']),
      );
    }
    if (!stack?.StackStatus?.endsWith('IN_PROGRESS')) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  const failures = StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('FAILED'));
  return assert.fail(
    failures.map((one) => `${one.LogicalResourceId}: ${one.ResourceStatusReason}`).join('\n'),
  );
}

const Capabilities: cfn.Capability[] = ['CAPABILITY_NAMED_IAM'];

test('every resource type is made, changed and removed', async () => {
  const StackName = 'all';
  const { StackId = '' } = await client.send(
    new cfn.CreateStackCommand({ StackName, TemplateBody: TEMPLATE, Capabilities }),
  );
  const made = await settled(StackId, 'CREATE_COMPLETE');
  assert.equal(made['N'], '42');
  const headers = { 'x-api-key': 'abcdefghij0123456789klmn' };
  assert.equal((await fetch(made['X'] ?? '')).status, 403);
  assert.deepEqual(await (await fetch(made['X'] ?? '', { headers })).json(), { ok: true });

  const changed = CHANGES.reduce((text, [before, after]) => {
    assert(text.includes(before), before);
    return text.replace(before, after);
  }, TEMPLATE);
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: changed, Capabilities }));
  const now = await settled(StackId, 'UPDATE_COMPLETE');
  assert.equal(now['N'], '52');
  assert.equal(now['X'], made['X']);
  assert.equal((await fetch(now['X'] ?? '', { headers })).status, 403);

  await client.send(new cfn.DeleteStackCommand({ StackName }));
  await settled(StackId, 'DELETE_COMPLETE');
  const apis = lambent.client(apigateway.APIGatewayClient);
  const pools = lambent.client(cognito.CognitoIdentityProviderClient);
  const tables = lambent.client(dynamodb.DynamoDBClient);
  const entities = lambent.client(iam.IAMClient);
  const functions = lambent.client(lambda.LambdaClient);
  const left = [
    (await apis.send(new apigateway.GetRestApisCommand({}))).items,
    (await apis.send(new apigateway.GetApiKeysCommand({}))).items,
    (await apis.send(new apigateway.GetUsagePlansCommand({}))).items,
    (await pools.send(new cognito.ListUserPoolsCommand({ MaxResults: 60 }))).UserPools,
    (await tables.send(new dynamodb.ListTablesCommand({}))).TableNames,
    // Service-linked roles stay, as at AWS.
    (await entities.send(new iam.ListRolesCommand({}))).Roles?.filter(
      ({ Path }) => Path?.startsWith('/aws-service-role/') !== true,
    ),
    (await entities.send(new iam.ListUsersCommand({}))).Users,
    (await entities.send(new iam.ListPoliciesCommand({ Scope: 'Local' }))).Policies,
    (await functions.send(new lambda.ListFunctionsCommand({}))).Functions,
  ];
  assert.deepEqual(
    left.flatMap((list): unknown[] => list ?? []),
    [],
  );
});

const SETTINGS = (more: string, function_: string) => `
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}}}
  Signing: {Type: AWS::Lambda::CodeSigningConfig, Properties: {${more} AllowedPublishers: {SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij']}, Tags: [{Key: a, Value: b}]}}
  Share: {Type: AWS::Lambda::LayerVersionPermission, Properties: {Action: lambda:GetLayerVersion, LayerVersionArn: LAYER, Principal: '*'}}
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Handler: index.handler, Runtime: nodejs20.x, Role: !GetAtt Role.Arn, Code: {ZipFile: 'exports.handler = async () => 1'}, ${function_}}
  Ver: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn, RuntimePolicy: {UpdateRuntimeOn: FunctionUpdate}}}
Outputs:
  Signing: {Value: !GetAtt Signing.CodeSigningConfigId}
  SigningArn: {Value: !Ref Signing}
  Share: {Value: !Ref Share}
  Snap: {Value: !GetAtt Fn.SnapStartResponse.ApplyOn}
`;

test('a function’s settings that the API has operations of their own for', async () => {
  const stacks = lambent.client(cfn.CloudFormationClient);
  const functions = lambent.client(lambda.LambdaClient);
  const { LayerVersionArn = '' } = await functions.send(
    new lambda.PublishLayerVersionCommand({
      LayerName: 'shared',
      Content: { ZipFile: zipSync({ 'a.txt': Buffer.from('a') }) },
    }),
  );
  const StackName = 'settings';
  const wait = { client: stacks, maxWaitTime: 30, minDelay: 1 };
  await stacks.send(
    new cfn.CreateStackCommand({
      StackName,
      Capabilities: ['CAPABILITY_IAM'],
      TemplateBody: SETTINGS(
        'Description: first, CodeSigningPolicies: {UntrustedArtifactOnDeployment: Enforce},',
        'CodeSigningConfigArn: !Ref Signing, RecursiveLoop: Allow, RuntimeManagementConfig: {UpdateRuntimeOn: FunctionUpdate}, LoggingConfig: {LogFormat: JSON, LogGroup: /mine}',
      ).replace('LAYER', LayerVersionArn),
    }),
  );
  await cfn.waitUntilStackCreateComplete(wait, { StackName });
  const outputs = async () => {
    const { Stacks } = await stacks.send(new cfn.DescribeStacksCommand({ StackName }));
    return Object.fromEntries((Stacks?.[0]?.Outputs ?? []).map((one) => [one.OutputKey, one.OutputValue]));
  };
  const { Signing, SigningArn, Share, Snap } = await outputs();
  assert.match(Signing ?? '', /^csc-/);
  assert.equal(Snap, 'None');
  assert.ok(Share?.startsWith(`${LayerVersionArn}#settings-Share-`));
  const { StackResources } = await stacks.send(new cfn.DescribeStackResourcesCommand({ StackName }));
  const FunctionName = StackResources?.find((one) => one.LogicalResourceId === 'Fn')?.PhysicalResourceId;
  const settings = async () => {
    const signing = await functions.send(
      new lambda.GetCodeSigningConfigCommand({ CodeSigningConfigArn: SigningArn }),
    );
    const recursion = await functions.send(new lambda.GetFunctionRecursionConfigCommand({ FunctionName }));
    const managed = await functions.send(new lambda.GetRuntimeManagementConfigCommand({ FunctionName }));
    const logging = await functions.send(new lambda.GetFunctionConfigurationCommand({ FunctionName }));
    return [
      signing.CodeSigningConfig?.Description,
      signing.CodeSigningConfig?.CodeSigningPolicies?.UntrustedArtifactOnDeployment,
      recursion.RecursiveLoop,
      managed.UpdateRuntimeOn,
      logging.LoggingConfig?.LogFormat,
      logging.LoggingConfig?.LogGroup,
    ];
  };
  assert.deepEqual(await settings(), ['first', 'Enforce', 'Allow', 'FunctionUpdate', 'JSON', '/mine']);
  const published = await functions.send(
    new lambda.GetRuntimeManagementConfigCommand({ FunctionName, Qualifier: '1' }),
  );
  assert.equal(published.UpdateRuntimeOn, 'FunctionUpdate');
  const { Policy } = await functions.send(
    new lambda.GetLayerVersionPolicyCommand({ LayerName: 'shared', VersionNumber: 1 }),
  );
  assert.match(Policy ?? '', /settings-Share-/);

  await stacks.send(
    new cfn.UpdateStackCommand({
      StackName,
      Capabilities: ['CAPABILITY_IAM'],
      TemplateBody: SETTINGS('', 'Timeout: 5').replace('LAYER', LayerVersionArn),
    }),
  );
  await cfn.waitUntilStackUpdateComplete(wait, { StackName });
  assert.deepEqual(await settings(), [
    '',
    'Warn',
    'Terminate',
    'Auto',
    'Text',
    `/aws/lambda/${FunctionName}`,
  ]);
  await stacks.send(new cfn.DeleteStackCommand({ StackName }));
  await cfn.waitUntilStackDeleteComplete(wait, { StackName });
  await assert.rejects(
    functions.send(new lambda.GetLayerVersionPolicyCommand({ LayerName: 'shared', VersionNumber: 1 })),
    { name: 'ResourceNotFoundException' },
  );
});
