import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  AcceptHandshakeCommand,
  CancelHandshakeCommand,
  CreateOrganizationCommand,
  DescribeHandshakeCommand,
  DescribeOrganizationCommand,
  EnableAllFeaturesCommand,
  EnablePolicyTypeCommand,
  InviteAccountToOrganizationCommand,
  ListHandshakesForAccountCommand,
  ListRootsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

/** From consolidated billing to all features, by the consent of who was invited. */
const lambent = await withLambent();
const management = lambent.client(OrganizationsClient);
const MEMBER = '222233334444';
const member = lambent.client(OrganizationsClient, {
  credentials: { accessKeyId: MEMBER, secretAccessKey: 'test' },
});

const stateOf = async (HandshakeId: string | undefined) =>
  (await management.send(new DescribeHandshakeCommand({ HandshakeId }))).Handshake?.State;
const accept = (client: OrganizationsClient, HandshakeId: string | undefined) =>
  client.send(new AcceptHandshakeCommand({ HandshakeId }));
const approvalsOf = async (ParentHandshakeId: string | undefined) =>
  (await member.send(new ListHandshakesForAccountCommand({ Filter: { ParentHandshakeId } }))).Handshakes ??
  [];

async function enablePolicies() {
  const { Roots } = await management.send(new ListRootsCommand({}));
  return management.send(
    new EnablePolicyTypeCommand({ RootId: Roots?.[0]?.Id, PolicyType: 'SERVICE_CONTROL_POLICY' }),
  );
}

before(async () => {
  await management.send(new CreateOrganizationCommand({ FeatureSet: 'CONSOLIDATED_BILLING' }));
  const Target = { Type: 'ACCOUNT', Id: MEMBER } as const;
  const { Handshake } = await management.send(new InviteAccountToOrganizationCommand({ Target }));
  assert.equal(Handshake?.Action, 'INVITE');
  await accept(member, Handshake?.Id);
});

test('without all features there are no control policies', async () => {
  await assert.rejects(enablePolicies(), named('PolicyTypeNotAvailableForOrganizationException'));
});

test('who was invited has to approve, then the management account finishes', async () => {
  const first = (await management.send(new EnableAllFeaturesCommand({}))).Handshake;
  assert.equal(first?.Action, 'ENABLE_ALL_FEATURES');
  assert.equal(first?.State, 'REQUESTED');
  assert.match(first?.Arn ?? '', /:handshake\/o-\w+\/enable_all_features\/h-\w+$/);
  await assert.rejects(
    management.send(new EnableAllFeaturesCommand({})),
    named('HandshakeConstraintViolationException'),
  );
  const Target = { Type: 'ACCOUNT', Id: '555566667777' } as const;
  await assert.rejects(
    management.send(new InviteAccountToOrganizationCommand({ Target })),
    named('HandshakeConstraintViolationException'),
  );
  await management.send(new CancelHandshakeCommand({ HandshakeId: first?.Id }));
  const [canceled] = await approvalsOf(first?.Id);
  assert.equal(canceled?.State, 'CANCELED');

  const second = (await management.send(new EnableAllFeaturesCommand({}))).Handshake;
  await assert.rejects(accept(management, second?.Id), named('InvalidHandshakeTransitionException'));
  const [approval] = await approvalsOf(second?.Id);
  assert.equal(approval?.Action, 'APPROVE_ALL_FEATURES');
  await assert.rejects(accept(management, approval?.Id), named('AccessDeniedException'));
  await accept(member, approval?.Id);
  assert.equal(await stateOf(second?.Id), 'OPEN');
  await accept(management, second?.Id);
  const { Organization } = await management.send(new DescribeOrganizationCommand({}));
  assert.equal(Organization?.FeatureSet, 'ALL');
  await enablePolicies();
  await assert.rejects(
    management.send(new EnableAllFeaturesCommand({})),
    named('HandshakeConstraintViolationException'),
  );
});
