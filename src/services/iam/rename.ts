import type { Transaction } from '../../store/store.ts';
import { checkNameFree, identityRows, readIdentity, updateIdentity, writeIdentity } from './identity.ts';
import { layout } from './layout.ts';

/** Gives a user or group another name or path; what names it in other rows follows. */
export async function rename(
  tx: Transaction,
  account: string,
  kind: 'user' | 'group',
  name: string,
  newName: string | undefined,
  newPath: string | undefined,
): Promise<void> {
  const row = await readIdentity(tx, account, kind, name);
  const renamed = { ...row, name: newName ?? row.name, path: newPath ?? row.path };
  if (renamed.name.toLowerCase() !== name.toLowerCase()) await checkNameFree(tx, account, kind, renamed.name);
  identityRows(account, kind).delete(tx, [name.toLowerCase()]);
  writeIdentity(tx, account, kind, renamed);
  if (renamed.name === name) return;

  const { attachments } = layout.at(account, '');
  const uses = row.attached.map((arn) => [arn, 'policy'] as const);
  const boundary =
    'boundary' in row && row.boundary !== undefined ? [[row.boundary, 'boundary'] as const] : [];
  for (const [arn, usage] of [...uses, ...boundary]) {
    attachments.delete(tx, [arn, usage, kind, name]);
    attachments.set(tx, [arn, usage, kind, renamed.name], true);
  }
  if (kind === 'user') await renameUser(tx, account, name, renamed.name);
  else await renameGroup(tx, account, name, renamed.name);
}

async function renameUser(tx: Transaction, account: string, name: string, newName: string): Promise<void> {
  const { members, accessKeys, virtualMfaDevices } = layout.at(account, '');
  const row = await readIdentity(tx, account, 'user', newName);
  layout.global().uniqueIds.set(tx, [row.id], { account, kind: 'user', name: newName });
  for (const group of row.groups) {
    members.delete(tx, [group, name]);
    members.set(tx, [group, newName], true);
  }
  for (const id of row.accessKeyIds) {
    const key = await accessKeys.get(tx, [id]);
    if (key !== undefined) accessKeys.set(tx, [id], { ...key, userName: newName });
  }
  for (const serial of row.mfaSerials) {
    const device = await virtualMfaDevices.get(tx, [serial]);
    if (device !== undefined) virtualMfaDevices.set(tx, [serial], { ...device, userName: newName });
  }
}

async function renameGroup(tx: Transaction, account: string, name: string, newName: string): Promise<void> {
  const { members } = layout.at(account, '');
  for (const { key } of await members.all(tx, [name])) {
    const [, user] = key;
    members.delete(tx, [name, user]);
    members.set(tx, [newName, user], true);
    await updateIdentity(tx, account, 'user', user, (row) => ({
      ...row,
      groups: row.groups.map((group) => (group === name ? newName : group)),
    }));
  }
}
