import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import { type AccessKeyRow, layout } from './layout.ts';
import { pageOfList } from './page.ts';
import { ownUserName } from './users.ts';

const MOST_KEYS = 2;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html */
export const accessKeys = {
  async CreateAccessKey({ UserName }, ctx) {
    const { account, world } = ctx;
    const userName = ownerOf(UserName, ctx);
    const key = ctx.ports.identity.newAccessKey(account);
    const { accessKeyId, secretAccessKey, sealedSecret } = key;
    const createdAtMs = world.clock.now();
    await change(ctx, async (tx) => {
      const keys = await keysOf(tx, account, userName);
      if (keys.length >= MOST_KEYS)
        throw fault('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`);
      const row: AccessKeyRow = { active: true, sealedSecret, createdAtMs };
      const { accessKeys } = layout.at(account, '');
      if (userName === undefined) accessKeys.set(tx, [accessKeyId], row);
      else {
        const user = await updateIdentity(tx, account, 'user', userName, (found) => ({
          ...found,
          accessKeyIds: [...found.accessKeyIds, accessKeyId],
        }));
        accessKeys.set(tx, [accessKeyId], { ...row, userName, userId: user.id });
      }
    });
    return {
      AccessKey: {
        UserName: userName ?? account,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        SecretAccessKey: secretAccessKey,
        CreateDate: new Date(createdAtMs),
      },
    };
  },

  async ListAccessKeys({ UserName, ...page }, ctx) {
    const { account, store } = ctx;
    const userName = ownerOf(UserName, ctx);
    const keys = await store.snapshot((reader) => keysOf(reader, account, userName));
    const { items, ...more } = pageOfList(keys, page, ({ id }) => id);
    return {
      AccessKeyMetadata: items.map(({ id, row }) => ({
        UserName: userName ?? account,
        AccessKeyId: id,
        Status: row.active ? 'Active' : 'Inactive',
        CreateDate: new Date(row.createdAtMs),
      })),
      ...more,
    };
  },

  async UpdateAccessKey({ UserName, AccessKeyId, Status }, ctx) {
    const userName = ownerOf(UserName, ctx);
    if (Status === 'Expired') throw fault('InvalidInput', 'An access key cannot be set to Expired.');
    await change(ctx, async (tx) => {
      const row = await readKey(tx, ctx.account, userName, AccessKeyId);
      const active = Status === 'Active';
      layout.at(ctx.account, '').accessKeys.set(tx, [AccessKeyId], { ...row, active });
    });
    return {};
  },

  async DeleteAccessKey({ UserName, AccessKeyId }, ctx) {
    const { account } = ctx;
    const userName = ownerOf(UserName, ctx);
    await change(ctx, async (tx) => {
      await readKey(tx, account, userName, AccessKeyId);
      const { accessKeys, keyUses } = layout.at(account, '');
      accessKeys.delete(tx, [AccessKeyId]);
      keyUses.delete(tx, [AccessKeyId]);
      if (userName === undefined) return;
      await updateIdentity(tx, account, 'user', userName, (user) => ({
        ...user,
        accessKeyIds: user.accessKeyIds.filter((id) => id !== AccessKeyId),
      }));
    });
    return {};
  },

  async GetAccessKeyLastUsed({ AccessKeyId }, { account, store }) {
    const { accessKeys, keyUses } = layout.at(account, '');
    const row = await accessKeys.get(store, [AccessKeyId]);
    if (row === undefined) throw noKey(AccessKeyId);
    const use = await keyUses.get(store, [AccessKeyId]);
    return {
      UserName: row.userName ?? account,
      AccessKeyLastUsed:
        use === undefined
          ? { ServiceName: 'N/A', Region: 'N/A' }
          : { LastUsedDate: new Date(use.usedAtMs), ServiceName: use.service, Region: use.region },
    };
  },
} satisfies Group<IamOperations>;

/** Absent: the keys of the account's root, who asked. */
function ownerOf(userName: string | undefined, ctx: Context): string | undefined {
  return userName === undefined && ctx.principal.kind === 'root' ? undefined : (userName ?? ownUserName(ctx));
}

async function keysOf(reader: Reader, account: string, userName: string | undefined) {
  const { accessKeys } = layout.at(account, '');
  if (userName === undefined) {
    const all = await accessKeys.all(reader, []);
    return all
      .filter(({ value }) => value.userName === undefined)
      .map(({ key: [id], value }) => ({ id, row: value }));
  }
  const { accessKeyIds } = await readIdentity(reader, account, 'user', userName);
  const rows = await Promise.all(
    accessKeyIds.map(async (id) => ({ id, row: await accessKeys.get(reader, [id]) })),
  );
  return rows.flatMap(({ id, row }) => (row === undefined ? [] : [{ id, row }]));
}

async function readKey(
  tx: Transaction,
  account: string,
  userName: string | undefined,
  id: string,
): Promise<AccessKeyRow> {
  if (userName !== undefined) await readIdentity(tx, account, 'user', userName);
  const row = await layout.at(account, '').accessKeys.get(tx, [id]);
  if (row === undefined || row.userName !== userName) throw noKey(id);
  return row;
}

function noKey(id: string) {
  return fault('NoSuchEntity', `The Access Key with id ${id} cannot be found.`);
}
