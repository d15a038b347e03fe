import type { IamOperations } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { readMetadata } from '../../wire/saml-metadata.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn } from './identifier.ts';
import { layout, type SamlKeyRow, type SamlProviderRow } from './layout.ts';
import { checkKeyCount, withKey, withoutKey } from './saml-private-keys.ts';
import { addTags, shownTags, shownTagsIfAny } from './tag.ts';

/** AWS gives a provider a century. */
const VALID_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/** SAML 2.0 providers. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html */
export const samlProviders = {
  async CreateSAMLProvider(
    { Name, SAMLMetadataDocument, Tags, AssertionEncryptionMode, AddPrivateKey },
    ctx,
  ) {
    const { account, world } = ctx;
    checkMetadata(SAMLMetadataDocument);
    const keys = withKey([], AddPrivateKey, ctx);
    checkEncryption(AssertionEncryptionMode, keys);
    const now = world.clock.now();
    const row: SamlProviderRow = {
      name: Name,
      metadata: SAMLMetadataDocument,
      createdAtMs: now,
      validUntilMs: now + VALID_MS,
      tags: addTags({}, Tags),
      uuid: world.random.uuid(),
      keys,
      ...(AssertionEncryptionMode === undefined ? {} : { encryption: AssertionEncryptionMode }),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').samlProviders;
      if ((await rows.get(tx, [Name])) !== undefined)
        throw fault('EntityAlreadyExists', `SAMLProvider ${Name} already exists.`);
      rows.set(tx, [Name], row);
    });
    return { SAMLProviderArn: arnOf(account, Name), Tags: shownTagsIfAny(row.tags) };
  },

  async GetSAMLProvider({ SAMLProviderArn }, { account, store }) {
    const row = await readSamlProvider(store, account, SAMLProviderArn);
    return {
      SAMLProviderUUID: row.uuid,
      SAMLMetadataDocument: row.metadata,
      CreateDate: new Date(row.createdAtMs),
      ValidUntil: new Date(row.validUntilMs),
      Tags: shownTags(row.tags),
      AssertionEncryptionMode: row.encryption,
      PrivateKeyList: (row.keys ?? []).map(({ id, addedAtMs }) => ({
        KeyId: id,
        Timestamp: new Date(addedAtMs),
      })),
    };
  },

  async ListSAMLProviders(_input, { account, store }) {
    const rows = await layout.at(account, '').samlProviders.all(store, []);
    return {
      SAMLProviderList: rows.map(({ value }) => ({
        Arn: arnOf(account, value.name),
        CreateDate: new Date(value.createdAtMs),
        ValidUntil: new Date(value.validUntilMs),
      })),
    };
  },

  async UpdateSAMLProvider(input, ctx) {
    const { SAMLProviderArn, SAMLMetadataDocument, AssertionEncryptionMode, AddPrivateKey } = input;
    if (SAMLMetadataDocument !== undefined) checkMetadata(SAMLMetadataDocument);
    const added = withKey([], AddPrivateKey, ctx);
    await change(ctx, async (tx) => {
      const row = await readSamlProvider(tx, ctx.account, SAMLProviderArn);
      const keys = [...withoutKey(row.keys ?? [], input.RemovePrivateKey), ...added];
      checkKeyCount(keys);
      checkEncryption(AssertionEncryptionMode ?? row.encryption, keys);
      layout.at(ctx.account, '').samlProviders.set(tx, [row.name], {
        ...row,
        metadata: SAMLMetadataDocument ?? row.metadata,
        keys,
        ...(AssertionEncryptionMode === undefined ? {} : { encryption: AssertionEncryptionMode }),
      });
    });
    return { SAMLProviderArn };
  },

  async DeleteSAMLProvider({ SAMLProviderArn }, ctx) {
    await change(ctx, async (tx) => {
      const { name } = await readSamlProvider(tx, ctx.account, SAMLProviderArn);
      layout.at(ctx.account, '').samlProviders.delete(tx, [name]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

function arnOf(account: string, name: string): string {
  return iamArn(account, 'saml-provider', '/', name);
}

export async function readSamlProvider(
  reader: Reader,
  account: string,
  arn: string,
): Promise<SamlProviderRow> {
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const row = await layout.at(account, '').samlProviders.get(reader, [name]);
  if (row === undefined || arnOf(account, name) !== arn)
    throw fault('NoSuchEntity', `Manifest not found for arn ${arn}`);
  return row;
}

/** Metadata must name its entity and bring a certificate that assertions are signed with. */
function checkMetadata(text: string): void {
  const metadata = readMetadata(text);
  if (metadata === undefined || metadata.entityId === '')
    throw fault('InvalidInput', 'Could not parse metadata');
  if (metadata.certificates.length === 0)
    throw fault('InvalidInput', 'The metadata has no certificate that assertions are signed with.');
}

function checkEncryption(mode: string | undefined, keys: readonly SamlKeyRow[]): void {
  if (mode !== undefined && keys.length === 0)
    throw fault('InvalidInput', 'A SAML provider with encrypted assertions must have a private key.');
}
