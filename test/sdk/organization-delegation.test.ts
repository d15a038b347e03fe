import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  GetAccountSummaryCommand,
  IAMClient,
  SetSecurityTokenServicePreferencesCommand,
} from '@aws-sdk/client-iam';
import {
  AcceptHandshakeCommand,
  AttachPolicyCommand,
  CreateOrganizationCommand,
  CreatePolicyCommand,
  DeleteResourcePolicyCommand,
  DescribeEffectivePolicyCommand,
  DescribeResourcePolicyCommand,
  DetachPolicyCommand,
  EnablePolicyTypeCommand,
  InviteAccountToOrganizationCommand,
  ListAccountsCommand,
  ListRootsCommand,
  OrganizationsClient,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-organizations';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';
import { makeUser, policyOf } from '../support/users.ts';

/** Members manage policies in the management account's place, as far as the organization's resource policy lets them. */
const MEMBER = '222233334444';
const lambent = await withLambent();
const organizations = lambent.client(OrganizationsClient);
const credentials = { accessKeyId: MEMBER, secretAccessKey: 'test' };
const member = lambent.client(OrganizationsClient, { credentials });
let RootId = '';

const tagPolicy = (...values: readonly string[]) =>
  JSON.stringify({ tags: { Team: { tag_key: { '@@assign': 'Team' }, tag_value: { '@@append': values } } } });

function creation(Name: string, Type: 'TAG_POLICY' | 'SERVICE_CONTROL_POLICY', Content: string) {
  return new CreatePolicyCommand({ Name, Description: '', Type, Content });
}

before(async () => {
  await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  const { Handshake } = await organizations.send(
    new InviteAccountToOrganizationCommand({ Target: { Type: 'ACCOUNT', Id: MEMBER } }),
  );
  await member.send(new AcceptHandshakeCommand({ HandshakeId: Handshake?.Id }));
  RootId = (await organizations.send(new ListRootsCommand({}))).Roots?.[0]?.Id ?? '';
});

test('a member may do what the resource policy delegates, and no more', async () => {
  await assert.rejects(member.send(new ListAccountsCommand({})), named('AccessDeniedException'));
  await assert.rejects(
    organizations.send(new DescribeResourcePolicyCommand({})),
    named('ResourcePolicyNotFoundException'),
  );
  const Content = policyOf(
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${MEMBER}:root` },
      Action: ['organizations:List*', 'organizations:DescribeResourcePolicy'],
      Resource: '*',
    },
    {
      Effect: 'Allow',
      Principal: { AWS: MEMBER },
      Action: ['organizations:CreatePolicy', 'organizations:AttachPolicy', 'organizations:DetachPolicy'],
      Resource: '*',
      Condition: { StringEquals: { 'organizations:PolicyType': 'TAG_POLICY' } },
    },
  );
  const { ResourcePolicy } = await organizations.send(new PutResourcePolicyCommand({ Content }));
  assert.match(
    ResourcePolicy?.ResourcePolicySummary?.Arn ?? '',
    /^arn:aws:organizations::\d{12}:resourcepolicy\/o-\w+\/rp-\w+$/,
  );
  assert.equal((await member.send(new ListAccountsCommand({}))).Accounts?.length, 2);
  assert.equal((await member.send(new DescribeResourcePolicyCommand({}))).ResourcePolicy?.Content, Content);
  await organizations.send(new EnablePolicyTypeCommand({ RootId, PolicyType: 'TAG_POLICY' }));
  const { Policy } = await member.send(creation('tags', 'TAG_POLICY', tagPolicy('red')));
  const attachment = { PolicyId: Policy?.PolicySummary?.Id, TargetId: RootId };
  await member.send(new AttachPolicyCommand(attachment));
  const denied = { name: 'AccessDeniedException', message: /because no resource-based policy allows/ };
  const control = policyOf({ Effect: 'Deny', Action: 's3:*', Resource: '*' });
  await assert.rejects(member.send(creation('control', 'SERVICE_CONTROL_POLICY', control)), denied);
  await assert.rejects(member.send(new DeleteResourcePolicyCommand({})), named('AccessDeniedException'));

  // The member's own policies must allow it too.
  const theirs = lambent.client(IAMClient, { credentials });
  const clerk = await makeUser(theirs, 'clerk', { Effect: 'Allow', Action: 'sts:*', Resource: '*' });
  await assert.rejects(
    lambent.client(OrganizationsClient, { credentials: clerk }).send(new ListAccountsCommand({})),
    { message: /because no identity-based policy allows the organizations:ListAccounts action/ },
  );
});

test('management policies come down to one for an account', async () => {
  const { Policy } = await organizations.send(creation('more', 'TAG_POLICY', tagPolicy('blue')));
  const attachment = { PolicyId: Policy?.PolicySummary?.Id, TargetId: MEMBER };
  await organizations.send(new AttachPolicyCommand(attachment));
  const mine = new DescribeEffectivePolicyCommand({ PolicyType: 'TAG_POLICY' });
  const { EffectivePolicy } = await member.send(mine);
  assert.deepEqual(JSON.parse(EffectivePolicy?.PolicyContent ?? ''), {
    tags: { Team: { tag_key: 'Team', tag_value: ['red', 'blue'] } },
  });
  await organizations.send(new DetachPolicyCommand(attachment));
  const again = await organizations.send(
    new DescribeEffectivePolicyCommand({ PolicyType: 'TAG_POLICY', TargetId: MEMBER }),
  );
  assert.match(again.EffectivePolicy?.PolicyContent ?? '', /\["red"\]/);
  await assert.rejects(
    organizations.send(new DescribeEffectivePolicyCommand({ PolicyType: 'BACKUP_POLICY', TargetId: MEMBER })),
    named('EffectivePolicyNotFoundException'),
  );
});

test('what was delegated is taken back', async () => {
  await organizations.send(new DeleteResourcePolicyCommand({}));
  await assert.rejects(member.send(new ListAccountsCommand({})), named('AccessDeniedException'));
  for (const Content of [
    '{}',
    policyOf({ Effect: 'Allow', Principal: '*', Action: 'organizations:*', Resource: '*' }),
  ])
    await assert.rejects(
      organizations.send(new PutResourcePolicyCommand({ Content })),
      named('InvalidInputException'),
    );
});

test('an account says which tokens it wants of the global endpoint', async () => {
  const iam = lambent.client(IAMClient);
  await iam.send(new SetSecurityTokenServicePreferencesCommand({ GlobalEndpointTokenVersion: 'v1Token' }));
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.['GlobalEndpointTokenVersion'], 1);
});
