import { strict as assert } from 'node:assert';
import { generateKeyPairSync } from 'node:crypto';
import { before, test } from 'node:test';
import * as sdk from '@aws-sdk/client-iam';
import { selfSigned } from '../support/certificate.ts';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const lambent = await withLambent();
const iam = lambent.client(sdk.IAMClient);
const UserName = 'alice';
before(() => iam.send(new sdk.CreateUserCommand({ UserName })));

/** Made by ssh-keygen, with the fingerprint that `ssh-keygen -lE md5` tells. */
const SSH_KEY =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDZ+q+2at/jF8Zpu1n8Y//MSoiLgAhvpNfxfAPE1EA71X0gKq16Rn7/ls9g0+K78AyxDxdVzeL3Aw0Po+y9cmn+Dy9Penax5E6FGz91Pty9WnG2Hnf9HmWZyIZNel0kAdX6JL2N+BdMkMKncNJLajkgkpC8rBVGji1XM/cWAlpSWHrGyO8TqFBVtklCSoSu9FHMC9J9Vdhb1j5/H7lspSInokfggQcoKXtxEN4O+xKwY0c/IxsTHRYsvf/Cs+lJBD9xVv7eAZFHMeGzpgWPmPuq+/5uzTwncXQ1nUOgmv/nbZxqIfXckpaGNT03YZCXdLOXZrnGFuNV2ssxPdfOZE3x';

test('SSH public keys are read, told by fingerprint, shown in both encodings and kept apart', async () => {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
  const upload = (SSHPublicKeyBody: string) =>
    iam.send(new sdk.UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }));
  const { SSHPublicKey } = await upload(pem);
  assert.match(SSHPublicKey?.SSHPublicKeyId ?? '', /^APKA[A-Z2-7]{17}$/);
  assert.match(SSHPublicKey?.Fingerprint ?? '', /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  const SSHPublicKeyId = SSHPublicKey?.SSHPublicKeyId ?? '';
  const get = async (Encoding: 'SSH' | 'PEM') =>
    (await iam.send(new sdk.GetSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Encoding }))).SSHPublicKey;
  assert.equal((await get('PEM'))?.SSHPublicKeyBody?.trim(), pem.trim());
  const asSsh = (await get('SSH'))?.SSHPublicKeyBody ?? '';
  assert.match(asSsh, /^ssh-rsa AAAAB3NzaC1yc2E/);
  assert.equal((await get('SSH'))?.Fingerprint, SSHPublicKey?.Fingerprint);
  await assert.rejects(upload(`${asSsh} alice@example.com`), named('DuplicateSSHPublicKeyException'));
  const ssh = await upload(`${SSH_KEY} comment`);
  assert.equal(ssh.SSHPublicKey?.Fingerprint, '9c:41:06:c1:a2:e2:ba:a2:8b:dc:7d:44:ac:31:cc:ee');
  for (const bad of ['ssh-rsa AAAA', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA', 'no key'])
    await assert.rejects(upload(bad), named('InvalidPublicKeyException', 400));
  await iam.send(new sdk.UpdateSSHPublicKeyCommand({ UserName, SSHPublicKeyId, Status: 'Inactive' }));
  const { SSHPublicKeys } = await iam.send(new sdk.ListSSHPublicKeysCommand({ UserName }));
  assert.equal(SSHPublicKeys?.find((key) => key.SSHPublicKeyId === SSHPublicKeyId)?.Status, 'Inactive');
  await assert.rejects(iam.send(new sdk.DeleteUserCommand({ UserName })), named('DeleteConflictException'));
  for (const { SSHPublicKeyId: id } of SSHPublicKeys ?? [])
    await iam.send(new sdk.DeleteSSHPublicKeyCommand({ UserName, SSHPublicKeyId: id }));
  await assert.rejects(get('SSH'), named('NoSuchEntityException', 404));
});

test('signing certificates: two for each user, and for root', async () => {
  const upload = (user: string | undefined, CertificateBody = selfSigned('alice').certificate) =>
    iam.send(new sdk.UploadSigningCertificateCommand({ UserName: user, CertificateBody }));
  const first = (await upload(UserName)).Certificate;
  await assert.rejects(upload(UserName, first?.CertificateBody), named('DuplicateCertificateException'));
  await upload(UserName);
  await assert.rejects(upload(UserName), named('LimitExceededException', 409));
  await assert.rejects(upload(UserName, 'no certificate'), named('MalformedCertificateException'));
  const CertificateId = first?.CertificateId ?? '';
  await iam.send(new sdk.UpdateSigningCertificateCommand({ UserName, CertificateId, Status: 'Inactive' }));
  const { Certificates = [] } = await iam.send(new sdk.ListSigningCertificatesCommand({ UserName }));
  assert.equal(Certificates.find((found) => found.CertificateId === CertificateId)?.Status, 'Inactive');
  for (const { CertificateId: id } of Certificates)
    await iam.send(new sdk.DeleteSigningCertificateCommand({ UserName, CertificateId: id }));
  const own = (await upload(undefined)).Certificate;
  const { SummaryMap } = await iam.send(new sdk.GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.['AccountSigningCertificatesPresent'], 1);
  await iam.send(new sdk.DeleteSigningCertificateCommand({ CertificateId: own?.CertificateId ?? '' }));
});

test('names and passwords for a service', async () => {
  const ServiceName = 'codecommit.amazonaws.com';
  const create = (service = ServiceName) =>
    iam.send(new sdk.CreateServiceSpecificCredentialCommand({ UserName, ServiceName: service }));
  const { ServiceSpecificCredential: made } = await create();
  assert.equal(made?.ServiceUserName, `alice-at-${lambent.account}`);
  assert.ok((made?.ServicePassword?.length ?? 0) >= 40);
  assert.equal((await create()).ServiceSpecificCredential?.ServiceUserName, `alice+1-at-${lambent.account}`);
  await assert.rejects(create(), named('LimitExceededException'));
  await assert.rejects(create('s3.amazonaws.com'), named('NoSuchEntityException', 404));
  const ServiceSpecificCredentialId = made?.ServiceSpecificCredentialId ?? '';
  const which = { UserName, ServiceSpecificCredentialId };
  const reset = await iam.send(new sdk.ResetServiceSpecificCredentialCommand(which));
  assert.notEqual(reset.ServiceSpecificCredential?.ServicePassword, made?.ServicePassword);
  await iam.send(new sdk.UpdateServiceSpecificCredentialCommand({ ...which, Status: 'Inactive' }));
  const own = await iam.send(new sdk.ListServiceSpecificCredentialsCommand({ UserName }));
  assert.equal(own.IsTruncated, undefined);
  const { ServiceSpecificCredentials: listed = [] } = await iam.send(
    new sdk.ListServiceSpecificCredentialsCommand({ AllUsers: true }),
  );
  assert.deepEqual(listed.map(({ Status }) => Status).sort(), ['Active', 'Inactive']);
  await assert.rejects(iam.send(new sdk.DeleteUserCommand({ UserName })), {
    message: 'Cannot delete entity, must remove referenced objects first.',
  });
  for (const { ServiceSpecificCredentialId: id } of listed)
    await iam.send(
      new sdk.DeleteServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId: id }),
    );
  await iam.send(new sdk.DeleteUserCommand({ UserName }));
});
