import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteServerCertificateCommand,
  GenerateCredentialReportCommand,
  GenerateServiceLastAccessedDetailsCommand,
  GetCredentialReportCommand,
  GetRoleCommand,
  GetServerCertificateCommand,
  GetServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsWithEntitiesCommand,
  IAMClient,
  ListPoliciesGrantingServiceAccessCommand,
  ListServerCertificatesCommand,
  UpdateServerCertificateCommand,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { type Lambent, startLambent } from 'lambent/testing';

let lambent: Lambent;
let iam: IAMClient;
before(async () => {
  lambent = await startLambent();
  iam = new IAMClient(options(lambent.credentials));
});
after(() => lambent.stop());

function options(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) {
  const { endpoint, region } = lambent;
  return { endpoint, region, credentials, maxAttempts: 1 };
}

test('the credential report names everybody, their keys and their second factors', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'alice' }));
  await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }));
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: 'CredentialReportNotPresentException',
  });
  assert.equal((await iam.send(new GenerateCredentialReportCommand({}))).State, 'STARTED');
  assert.equal((await iam.send(new GenerateCredentialReportCommand({}))).State, 'COMPLETE');
  const { Content, ReportFormat } = await iam.send(new GetCredentialReportCommand({}));
  assert.equal(ReportFormat, 'text/csv');
  const [header = '', root = '', alice = ''] = Buffer.from(Content ?? [])
    .toString()
    .split('\n');
  assert.equal(header.split(',').length, 22);
  assert.match(root, /^<root_account>,arn:aws:iam::000000000000:root,not_supported,/);
  const cells = alice.split(',');
  assert.equal(cells.length, 22);
  assert.deepEqual(
    [cells[0], cells[3], cells[7], cells[8], cells[13]],
    ['alice', 'false', 'false', 'true', 'false'],
  );
  await lambent.advance(4 * 3600);
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: 'CredentialReportExpiredException',
  });
});

test('what a role last did shows in its description and in the access report', async () => {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' }],
  };
  const AssumeRolePolicyDocument = JSON.stringify(trust);
  await iam.send(new CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'worker', PolicyArn }));
  const before = await iam.send(new GetRoleCommand({ RoleName: 'worker' }));
  assert.equal(before.Role?.RoleLastUsed?.LastUsedDate, undefined);
  const RoleArn = before.Role?.Arn ?? '';
  const { Credentials } = await new STSClient(options(lambent.credentials)).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }),
  );
  const session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  await new DynamoDBClient(options(session)).send(new ListTablesCommand({}));

  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'worker' }));
  assert.ok(Role?.RoleLastUsed?.LastUsedDate);
  assert.equal(Role.RoleLastUsed.Region, 'us-east-1');

  const generate = new GenerateServiceLastAccessedDetailsCommand({
    Arn: RoleArn,
    Granularity: 'ACTION_LEVEL',
  });
  const { JobId } = await iam.send(generate);
  const details = await iam.send(new GetServiceLastAccessedDetailsCommand({ JobId }));
  assert.equal(details.JobStatus, 'COMPLETED');
  const services = new Map(details.ServicesLastAccessed?.map((one) => [one.ServiceNamespace, one]));
  const dynamodb = services.get('dynamodb');
  assert.equal(dynamodb?.ServiceName, 'Amazon DynamoDB');
  assert.equal(dynamodb?.LastAuthenticatedEntity, RoleArn);
  assert.deepEqual(
    dynamodb?.TrackedActionsLastAccessed?.map(({ ActionName }) => ActionName),
    ['ListTables'],
  );
  assert.ok(services.has('cloudwatch'));
  assert.equal(services.get('cloudwatch')?.LastAuthenticated, undefined);
  assert.equal(services.has('s3'), false, 'what no policy allows is not listed');

  const policy = await iam.send(new GenerateServiceLastAccessedDetailsCommand({ Arn: PolicyArn }));
  const { EntityDetailsList } = await iam.send(
    new GetServiceLastAccessedDetailsWithEntitiesCommand({
      JobId: policy.JobId,
      ServiceNamespace: 'dynamodb',
    }),
  );
  assert.deepEqual(
    EntityDetailsList?.map(({ EntityInfo, LastAuthenticated }) => [
      EntityInfo?.Arn,
      LastAuthenticated !== undefined,
    ]),
    [[RoleArn, true]],
  );

  const { PoliciesGrantingServiceAccess } = await iam.send(
    new ListPoliciesGrantingServiceAccessCommand({ Arn: RoleArn, ServiceNamespaces: ['dynamodb', 's3'] }),
  );
  assert.deepEqual(
    PoliciesGrantingServiceAccess?.map(({ ServiceNamespace, Policies }) => [
      ServiceNamespace,
      Policies?.map(({ PolicyName }) => PolicyName),
    ]),
    [
      ['dynamodb', ['AmazonDynamoDBReadOnlyAccess']],
      ['s3', []],
    ],
  );
});

test('server certificates are kept with their keys sealed', { skip: !opensslHere() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lambent-cert-'));
  const make = (name: string) => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '30',
        '-subj',
        `/CN=${name}.example.com`,
      ],
      { stdio: 'ignore' },
    );
    return { CertificateBody: readFileSync(cert, 'utf8'), PrivateKey: readFileSync(key, 'utf8') };
  };
  const [one, other] = [make('one'), make('other')];
  rmSync(folder, { recursive: true });
  const upload = (ServerCertificateName: string, pair: typeof one) =>
    iam.send(new UploadServerCertificateCommand({ ServerCertificateName, ...pair }));
  const { ServerCertificateMetadata } = await upload('one', one);
  assert.match(ServerCertificateMetadata?.ServerCertificateId ?? '', /^ASCA/);
  await assert.rejects(upload('one', one), { name: 'EntityAlreadyExistsException' });
  await assert.rejects(upload('mixed', { ...one, PrivateKey: other.PrivateKey }), {
    name: 'KeyPairMismatchException',
  });
  await assert.rejects(upload('bad', { ...one, CertificateBody: 'no certificate' }), {
    name: 'MalformedCertificateException',
  });
  await iam.send(
    new UpdateServerCertificateCommand({ ServerCertificateName: 'one', NewServerCertificateName: 'two' }),
  );
  const { ServerCertificate } = await iam.send(
    new GetServerCertificateCommand({ ServerCertificateName: 'two' }),
  );
  assert.equal(ServerCertificate?.CertificateBody, one.CertificateBody);
  const { ServerCertificateMetadataList } = await iam.send(new ListServerCertificatesCommand({}));
  assert.equal(ServerCertificateMetadataList?.length, 1);
  await iam.send(new DeleteServerCertificateCommand({ ServerCertificateName: 'two' }));
});

function opensslHere(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
