import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateAccountAliasCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreateLoginProfileCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetGroupCommand,
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const iam = lambent.client(IAMClient);

function clientFor(credentials: { accessKeyId: string; secretAccessKey: string }): IAMClient {
  return lambent.client(IAMClient, { credentials });
}

const document = (...statements: unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string, Resource = '*') => document({ Effect: 'Allow', Action, Resource });
const trust = (Principal: unknown) => document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });
const LAMBDA_TRUST = trust({ Service: 'lambda.amazonaws.com' });

test('a role has its trust policy, inline and managed policies, and goes when they went', async () => {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'worker',
      Path: '/app/',
      AssumeRolePolicyDocument: LAMBDA_TRUST,
      Description: 'works',
      Tags: [{ Key: 'Team', Value: 'blue' }],
    }),
  );
  assert.equal(Role?.Arn, `arn:aws:iam::${lambent.account}:role/app/worker`);
  assert.match(Role?.RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
  assert.equal(Role?.MaxSessionDuration, undefined);
  const same = new CreateRoleCommand({ RoleName: 'Worker', AssumeRolePolicyDocument: LAMBDA_TRUST });
  await assert.rejects(iam.send(same), {
    name: 'EntityAlreadyExistsException',
    message: 'Role with name Worker already exists.',
  });

  const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'worker', PolicyArn: basic }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'own', PolicyDocument: allow('s3:*') }),
  );
  const got = await iam.send(new GetRoleCommand({ RoleName: 'worker' }));
  assert.equal(decodeURIComponent(got.Role?.AssumeRolePolicyDocument ?? ''), LAMBDA_TRUST);
  assert.equal(got.Role?.MaxSessionDuration, 3600);
  assert.deepEqual(got.Role?.Tags, [{ Key: 'Team', Value: 'blue' }]);
  const inline = await iam.send(new GetRolePolicyCommand({ RoleName: 'worker', PolicyName: 'own' }));
  assert.equal(decodeURIComponent(inline.PolicyDocument ?? ''), allow('s3:*'));
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'worker' }));
  assert.deepEqual(attached.AttachedPolicies, [
    { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: basic },
  ]);
  const entities = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: basic }));
  assert.deepEqual(
    entities.PolicyRoles?.map(({ RoleName }) => RoleName),
    ['worker'],
  );

  await iam.send(new TagRoleCommand({ RoleName: 'worker', Tags: [{ Key: 'team', Value: 'red' }] }));
  await iam.send(new UntagRoleCommand({ RoleName: 'worker', TagKeys: ['absent'] }));
  const { Tags } = await iam.send(new ListRoleTagsCommand({ RoleName: 'worker' }));
  assert.deepEqual(Tags, [{ Key: 'team', Value: 'red' }]);

  const remove = new DeleteRoleCommand({ RoleName: 'worker' });
  const conflict = { name: 'DeleteConflictException' };
  await assert.rejects(iam.send(remove), {
    ...conflict,
    message: 'Cannot delete entity, must detach all policies first.',
  });
  await iam.send(new DetachRolePolicyCommand({ RoleName: 'worker', PolicyArn: basic }));
  await assert.rejects(iam.send(remove), {
    ...conflict,
    message: 'Cannot delete entity, must delete policies first.',
  });
  await assert.rejects(iam.send(new DetachRolePolicyCommand({ RoleName: 'worker', PolicyArn: basic })), {
    name: 'NoSuchEntityException',
    message: `Policy ${basic} was not found.`,
  });
});

test('errors are AWS’s', async () => {
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName: 'nobody' })), {
    name: 'NoSuchEntityException',
    message: 'The role with name nobody cannot be found.',
  });
  await assert.rejects(iam.send(new GetUserCommand({ UserName: 'nobody' })), {
    message: 'The user with name nobody cannot be found.',
  });
  await assert.rejects(
    iam.send(new CreateRoleCommand({ RoleName: 'bad', AssumeRolePolicyDocument: 'no json' })),
    { name: 'MalformedPolicyDocumentException', message: 'This policy contains invalid Json' },
  );
  const nobody = `arn:aws:iam::${lambent.account}:user/nobody`;
  await assert.rejects(
    iam.send(new CreateRoleCommand({ RoleName: 'bad', AssumeRolePolicyDocument: trust({ AWS: nobody }) })),
    {
      name: 'MalformedPolicyDocumentException',
      message: `Invalid principal in policy: "AWS":"${nobody}"`,
    },
  );
  const missing = `arn:aws:iam::${lambent.account}:policy/missing`;
  await iam.send(new CreateUserCommand({ UserName: 'erring' }));
  await assert.rejects(iam.send(new AttachUserPolicyCommand({ UserName: 'erring', PolicyArn: missing })), {
    name: 'NoSuchEntityException',
    message: `Policy ${missing} does not exist or is not attachable.`,
  });
  await assert.rejects(
    iam.send(new AttachUserPolicyCommand({ UserName: 'erring', PolicyArn: 'x'.repeat(20) })),
    { name: 'ValidationError', message: 'Invalid ARN:  Could not be parsed!' },
  );
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn: missing })), {
    message: `Policy ${missing} was not found.`,
  });
  await assert.rejects(
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'erring',
        PolicyName: 'big',
        PolicyDocument: allow(`s3:${'x'.repeat(2100)}`),
      }),
    ),
    {
      name: 'LimitExceededException',
      message: 'Maximum policy size of 2048 bytes exceeded for user erring',
    },
  );
});

test('a user’s key does what its policies, its groups’ and its boundary allow', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'carol' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'carol' }));
  const accessKeyId = AccessKey?.AccessKeyId ?? '';
  const carol = clientFor({ accessKeyId, secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
  const arn = `arn:aws:iam::${lambent.account}:user/carol`;
  const listing = () => carol.send(new ListUsersCommand({}));
  await assert.rejects(listing(), {
    name: 'AccessDenied',
    message: `User: ${arn} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${lambent.account}:user/ because no identity-based policy allows the iam:ListUsers action`,
  });
  await iam.send(new CreateGroupCommand({ GroupName: 'readers' }));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'readers', UserName: 'carol' }));
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: 'read-users', PolicyDocument: allow('iam:List*') }),
  );
  const policyArn = Policy?.Arn ?? '';
  await iam.send(new AttachUserPolicyCommand({ UserName: 'carol', PolicyArn: policyArn }));
  assert.ok((await listing()).Users?.some(({ UserName }) => UserName === 'carol'));
  assert.ok((await carol.send(new ListAccessKeysCommand({}))).AccessKeyMetadata?.length === 1);

  await iam.send(
    new PutUserPermissionsBoundaryCommand({
      UserName: 'carol',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
    }),
  );
  await assert.rejects(listing(), { message: /because no permissions boundary allows/ });
  await iam.send(
    new PutUserPermissionsBoundaryCommand({ UserName: 'carol', PermissionsBoundary: policyArn }),
  );
  await listing();
  const { User } = await iam.send(new GetUserCommand({ UserName: 'carol' }));
  assert.deepEqual(User?.PermissionsBoundary, {
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: policyArn,
  });
  await iam.send(new UpdateUserCommand({ UserName: 'carol', NewUserName: 'caroline' }));
  assert.ok((await listing()).Users?.some(({ UserName }) => UserName === 'caroline'));

  await iam.send(
    new UpdateAccessKeyCommand({ UserName: 'caroline', AccessKeyId: accessKeyId, Status: 'Inactive' }),
  );
  await assert.rejects(listing(), { name: 'InvalidClientTokenId' });
  await iam.send(
    new UpdateAccessKeyCommand({ UserName: 'caroline', AccessKeyId: accessKeyId, Status: 'Active' }),
  );
  const used = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }));
  assert.equal(used.UserName, 'caroline');
  assert.equal(used.AccessKeyLastUsed?.ServiceName, 'iam');

  await iam.send(new CreateAccessKeyCommand({ UserName: 'caroline' }));
  await assert.rejects(iam.send(new CreateAccessKeyCommand({ UserName: 'caroline' })), {
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for AccessKeysPerUser: 2',
  });
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn: policyArn })), {
    message: 'Cannot delete a policy attached to entities.',
  });
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName: 'caroline' })), {
    message: 'Cannot delete entity, must remove users from group first.',
  });
  await assert.rejects(iam.send(new DeleteGroupCommand({ GroupName: 'readers' })), {
    message: 'Cannot delete entity, must remove users from group first.',
  });
  const group = await iam.send(new GetGroupCommand({ GroupName: 'readers' }));
  assert.deepEqual(
    group.Users?.map(({ UserName }) => UserName),
    ['caroline'],
  );
  await iam.send(new RemoveUserFromGroupCommand({ GroupName: 'readers', UserName: 'caroline' }));
  const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'caroline' }));
  assert.deepEqual(Groups, []);
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'caroline', AccessKeyId: accessKeyId }));
  await assert.rejects(listing(), { name: 'InvalidClientTokenId' });
  carol.destroy();
});

test('managed policies have up to five versions', async () => {
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: 'versioned', PolicyDocument: allow('s3:Get*') }),
  );
  const PolicyArn = Policy?.Arn ?? '';
  assert.equal(Policy?.AttachmentCount, 0);
  for (let i = 2; i <= 5; i++)
    await iam.send(
      new CreatePolicyVersionCommand({
        PolicyArn,
        PolicyDocument: allow(`s3:Put${i}`),
        SetAsDefault: i === 3,
      }),
    );
  await assert.rejects(
    iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow('s3:*') })),
    { name: 'LimitExceededException', message: /^A managed policy can have up to 5 versions/ },
  );
  const got = await iam.send(new GetPolicyCommand({ PolicyArn }));
  assert.equal(got.Policy?.DefaultVersionId, 'v3');
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
  assert.equal(decodeURIComponent(PolicyVersion?.Document ?? ''), allow('s3:Put3'));
  assert.equal(PolicyVersion?.IsDefaultVersion, true);
  await assert.rejects(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v3' })), {
    message: 'Cannot delete the default version of a policy.',
  });
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn })), {
    message: /^This policy has more than one version/,
  });
  const aws = await iam.send(new ListPoliciesCommand({ Scope: 'AWS', MaxItems: 5 }));
  assert.equal(aws.Policies?.length, 5);
  assert.equal(aws.IsTruncated, true);
  const next = await iam.send(new ListPoliciesCommand({ Scope: 'AWS', MaxItems: 5, Marker: aws.Marker }));
  assert.ok(!next.Policies?.some(({ Arn }) => aws.Policies?.some((policy) => policy.Arn === Arn)));
});

test('trust policies keep the one they named', async () => {
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'trusted' }));
  const document = trust({ AWS: User?.Arn });
  await iam.send(new CreateRoleCommand({ RoleName: 'keeps', AssumeRolePolicyDocument: document }));
  const shown = async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'keeps' }));
    return JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal.AWS;
  };
  assert.equal(await shown(), User?.Arn);
  await iam.send(new DeleteUserCommand({ UserName: 'trusted' }));
  await iam.send(new CreateUserCommand({ UserName: 'trusted' }));
  assert.equal(await shown(), User?.UserId);
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'keeps', PolicyDocument: LAMBDA_TRUST }));
});

test('lists are paged by path and marker', async () => {
  for (let i = 0; i < 7; i++)
    await iam.send(
      new CreateRoleCommand({
        RoleName: `paged${i}`,
        Path: '/paged/',
        AssumeRolePolicyDocument: LAMBDA_TRUST,
      }),
    );
  const names: (string | undefined)[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(new ListRolesCommand({ PathPrefix: '/paged/', MaxItems: 3, Marker }));
    names.push(...(page.Roles ?? []).map(({ RoleName }) => RoleName));
    assert.ok((page.Roles?.length ?? 0) <= 3);
    Marker = page.IsTruncated ? page.Marker : undefined;
  } while (Marker !== undefined);
  assert.deepEqual(
    names,
    Array.from({ length: 7 }, (_, i) => `paged${i}`),
  );
  await assert.rejects(iam.send(new ListRolesCommand({ Marker: '!' })), { name: 'ValidationError' });
});

test('instance profiles, service-linked roles, providers, aliases, passwords', async () => {
  await iam.send(new CreateRoleCommand({ RoleName: 'machine', AssumeRolePolicyDocument: LAMBDA_TRUST }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'machines' }));
  const add = new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'machines', RoleName: 'machine' });
  await iam.send(add);
  await assert.rejects(iam.send(add), {
    message: 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
  });
  const profile = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'machines' }));
  assert.equal(profile.InstanceProfile?.Roles?.[0]?.RoleName, 'machine');
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName: 'machine' })), {
    message: 'Cannot delete entity, must remove roles from instance profile first.',
  });

  const linked = await iam.send(
    new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ops.apigateway.amazonaws.com' }),
  );
  assert.equal(linked.Role?.RoleName, 'AWSServiceRoleForAPIGateway');
  const RoleName = linked.Role?.RoleName ?? '';
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName })), {
    name: 'UnmodifiableEntityException',
  });
  const task = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
  assert.match(task.DeletionTaskId ?? '', /^task\/aws-service-role\/ops.apigateway.amazonaws.com\//);

  // Every one of them has its policy.
  const others = await Promise.all(
    ['spot.amazonaws.com', 'rds.amazonaws.com', 'elasticloadbalancing.amazonaws.com'].map((AWSServiceName) =>
      iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName })),
    ),
  );
  for (const { Role } of others) {
    const { AttachedPolicies: [policy] = [] } = await iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName: Role?.RoleName ?? '' }),
    );
    await iam.send(new GetPolicyCommand({ PolicyArn: policy?.PolicyArn ?? '' }));
  }
  await assert.rejects(
    iam.send(
      new CreateServiceLinkedRoleCommand({ AWSServiceName: 'rds.amazonaws.com', CustomSuffix: 'mine' }),
    ),
    { message: 'Custom suffix is not allowed for rds.amazonaws.com' },
  );

  const provider = await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: 'https://token.example.com/x', ClientIDList: ['a'] }),
  );
  assert.equal(
    provider.OpenIDConnectProviderArn,
    `arn:aws:iam::${lambent.account}:oidc-provider/token.example.com/x`,
  );
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'my-cloud' }));
  await iam.send(new CreateUserCommand({ UserName: 'console' }));
  await assert.rejects(iam.send(new CreateLoginProfileCommand({ UserName: 'console', Password: 'short' })), {
    name: 'PasswordPolicyViolationException',
  });
  await iam.send(new CreateLoginProfileCommand({ UserName: 'console', Password: 'Long-enough-1' }));
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  assert.ok((SummaryMap?.Users ?? 0) >= 2);
  const details = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }));
  assert.ok((details.RoleDetailList?.length ?? 0) >= 7);
  assert.deepEqual(details.UserDetailList, []);
});

test('the simulator asks the engine that decides', async () => {
  const custom = await iam.send(
    new SimulateCustomPolicyCommand({
      PolicyInputList: [
        document(
          { Effect: 'Allow', Action: 's3:*', Resource: '*' },
          {
            Effect: 'Deny',
            Action: 's3:DeleteObject',
            Resource: '*',
            Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'false' } },
          },
        ),
      ],
      ActionNames: ['s3:GetObject', 's3:DeleteObject', 'sqs:SendMessage'],
      ContextEntries: [
        {
          ContextKeyName: 'aws:MultiFactorAuthPresent',
          ContextKeyType: 'boolean',
          ContextKeyValues: ['false'],
        },
      ],
    }),
  );
  assert.deepEqual(
    custom.EvaluationResults?.map(({ EvalDecision }) => EvalDecision),
    ['allowed', 'explicitDeny', 'implicitDeny'],
  );
  const [first] = custom.EvaluationResults?.[0]?.MatchedStatements ?? [];
  assert.equal(first?.SourcePolicyId, 'PolicyInputList.1');
  assert.deepEqual(first?.StartPosition, { Line: 1, Column: 38 });

  await iam.send(new CreateUserCommand({ UserName: 'simulated' }));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'simulated',
      PolicyName: 'home',
      PolicyDocument: allow('s3:GetObject', `arn:aws:s3:::home/$\{aws:username}/*`),
    }),
  );
  const principal = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${lambent.account}:user/simulated`,
      ActionNames: ['s3:GetObject'],
      ResourceArns: ['arn:aws:s3:::home/simulated/a', 'arn:aws:s3:::home/other/a'],
    }),
  );
  assert.deepEqual(
    principal.EvaluationResults?.map(({ EvalDecision }) => EvalDecision),
    ['allowed', 'implicitDeny'],
  );
  const [mine] = principal.EvaluationResults ?? [];
  assert.deepEqual(
    mine?.ResourceSpecificResults?.map((each) => [each.EvalResourceName, each.EvalResourceDecision]),
    [['arn:aws:s3:::home/simulated/a', 'allowed']],
  );
  assert.equal(mine?.MatchedStatements?.[0]?.SourcePolicyType, 'IAM Policy');
});
