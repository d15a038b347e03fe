import type { IamOperations, ServiceSpecificCredentialMetadata } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import { identityRows, readIdentity, updateIdentity } from './identity.ts';
import type { ServiceCredentialRow, UserRow } from './layout.ts';
import { pageOfList } from './page.ts';
import { ownUserName } from './users.ts';

const MOST_CREDENTIALS = 2;
/** Services that take a name and a password of their own. */
const SERVICES = new Set(['codecommit.amazonaws.com', 'cassandra.amazonaws.com']);

/** Names and passwords for one service. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html */
export const serviceCredentials = {
  async CreateServiceSpecificCredential({ UserName, ServiceName, CredentialAgeDays }, ctx) {
    await readIdentity(ctx.store, ctx.account, 'user', UserName);
    checkService(ServiceName);
    if (CredentialAgeDays !== undefined)
      throw fault('InvalidInput', `Credentials for ${ServiceName} do not expire.`);
    const { world } = ctx;
    const id = newUniqueId('ACCA', world.random);
    const password = newPassword(ctx);
    const made = await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', UserName, (user) => {
        const rows = user.serviceCredentials ?? [];
        const own = rows.filter(({ service }) => service === ServiceName);
        if (own.length >= MOST_CREDENTIALS)
          throw fault(
            'LimitExceeded',
            `Cannot exceed quota for ServiceSpecificCredentialsPerUser: ${MOST_CREDENTIALS}`,
          );
        const taken = new Set(own.map(({ name }) => name));
        const first = `${UserName}-at-${ctx.account}`;
        const row: ServiceCredentialRow = {
          id,
          service: ServiceName,
          name: taken.has(first) ? `${UserName}+1-at-${ctx.account}` : first,
          sealedPassword: seal(password, id, ctx),
          active: true,
          createdAtMs: world.clock.now(),
        };
        return { ...user, serviceCredentials: [...rows, row] };
      }),
    );
    return {
      ServiceSpecificCredential: { ...shown(made, credentialOf(made, id)), ServicePassword: password },
    };
  },

  async ListServiceSpecificCredentials({ UserName, ServiceName, AllUsers = false, ...page }, ctx) {
    if (ServiceName !== undefined) checkService(ServiceName);
    if (AllUsers && UserName !== undefined)
      throw fault('InvalidInput', 'UserName and AllUsers cannot be given together.');
    const { account, store } = ctx;
    const users = AllUsers
      ? (await identityRows(account, 'user').all(store, [])).map(({ value }) => value)
      : [await readIdentity(store, account, 'user', UserName ?? ownUserName(ctx))];
    const found = users
      .flatMap((user) => (user.serviceCredentials ?? []).map((row) => ({ user, row })))
      .filter(({ row }) => ServiceName === undefined || row.service === ServiceName);
    const { items, ...more } = pageOfList(found, page, ({ row }) => row.id);
    // One user's list comes without a word about pages, unless pages are asked for.
    const paged = AllUsers || Object.values(page).some((value) => value !== undefined);
    return {
      ServiceSpecificCredentials: items.map(({ user, row }) => shown(user, row)),
      ...(paged || more.IsTruncated ? more : {}),
    };
  },

  async UpdateServiceSpecificCredential({ UserName, ServiceSpecificCredentialId, Status }, ctx) {
    if (Status === 'Expired') throw fault('InvalidInput', 'A credential cannot be set to Expired.');
    await replace(ctx, UserName, ServiceSpecificCredentialId, (row) => ({
      ...row,
      active: Status === 'Active',
    }));
    return {};
  },

  async ResetServiceSpecificCredential({ UserName, ServiceSpecificCredentialId: id }, ctx) {
    const password = newPassword(ctx);
    const user = await replace(ctx, UserName, id, (row) => ({
      ...row,
      sealedPassword: seal(password, id, ctx),
    }));
    return {
      ServiceSpecificCredential: { ...shown(user, credentialOf(user, id)), ServicePassword: password },
    };
  },

  async DeleteServiceSpecificCredential({ UserName, ServiceSpecificCredentialId }, ctx) {
    await replace(ctx, UserName, ServiceSpecificCredentialId, () => undefined);
    return {};
  },
} satisfies Group<IamOperations>;

function newPassword({ world }: Context): string {
  return Buffer.from(world.random.bytes(32)).toString('base64');
}

function seal(password: string, id: string, { ports }: Context): string {
  return ports.identity.sealSecret(Buffer.from(password), `service-credential/${id}`);
}

function replace(
  ctx: Context,
  userName: string | undefined,
  id: string,
  body: (row: ServiceCredentialRow) => ServiceCredentialRow | undefined,
): Promise<UserRow> {
  const name = userName ?? ownUserName(ctx);
  return change(ctx, (tx) =>
    updateIdentity(tx, ctx.account, 'user', name, (user) => {
      const found = credentialOf(user, id);
      return {
        ...user,
        serviceCredentials: (user.serviceCredentials ?? []).flatMap((row) =>
          row === found ? (body(row) ?? []) : row,
        ),
      };
    }),
  );
}

function checkService(name: string): void {
  if (!SERVICES.has(name))
    throw fault('NoSuchEntity', `No such service ${name} is supported for Service Specific Credentials`);
}

function credentialOf(user: UserRow, id: string): ServiceCredentialRow {
  const found = user.serviceCredentials?.find((row) => row.id === id);
  if (found !== undefined) return found;
  throw fault('NoSuchEntity', `No such credential ${id} exists`);
}

function shown(user: UserRow, row: ServiceCredentialRow): ServiceSpecificCredentialMetadata {
  return {
    UserName: user.name,
    Status: row.active ? 'Active' : 'Inactive',
    ServiceUserName: row.name,
    CreateDate: new Date(row.createdAtMs),
    ServiceSpecificCredentialId: row.id,
    ServiceName: row.service,
  };
}
