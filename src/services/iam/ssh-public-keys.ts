import type { IamOperations, SSHPublicKeyMetadata } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import type { SshKeyRow, UserRow } from './layout.ts';
import { pageOfList } from './page.ts';
import { readSshKey } from './ssh-public-key.ts';
import { ownUserName } from './users.ts';

const MOST_KEYS = 5;

/** Users' keys for SSH. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html */
export const sshPublicKeys = {
  async UploadSSHPublicKey({ UserName, SSHPublicKeyBody }, ctx) {
    const read = readSshKey(SSHPublicKeyBody);
    if (read === undefined) throw fault('InvalidPublicKey', 'The public key is not valid.');
    const { world } = ctx;
    const row: SshKeyRow = {
      id: newUniqueId('APKA', world.random),
      body: read.ssh,
      active: true,
      uploadedAtMs: world.clock.now(),
    };
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', UserName, (user) => {
        const keys = user.sshKeys ?? [];
        if (keys.some(({ body }) => body === row.body))
          throw fault('DuplicateSSHPublicKey', 'The SSH public key is already associated with this user.');
        if (keys.length >= MOST_KEYS)
          throw fault('LimitExceeded', `Cannot exceed quota for SSHPublicKeysPerUser: ${MOST_KEYS}`);
        return { ...user, sshKeys: [...keys, row] };
      }),
    );
    return { SSHPublicKey: { ...shown(UserName, row), Fingerprint: read.fingerprint, SSHPublicKeyBody } };
  },

  async GetSSHPublicKey({ UserName, SSHPublicKeyId, Encoding }, { account, store }) {
    const row = keyOf(await readIdentity(store, account, 'user', UserName), SSHPublicKeyId);
    const { ssh, pem, fingerprint = '' } = readSshKey(row.body) ?? {};
    return {
      SSHPublicKey: {
        ...shown(UserName, row),
        Fingerprint: fingerprint,
        SSHPublicKeyBody: (Encoding === 'PEM' ? pem : ssh) ?? row.body,
      },
    };
  },

  async ListSSHPublicKeys({ UserName, ...page }, ctx) {
    const name = UserName ?? ownUserName(ctx);
    const { sshKeys = [] } = await readIdentity(ctx.store, ctx.account, 'user', name);
    const { items, ...more } = pageOfList(sshKeys, page, ({ id }) => id);
    return { SSHPublicKeys: items.map((row) => shown(name, row)), ...more };
  },

  async UpdateSSHPublicKey({ UserName, SSHPublicKeyId, Status }, ctx) {
    if (Status === 'Expired') throw fault('InvalidInput', 'An SSH public key cannot be set to Expired.');
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', UserName, (user) => {
        const found = keyOf(user, SSHPublicKeyId);
        const changed = { ...found, active: Status === 'Active' };
        return { ...user, sshKeys: (user.sshKeys ?? []).map((row) => (row === found ? changed : row)) };
      }),
    );
    return {};
  },

  async DeleteSSHPublicKey({ UserName, SSHPublicKeyId }, ctx) {
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', UserName, (user) => {
        const found = keyOf(user, SSHPublicKeyId);
        return { ...user, sshKeys: (user.sshKeys ?? []).filter((row) => row !== found) };
      }),
    );
    return {};
  },
} satisfies Group<IamOperations>;

function keyOf(user: UserRow, id: string): SshKeyRow {
  const found = user.sshKeys?.find((row) => row.id === id);
  if (found !== undefined) return found;
  throw fault('NoSuchEntity', `The Public Key with id ${id} cannot be found.`);
}

function shown(userName: string, { id, active, uploadedAtMs }: SshKeyRow): Required<SSHPublicKeyMetadata> {
  return {
    UserName: userName,
    SSHPublicKeyId: id,
    Status: active ? 'Active' : 'Inactive',
    UploadDate: new Date(uploadedAtMs),
  };
}
