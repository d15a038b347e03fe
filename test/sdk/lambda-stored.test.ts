import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const iam = lambent.client(IAMClient);
const ARN = 'arn:aws:lambda:us-east-1:000000000000:';
let Role = '';
before(async () => {
  Role = await makeFunctionRole(iam, 'stored', 'AWSLambdaSQSQueueExecutionRole');
});

function make(FunctionName: string, more: Partial<sdk.CreateFunctionCommandInput> = {}) {
  return lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') }) },
      ...more,
    }),
  );
}

const failing = (name: string, words?: RegExp) => (error: Error) =>
  error.name === name && (words === undefined || words.test(error.message));

test('a function’s policy is put whole, edited by its statements, and taken away', async () => {
  const FunctionName = 'policed';
  const ResourceArn = `${ARN}function:policed`;
  const { RevisionId: first } = await make(FunctionName);
  const get = () => lambda.send(new sdk.GetResourcePolicyCommand({ ResourceArn }));
  await assert.rejects(get(), failing('ResourceNotFoundException'));
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const policy = {
    Version: '2012-10-17',
    Id: 'mine',
    Statement: [
      {
        Sid: 'ada',
        Effect: 'Allow',
        Principal: { AWS: User?.Arn },
        Action: ['lambda:InvokeFunction', 'lambda:GetFunction'],
        Resource: ResourceArn,
      },
    ],
  };
  const put = (Policy: string, RevisionId?: string) =>
    lambda.send(new sdk.PutResourcePolicyCommand({ ResourceArn, Policy, RevisionId }));
  await assert.rejects(put(JSON.stringify(policy), first), failing('PreconditionFailedException'));
  await assert.rejects(put('{'), failing('InvalidParameterValueException'));
  await assert.rejects(
    put(JSON.stringify({ ...policy, Statement: [{ ...policy.Statement[0], Principal: { AWS: 'nobody' } }] })),
    failing('InvalidParameterValueException'),
  );
  const made = await put(JSON.stringify(policy));
  assert.deepEqual(JSON.parse(made.Policy ?? ''), policy);
  assert.deepEqual(await get().then(({ Policy, RevisionId }) => [Policy, RevisionId]), [
    made.Policy,
    made.RevisionId,
  ]);

  await lambda.send(
    new sdk.AddPermissionCommand({
      FunctionName,
      StatementId: 's3',
      Action: 'lambda:InvokeFunction',
      Principal: 's3.amazonaws.com',
      RevisionId: made.RevisionId,
    }),
  );
  const { Policy = '', RevisionId } = await lambda.send(new sdk.GetPolicyCommand({ FunctionName }));
  const edited = JSON.parse(Policy) as typeof policy;
  assert.deepEqual([edited.Id, ...edited.Statement.map(({ Sid }) => Sid)], ['mine', 'ada', 's3']);
  await lambda.send(new sdk.RemovePermissionCommand({ FunctionName, StatementId: 'ada', RevisionId }));
  await assert.rejects(
    lambda.send(new sdk.DeleteResourcePolicyCommand({ ResourceArn, RevisionId })),
    failing('PreconditionFailedException'),
  );
  await lambda.send(new sdk.DeleteResourcePolicyCommand({ ResourceArn }));
  await assert.rejects(
    lambda.send(new sdk.GetPolicyCommand({ FunctionName })),
    failing('ResourceNotFoundException'),
  );
  await assert.rejects(
    lambda.send(new sdk.GetResourcePolicyCommand({ ResourceArn: `${ResourceArn}:$LATEST` })),
    failing('InvalidParameterValueException', /\$LATEST/),
  );
});

test('whom a policy that was put whole lets in may invoke', async () => {
  await make('opened');
  const ResourceArn = `${ARN}function:opened`;
  const stranger = lambent.client(sdk.LambdaClient, {
    credentials: { accessKeyId: '111122223333', secretAccessKey: 'test' },
  });
  const invoke = () => stranger.send(new sdk.InvokeCommand({ FunctionName: ResourceArn }));
  await assert.rejects(invoke(), failing('AccessDeniedException'));
  const statement = { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'lambda:Invoke*' };
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { ...statement, Resource: ResourceArn },
  });
  await lambda.send(new sdk.PutResourcePolicyCommand({ ResourceArn, Policy }));
  assert.equal((await invoke()).StatusCode, 200);
});

test('capacity providers are kept with their functions and tags', async () => {
  const CapacityProviderName = 'pool';
  const CapacityProviderArn = `${ARN}capacity-provider:pool`;
  const VpcConfig = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] };
  const wanted = {
    CapacityProviderName,
    VpcConfig,
    PermissionsConfig: { CapacityProviderOperatorRoleArn: Role },
    CapacityProviderScalingConfig: { MaxVCpuCount: 8 },
    Tags: { team: 'a' },
  };
  const { CapacityProvider: made } = await lambda.send(new sdk.CreateCapacityProviderCommand(wanted));
  assert.equal(made?.CapacityProviderArn, CapacityProviderArn);
  assert.equal(made?.State, 'Pending');
  await assert.rejects(
    lambda.send(new sdk.CreateCapacityProviderCommand(wanted)),
    failing('ResourceConflictException'),
  );
  const scaling = (CapacityProviderScalingConfig: sdk.CapacityProviderScalingConfig) =>
    lambda.send(
      new sdk.UpdateCapacityProviderCommand({ CapacityProviderName, CapacityProviderScalingConfig }),
    );
  await assert.rejects(
    scaling({ ScalingMode: 'Manual', MaxVCpuCount: 8 }),
    failing('InvalidParameterValueException'),
  );
  await scaling({ ScalingMode: 'Auto', MaxVCpuCount: 16 });
  const { CapacityProvider: read } = await lambda.send(
    new sdk.GetCapacityProviderCommand({ CapacityProviderName: CapacityProviderArn }),
  );
  assert.equal(read?.State, 'Active');
  assert.deepEqual(read?.VpcConfig, VpcConfig);
  assert.deepEqual(read?.CapacityProviderScalingConfig, { ScalingMode: 'Auto', MaxVCpuCount: 16 });
  const { CapacityProviders } = await lambda.send(new sdk.ListCapacityProvidersCommand({ State: 'Active' }));
  assert.deepEqual(CapacityProviders, [read]);
  await lambda.send(new sdk.TagResourceCommand({ Resource: CapacityProviderArn, Tags: { cost: 'b' } }));
  await lambda.send(new sdk.UntagResourceCommand({ Resource: CapacityProviderArn, TagKeys: ['team'] }));
  const { Tags } = await lambda.send(new sdk.ListTagsCommand({ Resource: CapacityProviderArn }));
  assert.deepEqual(Tags, { cost: 'b' });

  const config = (arn: string) => ({
    CapacityProviderConfig: {
      LambdaManagedInstancesCapacityProviderConfig: {
        CapacityProviderArn: arn,
        PerExecutionEnvironmentMaxConcurrency: 4,
      },
    },
  });
  await assert.rejects(
    make('nowhere', config(`${ARN}capacity-provider:none`)),
    failing('ResourceNotFoundException', /^Capacity provider not found: /),
  );
  const FunctionName = 'pooled';
  const { CapacityProviderConfig } = await make(FunctionName, {
    ...config(CapacityProviderArn),
    Publish: true,
  });
  assert.deepEqual(CapacityProviderConfig, config(CapacityProviderArn).CapacityProviderConfig);
  const { FunctionVersions } = await lambda.send(
    new sdk.ListFunctionVersionsByCapacityProviderCommand({ CapacityProviderName }),
  );
  assert.deepEqual(FunctionVersions, [{ FunctionArn: `${ARN}function:pooled:1`, State: 'Active' }]);

  const put = (name: string, FunctionScalingConfig?: sdk.FunctionScalingConfig) =>
    lambda.send(
      new sdk.PutFunctionScalingConfigCommand({ FunctionName: name, Qualifier: '1', FunctionScalingConfig }),
    );
  await assert.rejects(
    put(FunctionName, { MinExecutionEnvironments: 3, MaxExecutionEnvironments: 2 }),
    failing('InvalidParameterValueException'),
  );
  const bounds = { MinExecutionEnvironments: 1, MaxExecutionEnvironments: 2 };
  assert.equal((await put(FunctionName, bounds)).FunctionState, 'Active');
  const scaled = await lambda.send(new sdk.GetFunctionScalingConfigCommand({ FunctionName, Qualifier: '1' }));
  assert.equal(scaled.FunctionArn, `${ARN}function:pooled:1`);
  assert.deepEqual(
    [scaled.AppliedFunctionScalingConfig, scaled.RequestedFunctionScalingConfig],
    [bounds, bounds],
  );
  await make('plain', { Publish: true });
  await assert.rejects(put('plain', bounds), failing('InvalidParameterValueException'));

  const remove = () => lambda.send(new sdk.DeleteCapacityProviderCommand({ CapacityProviderName }));
  await assert.rejects(remove(), failing('ResourceConflictException'));
  await lambda.send(new sdk.DeleteFunctionCommand({ FunctionName }));
  assert.equal((await remove()).CapacityProvider?.State, 'Deleting');
  await assert.rejects(
    lambda.send(new sdk.ListTagsCommand({ Resource: CapacityProviderArn })),
    failing('ResourceNotFoundException', /^Capacity provider not found: /),
  );
});

test('a queue’s mapping keeps its pollers, its metrics and its key; what is Kafka’s is refused', async () => {
  await make('polled');
  await lambent.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'polled' }));
  const KMSKeyArn = 'arn:aws:kms:us-east-1:000000000000:key/one';
  const create = (more: Partial<sdk.CreateEventSourceMappingCommandInput>) =>
    lambda.send(
      new sdk.CreateEventSourceMappingCommand({
        FunctionName: 'polled',
        EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:polled',
        ...more,
      }),
    );
  const refused: readonly Partial<sdk.CreateEventSourceMappingCommandInput>[] = [
    { LoggingConfig: { SystemLogLevel: 'DEBUG' } },
    { MetricsConfig: { Metrics: ['KafkaMetrics'] } },
    { ProvisionedPollerConfig: { MinimumPollers: 1 } },
    { ProvisionedPollerConfig: { MinimumPollers: 5, MaximumPollers: 4 } },
    { ProvisionedPollerConfig: { MinimumPollers: 2, PollerGroupName: 'one' } },
    { ProvisionedPollerConfig: { MinimumPollers: 2 }, ScalingConfig: { MaximumConcurrency: 2 } },
  ];
  for (const more of refused)
    await assert.rejects(create(more), failing('InvalidParameterValueException'), JSON.stringify(more));
  const { UUID } = await create({
    KMSKeyArn,
    MetricsConfig: { Metrics: ['EventCount'] },
    ProvisionedPollerConfig: { MinimumPollers: 3 },
  });
  const read = await lambda.send(new sdk.GetEventSourceMappingCommand({ UUID }));
  assert.equal(read.KMSKeyArn, KMSKeyArn);
  assert.deepEqual(read.MetricsConfig, { Metrics: ['EventCount'] });
  assert.deepEqual(read.ProvisionedPollerConfig, { MinimumPollers: 3, MaximumPollers: 200 });
  const updated = await lambda.send(
    new sdk.UpdateEventSourceMappingCommand({
      UUID,
      MetricsConfig: { Metrics: [] },
      ProvisionedPollerConfig: {},
      KMSKeyArn: '',
    }),
  );
  assert.deepEqual(
    [updated.MetricsConfig, updated.ProvisionedPollerConfig, updated.KMSKeyArn],
    [undefined, undefined, undefined],
  );
});
