import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  GenerateOrganizationsAccessReportCommand,
  GetOrganizationsAccessReportCommand,
  type GetOrganizationsAccessReportCommandOutput,
  IAMClient,
} from '@aws-sdk/client-iam';
import {
  AcceptHandshakeCommand,
  AttachPolicyCommand,
  CreateOrganizationCommand,
  CreatePolicyCommand,
  DetachPolicyCommand,
  EnablePolicyTypeCommand,
  InviteAccountToOrganizationCommand,
  ListRootsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

/** What accounts of an organization may use by its control policies, and what they have used. */
const MEMBER = '222233334444';
const lambent = await withLambent();
const organizations = lambent.client(OrganizationsClient);
const iam = lambent.client(IAMClient);
const member = { accessKeyId: MEMBER, secretAccessKey: 'test' };
let organizationId = '';
let rootId = '';
let policyId = '';

async function report(
  EntityPath: string,
  OrganizationsPolicyId?: string,
): Promise<GetOrganizationsAccessReportCommandOutput> {
  const { JobId } = await iam.send(
    new GenerateOrganizationsAccessReportCommand({ EntityPath, OrganizationsPolicyId }),
  );
  return iam.send(
    new GetOrganizationsAccessReportCommand({ JobId, SortKey: 'LAST_AUTHENTICATED_TIME_DESCENDING' }),
  );
}

before(async () => {
  const { Organization } = await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  organizationId = Organization?.Id ?? '';
  const Target = { Type: 'ACCOUNT', Id: MEMBER } as const;
  const { Handshake } = await organizations.send(new InviteAccountToOrganizationCommand({ Target }));
  await lambent
    .client(OrganizationsClient, { credentials: member })
    .send(new AcceptHandshakeCommand({ HandshakeId: Handshake?.Id }));
  rootId = (await organizations.send(new ListRootsCommand({}))).Roots?.[0]?.Id ?? '';
  const PolicyType = 'SERVICE_CONTROL_POLICY';
  await organizations.send(new EnablePolicyTypeCommand({ RootId: rootId, PolicyType }));
  const { Policy } = await organizations.send(
    new CreatePolicyCommand({
      Name: 'two-services',
      Description: '',
      Type: PolicyType,
      Content: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['sqs:*', 'sns:*'], Resource: '*' }],
      }),
    }),
  );
  policyId = Policy?.PolicySummary?.Id ?? '';
  await organizations.send(new AttachPolicyCommand({ PolicyId: policyId, TargetId: MEMBER }));
  await organizations.send(new DetachPolicyCommand({ PolicyId: 'p-FullAWSAccess', TargetId: MEMBER }));
  await lambent
    .client(SQSClient, { credentials: member })
    .send(new CreateQueueCommand({ QueueName: 'theirs' }));
});

test('an account has what its policies allow, with when and where it was used', async () => {
  const path = `${organizationId}/${rootId}/${MEMBER}`;
  const found = await report(path);
  assert.equal(found.JobStatus, 'COMPLETED');
  assert.equal(found.NumberOfServicesAccessible, 2);
  assert.equal(found.NumberOfServicesNotAccessed, 1);
  const [first, second] = found.AccessDetails ?? [];
  assert.equal(first?.ServiceNamespace, 'sqs');
  assert.equal(first?.EntityPath, path);
  assert.equal(first?.Region, 'us-east-1');
  assert.equal(first?.TotalAuthenticatedEntities, 1);
  assert.equal(second?.ServiceNamespace, 'sns');
  assert.equal(second?.LastAuthenticatedTime, undefined);
  assert.equal((await report(path, policyId)).NumberOfServicesAccessible, 2);
});

test('the root has what any account under it has; only who manages the organization is told', async () => {
  const whole = await report(`${organizationId}/${rootId}`);
  assert.ok((whole.NumberOfServicesAccessible ?? 0) > 20);
  await assert.rejects(report(`${organizationId}/r-none`), named('InvalidInputException'));
  await assert.rejects(
    lambent
      .client(IAMClient, { credentials: { accessKeyId: '999988887777', secretAccessKey: 'test' } })
      .send(new GenerateOrganizationsAccessReportCommand({ EntityPath: `${organizationId}/${rootId}` })),
    named('AccessDenied', 403),
  );
});

test('what a service control policy denies whole is taken off', async () => {
  const { Policy } = await organizations.send(
    new CreatePolicyCommand({
      Name: 'no-topics',
      Description: '',
      Type: 'SERVICE_CONTROL_POLICY',
      Content: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Deny', Action: 'sns:*', Resource: '*' },
          {
            Effect: 'Deny',
            Action: 'sqs:*',
            Resource: '*',
            Condition: { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } },
          },
        ],
      }),
    }),
  );
  await organizations.send(
    new AttachPolicyCommand({ PolicyId: Policy?.PolicySummary?.Id, TargetId: MEMBER }),
  );
  const { AccessDetails } = await report(`${organizationId}/${rootId}/${MEMBER}`);
  assert.deepEqual(
    AccessDetails?.map(({ ServiceNamespace }) => ServiceNamespace),
    ['sqs'],
  );
});
