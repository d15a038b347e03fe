import { parseArn } from '../../base/arn.ts';
import type { IamOperations, Tag } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { change } from './change.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { readInstanceProfile } from './instance-profiles.ts';
import { layout, type Tags } from './layout.ts';
import { readOwnPolicy } from './managed-policy-row.ts';
import { readMfaDevice } from './mfa-devices.ts';
import { readOpenIdProvider } from './open-id-providers.ts';
import { type PageInput, pageOfList } from './page.ts';
import { readSamlProvider } from './saml-providers.ts';
import { readServerCertificate } from './server-certificates.ts';
import { addTags, removeTags, shownTags } from './tag.ts';

/** Something with tags: how to read its row and how to write it back with others. */
interface Tagged<Row extends { readonly tags: Tags }> {
  read(reader: Reader, account: string): Promise<Row>;
  write(tx: Transaction, account: string, row: Row): void;
}

function user(name: string) {
  return tagged(
    (reader, account) => readIdentity(reader, account, 'user', name),
    (tx, account, row) => writeIdentity(tx, account, 'user', row),
  );
}

function role(name: string) {
  return tagged(
    (reader, account) => readIdentity(reader, account, 'role', name),
    (tx, account, row) => writeIdentity(tx, account, 'role', row),
  );
}

function policy(arn: string) {
  return tagged(
    (reader, account) => readOwnPolicy(reader, account, arn),
    (tx, account, row) => layout.at(account, '').policies.set(tx, [row.name.toLowerCase()], row),
  );
}

function instanceProfile(name: string) {
  return tagged(
    (reader, account) => readInstanceProfile(reader, account, name),
    (tx, account, row) => layout.at(account, '').instanceProfiles.set(tx, [row.name.toLowerCase()], row),
  );
}

function openIdProvider(arn: string) {
  return tagged(
    (reader, account) => readOpenIdProvider(reader, account, arn),
    (tx, account, row) => layout.at(account, '').openIdProviders.set(tx, [row.url], row),
  );
}

function samlProvider(arn: string) {
  return tagged(
    (reader, account) => readSamlProvider(reader, account, arn),
    (tx, account, row) => layout.at(account, '').samlProviders.set(tx, [row.name], row),
  );
}

function mfaDevice(serial: string) {
  return tagged(
    (reader, account) => readMfaDevice(reader, account, serial),
    (tx, account, row) => layout.at(account, '').virtualMfaDevices.set(tx, [serial], row),
  );
}

function serverCertificate(name: string) {
  return tagged(
    (reader, account) => readServerCertificate(reader, account, name),
    (tx, account, row) => layout.at(account, '').serverCertificates.set(tx, [row.name], row),
  );
}

type Tagger = (
  name: string,
  arn: string,
) => { read(reader: Reader, account: string): Promise<{ readonly tags: Tags }> };

/** By the kind an ARN names. */
const KINDS: Readonly<Record<string, Tagger>> = {
  user,
  role,
  policy: (_name, arn) => policy(arn),
  'instance-profile': instanceProfile,
  'oidc-provider': (_name, arn) => openIdProvider(arn),
  'saml-provider': (_name, arn) => samlProvider(arn),
  mfa: (_name, arn) => mfaDevice(arn),
  'server-certificate': serverCertificate,
};

/** The tags of what an ARN names, for the pipeline; undefined where there is no such thing. */
export async function resourceTags(resourceArn: string, { store }: Context): Promise<Tags | undefined> {
  const arn = parseArn(resourceArn);
  const [kind = '', ...path] = arn?.resource.split('/') ?? [];
  const tagger = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (arn?.service !== 'iam' || tagger === undefined) return undefined;
  try {
    return (await tagger(path.at(-1) ?? '', resourceArn).read(store, arn.account)).tags;
  } catch (error) {
    if (Fault.is(error)) return undefined;
    throw error;
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
export const tags = {
  TagUser: ({ UserName, Tags }, ctx) => add(ctx, user(UserName), Tags),
  TagRole: ({ RoleName, Tags }, ctx) => add(ctx, role(RoleName), Tags),
  TagPolicy: ({ PolicyArn, Tags }, ctx) => add(ctx, policy(PolicyArn), Tags),
  TagInstanceProfile: ({ InstanceProfileName, Tags }, ctx) =>
    add(ctx, instanceProfile(InstanceProfileName), Tags),
  TagOpenIDConnectProvider: ({ OpenIDConnectProviderArn, Tags }, ctx) =>
    add(ctx, openIdProvider(OpenIDConnectProviderArn), Tags),
  TagSAMLProvider: ({ SAMLProviderArn, Tags }, ctx) => add(ctx, samlProvider(SAMLProviderArn), Tags),
  TagMFADevice: ({ SerialNumber, Tags }, ctx) => add(ctx, mfaDevice(SerialNumber), Tags),

  TagServerCertificate: ({ ServerCertificateName, Tags }, ctx) =>
    add(ctx, serverCertificate(ServerCertificateName), Tags),

  UntagUser: ({ UserName, TagKeys }, ctx) => remove(ctx, user(UserName), TagKeys),
  UntagRole: ({ RoleName, TagKeys }, ctx) => remove(ctx, role(RoleName), TagKeys),
  UntagPolicy: ({ PolicyArn, TagKeys }, ctx) => remove(ctx, policy(PolicyArn), TagKeys),
  UntagInstanceProfile: ({ InstanceProfileName, TagKeys }, ctx) =>
    remove(ctx, instanceProfile(InstanceProfileName), TagKeys),
  UntagOpenIDConnectProvider: ({ OpenIDConnectProviderArn, TagKeys }, ctx) =>
    remove(ctx, openIdProvider(OpenIDConnectProviderArn), TagKeys),
  UntagSAMLProvider: ({ SAMLProviderArn, TagKeys }, ctx) =>
    remove(ctx, samlProvider(SAMLProviderArn), TagKeys),
  UntagMFADevice: ({ SerialNumber, TagKeys }, ctx) => remove(ctx, mfaDevice(SerialNumber), TagKeys),

  UntagServerCertificate: ({ ServerCertificateName, TagKeys }, ctx) =>
    remove(ctx, serverCertificate(ServerCertificateName), TagKeys),

  ListUserTags: ({ UserName, ...page }, ctx) => list(ctx, user(UserName), page),
  ListRoleTags: ({ RoleName, ...page }, ctx) => list(ctx, role(RoleName), page),
  ListPolicyTags: ({ PolicyArn, ...page }, ctx) => list(ctx, policy(PolicyArn), page),
  ListInstanceProfileTags: ({ InstanceProfileName, ...page }, ctx) =>
    list(ctx, instanceProfile(InstanceProfileName), page),
  ListOpenIDConnectProviderTags: ({ OpenIDConnectProviderArn, ...page }, ctx) =>
    list(ctx, openIdProvider(OpenIDConnectProviderArn), page),
  ListSAMLProviderTags: ({ SAMLProviderArn, ...page }, ctx) => list(ctx, samlProvider(SAMLProviderArn), page),
  ListMFADeviceTags: ({ SerialNumber, ...page }, ctx) => list(ctx, mfaDevice(SerialNumber), page),
  ListServerCertificateTags: ({ ServerCertificateName, ...page }, ctx) =>
    list(ctx, serverCertificate(ServerCertificateName), page),
} satisfies Group<IamOperations>;

/** Fixes the row's type, so that each entry reads and writes the same one. */
function tagged<Row extends { readonly tags: Tags }>(
  read: Tagged<Row>['read'],
  write: Tagged<Row>['write'],
): Tagged<Row> {
  return { read, write };
}

async function add<Row extends { readonly tags: Tags }>(
  ctx: Context,
  { read, write }: Tagged<Row>,
  added: readonly Tag[],
) {
  await change(ctx, async (tx) => {
    const row = await read(tx, ctx.account);
    write(tx, ctx.account, { ...row, tags: addTags(row.tags, added) });
  });
  return {};
}

async function remove<Row extends { readonly tags: Tags }>(
  ctx: Context,
  { read, write }: Tagged<Row>,
  keys: readonly string[],
) {
  await change(ctx, async (tx) => {
    const row = await read(tx, ctx.account);
    write(tx, ctx.account, { ...row, tags: removeTags(row.tags, keys) });
  });
  return {};
}

async function list<Row extends { readonly tags: Tags }>(
  { account, store }: Context,
  { read }: Tagged<Row>,
  page: PageInput,
) {
  const { tags } = await read(store, account);
  const { items, ...more } = pageOfList(shownTags(tags), page, ({ Key }) => Key);
  return { Tags: items, ...more };
}
