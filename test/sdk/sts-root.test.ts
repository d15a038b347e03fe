import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DisableOrganizationsRootSessionsCommand,
  EnableOrganizationsRootCredentialsManagementCommand,
  EnableOrganizationsRootSessionsCommand,
  GetAccountSummaryCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListOrganizationsFeaturesCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CloseAccountCommand,
  CreateAccountCommand,
  CreateOrganizationCommand,
  DeregisterDelegatedAdministratorCommand,
  DescribeAccountCommand,
  DescribeCreateAccountStatusCommand,
  EnableAWSServiceAccessCommand,
  ListAccountsCommand,
  ListDelegatedAdministratorsCommand,
  ListDelegatedServicesForAccountCommand,
  OrganizationsClient,
  RegisterDelegatedAdministratorCommand,
  RemoveAccountFromOrganizationCommand,
} from '@aws-sdk/client-organizations';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import {
  AssumeRootCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { type Keys, withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const lambent = await withLambent();
const organizations = lambent.client(OrganizationsClient);
const iam = lambent.client(IAMClient);
const rootOf = (account: string): Keys => ({ accessKeyId: account, secretAccessKey: 'test' });
let member = '';
let other = '';

async function newAccount(name: string): Promise<string> {
  const { CreateAccountStatus } = await organizations.send(
    new CreateAccountCommand({ AccountName: name, Email: `${name}@example.com` }),
  );
  const CreateAccountRequestId = CreateAccountStatus?.Id ?? '';
  for (;;) {
    const found = await organizations.send(
      new DescribeCreateAccountStatusCommand({ CreateAccountRequestId }),
    );
    if (found.CreateAccountStatus?.AccountId !== undefined) return found.CreateAccountStatus.AccountId;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function assume(
  task: string,
  {
    target = member,
    as = lambent.credentials as Keys,
    seconds,
  }: { target?: string; as?: Keys; seconds?: number } = {},
): Promise<Keys> {
  const { Credentials } = await lambent.client(STSClient, { credentials: as }).send(
    new AssumeRootCommand({
      TargetPrincipal: target,
      TaskPolicyArn: { arn: `arn:aws:iam::aws:policy/root-task/${task}` },
      ...(seconds === undefined ? {} : { DurationSeconds: seconds }),
    }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

before(async () => {
  await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  [member, other] = [await newAccount('blue'), await newAccount('green')];
});

test('root sessions are turned on for an organization that trusts IAM', async () => {
  await assert.rejects(
    iam.send(new EnableOrganizationsRootSessionsCommand({})),
    named('ServiceAccessNotEnabledException'),
  );
  await organizations.send(new EnableAWSServiceAccessCommand({ ServicePrincipal: 'iam.amazonaws.com' }));
  await assert.rejects(assume('IAMAuditRootUserCredentials'), named('AccessDenied', 403));
  await iam.send(new EnableOrganizationsRootCredentialsManagementCommand({}));
  const { EnabledFeatures } = await iam.send(new EnableOrganizationsRootSessionsCommand({}));
  assert.deepEqual(EnabledFeatures, ['RootCredentialsManagement', 'RootSessions']);
  const blue = lambent.client(IAMClient, { credentials: rootOf(member) });
  await assert.rejects(
    blue.send(new EnableOrganizationsRootSessionsCommand({})),
    named('CallerIsNotManagementAccountException'),
  );
  await assert.rejects(
    blue.send(new ListOrganizationsFeaturesCommand({})),
    named('AccountNotManagementOrDelegatedAdministratorException'),
  );
  const alone = lambent.client(IAMClient, { credentials: rootOf('999999999999') });
  await assert.rejects(
    alone.send(new ListOrganizationsFeaturesCommand({})),
    named('OrganizationNotFoundException'),
  );
});

test('a session has the one task it was made for, on root’s own credentials', async () => {
  const blue = lambent.client(IAMClient, { credentials: rootOf(member) });
  const { AccessKey } = await blue.send(new CreateAccessKeyCommand({}));
  const audit = await assume('IAMAuditRootUserCredentials', { target: `arn:aws:iam::${member}:root` });
  const auditor = lambent.client(IAMClient, { credentials: audit });
  const identity = await lambent
    .client(STSClient, { credentials: audit })
    .send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, `arn:aws:iam::${member}:root`);
  const { AccessKeyMetadata } = await auditor.send(new ListAccessKeysCommand({}));
  assert.equal(AccessKeyMetadata?.[0]?.AccessKeyId, AccessKey?.AccessKeyId);
  const { AccessKeyId = '' } = AccessKey ?? {};
  await assert.rejects(auditor.send(new DeleteAccessKeyCommand({ AccessKeyId })), {
    name: 'AccessDenied',
    message:
      /with an explicit deny in an identity-based policy: arn:aws:iam::aws:policy\/root-task\/IAMAuditRootUserCredentials$/,
  });
  await assert.rejects(auditor.send(new ListUsersCommand({})), named('AccessDenied'));
  await assert.rejects(
    lambent.client(STSClient, { credentials: audit }).send(new GetSessionTokenCommand({})),
    named('AccessDenied'),
  );
  const deleter = lambent.client(IAMClient, { credentials: await assume('IAMDeleteRootUserCredentials') });
  await deleter.send(new DeleteAccessKeyCommand({ AccessKeyId }));
  const maker = lambent.client(IAMClient, { credentials: await assume('IAMCreateRootUserPassword') });
  await maker.send(new CreateLoginProfileCommand({}));
  const { SummaryMap } = await blue.send(new GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.['AccountPasswordPresent'], 1);
  assert.equal(SummaryMap?.['AccountAccessKeysPresent'], 0);
  const short = await assume('IAMAuditRootUserCredentials', { seconds: 60 });
  await lambent.advance(61);
  await assert.rejects(
    lambent.client(IAMClient, { credentials: short }).send(new ListAccessKeysCommand({})),
    named('ExpiredToken'),
  );
});

test('what locked everybody out is unlocked', async () => {
  const s3 = lambent.client(S3Client, { credentials: rootOf(member) });
  const Bucket = 'locked-away';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const nobody = { Effect: 'Deny', Principal: '*' };
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ ...nobody, Action: 's3:*', Resource }],
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const put = () => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'v' }));
  await assert.rejects(put(), named('AccessDenied'));
  const unlocker = lambent.client(S3Client, { credentials: await assume('S3UnlockBucketPolicy') });
  await assert.rejects(
    unlocker.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'v' })),
    named('AccessDenied'),
  );
  await unlocker.send(new DeleteBucketPolicyCommand({ Bucket }));
  await put();

  const sqs = lambent.client(SQSClient, { credentials: rootOf(member) });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'locked' }));
  const locked = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ ...nobody, Action: 'sqs:*', Resource: '*' }],
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: locked } }));
  await assert.rejects(sqs.send(new ReceiveMessageCommand({ QueueUrl })), { name: /AccessDenied/ });
  const opener = lambent.client(SQSClient, { credentials: await assume('SQSUnlockQueuePolicy') });
  await assert.rejects(opener.send(new ReceiveMessageCommand({ QueueUrl })), { name: /AccessDenied/ });
  await opener.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
  await opener.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
  await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
});

test('only who administers IAM for the organization, by permission, and only of members', async () => {
  const task = 'IAMAuditRootUserCredentials';
  await assert.rejects(assume(task, { target: lambent.account }), named('AccessDenied'));
  await assert.rejects(assume(task, { target: '999999999999' }), named('AccessDenied'));
  await assert.rejects(assume('AdministratorAccess'), named('ValidationError'));
  await assert.rejects(assume(task, { as: rootOf(other) }), named('AccessDenied'));
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  const alice = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  await assert.rejects(assume(task, { as: alice }), {
    message:
      /not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::\d{12}:root because no identity/,
  });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoot',
        Resource: `arn:aws:iam::${member}:root`,
        Condition: { StringEquals: { 'sts:TaskPolicyArn': `arn:aws:iam::aws:policy/root-task/${task}` } },
      },
    ],
  });
  await iam.send(new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'p', PolicyDocument }));
  await assume(task, { as: alice });
  await assert.rejects(assume('S3UnlockBucketPolicy', { as: alice }), named('AccessDenied'));
  const ServicePrincipal = 'iam.amazonaws.com';
  await organizations.send(new RegisterDelegatedAdministratorCommand({ AccountId: other, ServicePrincipal }));
  await assume(task, { as: rootOf(other) });
  await iam.send(new DisableOrganizationsRootSessionsCommand({}));
  await assert.rejects(assume(task), named('AccessDenied'));
  await iam.send(new EnableOrganizationsRootSessionsCommand({}));
});

test('an account that administers a service sees the organization, and cannot leave it', async () => {
  const green = lambent.client(OrganizationsClient, { credentials: rootOf(other) });
  assert.equal((await green.send(new ListAccountsCommand({}))).Accounts?.length, 3);
  const { DelegatedAdministrators } = await green.send(new ListDelegatedAdministratorsCommand({}));
  assert.deepEqual(
    DelegatedAdministrators?.map(({ Id }) => Id),
    [other],
  );
  const AccountId = other;
  const { DelegatedServices } = await organizations.send(
    new ListDelegatedServicesForAccountCommand({ AccountId }),
  );
  assert.deepEqual(
    DelegatedServices?.map(({ ServicePrincipal }) => ServicePrincipal),
    ['iam.amazonaws.com'],
  );
  const ServicePrincipal = 'iam.amazonaws.com';
  const register = (id: string, service = ServicePrincipal) =>
    organizations.send(
      new RegisterDelegatedAdministratorCommand({ AccountId: id, ServicePrincipal: service }),
    );
  await assert.rejects(register(other), named('AccountAlreadyRegisteredException'));
  await assert.rejects(register(lambent.account), named('ConstraintViolationException'));
  await assert.rejects(register(member, 'config.amazonaws.com'), named('ConstraintViolationException'));
  await assert.rejects(
    organizations.send(new RemoveAccountFromOrganizationCommand({ AccountId })),
    named('ConstraintViolationException'),
  );
  await organizations.send(new DeregisterDelegatedAdministratorCommand({ AccountId, ServicePrincipal }));
  await assert.rejects(
    organizations.send(new DeregisterDelegatedAdministratorCommand({ AccountId, ServicePrincipal })),
    named('AccountNotRegisteredException'),
  );
  await assert.rejects(green.send(new ListAccountsCommand({})), named('AccessDeniedException'));
});

test('a closed account may do nothing, and is gone after 90 days', async () => {
  const AccountId = other;
  const close = () => organizations.send(new CloseAccountCommand({ AccountId }));
  await assert.rejects(
    organizations.send(new CloseAccountCommand({ AccountId: lambent.account })),
    named('ConstraintViolationException'),
  );
  await close();
  await assert.rejects(close(), named('AccountAlreadyClosedException'));
  const { Account } = await organizations.send(new DescribeAccountCommand({ AccountId }));
  assert.equal(Account?.Status, 'SUSPENDED');
  const green = lambent.client(IAMClient, { credentials: rootOf(other) });
  await assert.rejects(green.send(new ListUsersCommand({})), named('AccessDenied'));
  await lambent.advance(90 * 24 * 3600 + 1);
  await assert.rejects(
    organizations.send(new DescribeAccountCommand({ AccountId })),
    named('AccountNotFoundException'),
  );
});
