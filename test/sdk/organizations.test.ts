import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { withLambent } from '../support/clients.ts';
import { JsonClient } from '../support/json-client.ts';

const MANAGEMENT = '000000000000';

const lambent = await withLambent();
let management: JsonClient;
before(async () => {
  management = new JsonClient(lambent.port);
});
after(async () => {
  management.close();
});

type Output = Record<string, Record<string, unknown> & { PolicySummary?: Record<string, string> }>;

async function org(operation: string, input: object = {}, client = management): Promise<Output> {
  const target = `AWSOrganizationsV20161128.${operation}`;
  const { status, output } = await client.call('organizations', target, input);
  if (status === 200) return output as Output;
  throw Object.assign(new Error(String(output['Message'] ?? output['message'])), {
    name: String(output['__type']),
  });
}

function options(accessKeyId: string, secretAccessKey = 'test', sessionToken?: string) {
  const { endpoint, region } = lambent;
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  return { endpoint, region, credentials, maxAttempts: 1 };
}

async function newAccount(name: string): Promise<string> {
  const { CreateAccountStatus } = await org('CreateAccount', {
    AccountName: name,
    Email: `${name}@example.com`,
  });
  for (;;) {
    const status = await org('DescribeCreateAccountStatus', {
      CreateAccountRequestId: CreateAccountStatus?.['Id'],
    });
    if (status['CreateAccountStatus']?.['State'] === 'SUCCEEDED')
      return String(status['CreateAccountStatus']['AccountId']);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let rootId = '';
let unitId = '';
let member = '';

test('an organization is made, with a unit and an account in it', async () => {
  await assert.rejects(org('DescribeOrganization'), { name: 'AWSOrganizationsNotInUseException' });
  const { Organization } = await org('CreateOrganization', { FeatureSet: 'ALL' });
  assert.match(String(Organization?.['Id']), /^o-[a-z0-9]{10}$/);
  await assert.rejects(org('CreateOrganization'), { name: 'AlreadyInOrganizationException' });
  const { Roots } = (await org('ListRoots')) as unknown as { Roots: { Id: string }[] };
  rootId = Roots[0]?.Id ?? '';
  const { OrganizationalUnit } = await org('CreateOrganizationalUnit', { ParentId: rootId, Name: 'Apps' });
  unitId = String(OrganizationalUnit?.['Id']);
  await assert.rejects(org('CreateOrganizationalUnit', { ParentId: rootId, Name: 'Apps' }), {
    name: 'DuplicateOrganizationalUnitException',
  });
  member = await newAccount('blue');
  assert.match(member, /^\d{12}$/);
  await org('MoveAccount', { AccountId: member, SourceParentId: rootId, DestinationParentId: unitId });
  const { Accounts } = (await org('ListAccountsForParent', { ParentId: unitId })) as unknown as {
    Accounts: { Id: string; Name: string }[];
  };
  assert.deepEqual(
    Accounts.map(({ Id, Name }) => [Id, Name]),
    [[member, 'blue']],
  );
  const blue = new JsonClient(lambent.port, { accessKeyId: member, secretAccessKey: 'test' });
  await assert.rejects(org('ListAccounts', {}, blue), { name: 'AccessDeniedException' });
  blue.close();
});

test('the account is usable, by its root key and by the role the management account assumes', async () => {
  const { Account } = await new STSClient(options(member)).send(new GetCallerIdentityCommand({}));
  assert.equal(Account, member);
  const { Credentials } = await new STSClient(options('test')).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`,
      RoleSessionName: 'admin',
    }),
  );
  const inside = options(
    Credentials?.AccessKeyId ?? '',
    Credentials?.SecretAccessKey,
    Credentials?.SessionToken,
  );
  await new DynamoDBClient(inside).send(new ListTablesCommand({}));
});

const deny = (Action: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Sid: 'NotHere', Effect: 'Deny', Action, Resource: '*' }],
  });

test('a service control policy bites root and roles of the account, not the management account', async () => {
  const { Policy } = await org('CreatePolicy', {
    Name: 'no-tables',
    Description: '',
    Type: 'SERVICE_CONTROL_POLICY',
    Content: deny('dynamodb:*'),
  });
  const PolicyId = Policy?.PolicySummary?.['Id'];
  await assert.rejects(org('AttachPolicy', { PolicyId, TargetId: unitId }), {
    name: 'PolicyTypeNotEnabledException',
  });
  await org('EnablePolicyType', { RootId: rootId, PolicyType: 'SERVICE_CONTROL_POLICY' });
  await org('AttachPolicy', { PolicyId, TargetId: unitId });
  await assert.rejects(
    new DynamoDBClient(options(member)).send(new ListTablesCommand({})),
    /with an explicit deny in a service control policy: arn:aws:organizations::000000000000:policy\/o-\w+\/service_control_policy\/p-\w+/,
  );
  await new DynamoDBClient(options('test')).send(new ListTablesCommand({}));

  const { EvaluationResults } = await new IAMClient(options(member)).send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`,
      ActionNames: ['dynamodb:ListTables', 'sqs:ListQueues'],
    }),
  );
  assert.deepEqual(
    EvaluationResults?.map(({ EvalDecision, OrganizationsDecisionDetail }) => [
      EvalDecision,
      OrganizationsDecisionDetail?.AllowedByOrganizations,
    ]),
    [
      ['explicitDeny', false],
      ['allowed', true],
    ],
  );

  await org('DetachPolicy', { PolicyId, TargetId: unitId });
  await new DynamoDBClient(options(member)).send(new ListTablesCommand({}));

  // Without FullAWSAccess at one level nothing is allowed below it.
  const { Policy: only } = await org('CreatePolicy', {
    Name: 'sts-only',
    Description: '',
    Type: 'SERVICE_CONTROL_POLICY',
    Content: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['sts:*', 'iam:*'], Resource: '*' }],
    }),
  });
  await assert.rejects(org('DetachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: member }), {
    name: 'ConstraintViolationException',
  });
  await org('AttachPolicy', { PolicyId: only?.PolicySummary?.['Id'], TargetId: member });
  await org('DetachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: member });
  await assert.rejects(
    new DynamoDBClient(options(member)).send(new ListTablesCommand({})),
    /because no service control policy allows the dynamodb:ListTables action/,
  );
  await org('AttachPolicy', { PolicyId: 'p-FullAWSAccess', TargetId: member });
});

test('a resource control policy guards what the account owns, from callers elsewhere too', async () => {
  await org('EnablePolicyType', { RootId: rootId, PolicyType: 'RESOURCE_CONTROL_POLICY' });
  const RoleArn = `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`;
  const assume = () =>
    new STSClient(options('test')).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'admin' }));
  await assume();
  const { Policy } = await org('CreatePolicy', {
    Name: 'no-strangers',
    Description: '',
    Type: 'RESOURCE_CONTROL_POLICY',
    Content: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole', Resource: '*' }],
    }),
  });
  const PolicyId = Policy?.PolicySummary?.['Id'];
  await org('AttachPolicy', { PolicyId, TargetId: member });
  await assert.rejects(
    assume(),
    /with an explicit deny in a resource control policy: arn:aws:organizations::000000000000:policy\/o-\w+\/resource_control_policy\/p-\w+/,
  );
  await org('DetachPolicy', { PolicyId, TargetId: member });
  await assert.rejects(org('DetachPolicy', { PolicyId: 'p-RCPFullAWSAccess', TargetId: member }), {
    name: 'AccessDeniedException',
  });
});

test('policies can ask for the organization of the caller', async () => {
  const { Organization } = await org('DescribeOrganization');
  const iam = new IAMClient(options(member));
  const allowing = (id: unknown) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': id } },
        },
      ],
    });
  await iam.send(
    new CreateRoleCommand({ RoleName: 'ours', AssumeRolePolicyDocument: allowing(Organization?.['Id']) }),
  );
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'ours', PolicyName: 'none', PolicyDocument: deny('s3:*') }),
  );
  const assume = (key: string) =>
    new STSClient(options(key)).send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${member}:role/ours`, RoleSessionName: 'guest' }),
    );
  assert.ok((await assume(MANAGEMENT)).Credentials);
  await assert.rejects(assume('999988887777'), { name: 'AccessDenied' });
});

test('an account that exists joins by invitation', async () => {
  const guest = new JsonClient(lambent.port, { accessKeyId: '555566667777', secretAccessKey: 'test' });
  const invite = () =>
    org('InviteAccountToOrganization', { Target: { Id: '555566667777', Type: 'ACCOUNT' } });
  const { Handshake } = await invite();
  assert.equal(Handshake?.['State'], 'OPEN');
  await assert.rejects(invite(), { name: 'DuplicateHandshakeException' });
  const HandshakeId = Handshake?.['Id'];
  await assert.rejects(org('AcceptHandshake', { HandshakeId }), { name: 'AccessDeniedException' });
  await assert.rejects(org('AcceptHandshake', { HandshakeId: 'h' }), {
    name: 'InvalidInputException',
    message: 'You provided a value that does not match the required pattern.',
  });
  await assert.rejects(org('ListPolicies', { Filter: 'ANY' }), {
    name: 'InvalidInputException',
    message: 'You specified an invalid value.',
  });
  const { Handshakes } = (await org('ListHandshakesForAccount', {}, guest)) as unknown as {
    Handshakes: { Id: string }[];
  };
  assert.deepEqual(
    Handshakes.map(({ Id }) => Id),
    [HandshakeId],
  );
  const accepted = await org('AcceptHandshake', { HandshakeId }, guest);
  assert.equal(accepted['Handshake']?.['State'], 'ACCEPTED');
  const described = await org('DescribeOrganization', {}, guest);
  assert.equal(described['Organization']?.['MasterAccountId'], MANAGEMENT);
  await org('LeaveOrganization', {}, guest);

  const { Handshake: late } = await invite();
  await lambent.advance(16 * 24 * 3600);
  await assert.rejects(org('AcceptHandshake', { HandshakeId: late?.['Id'] }, guest), {
    name: 'InvalidHandshakeTransitionException',
  });
  guest.close();
});

test('what leaves is bound no longer', async () => {
  await org('RemoveAccountFromOrganization', { AccountId: member });
  await assert.rejects(org('DescribeAccount', { AccountId: member }), { name: 'AccountNotFoundException' });
  await org('DeleteOrganizationalUnit', { OrganizationalUnitId: unitId });
  await org('DeleteOrganization');
  await assert.rejects(org('DescribeOrganization'), { name: 'AWSOrganizationsNotInUseException' });
});
