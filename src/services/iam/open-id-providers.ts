import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn } from './identifier.ts';
import { layout, type OpenIdProviderRow } from './layout.ts';
import { addTags, shownTags, shownTagsIfAny } from './tag.ts';

const MOST_CLIENT_IDS = 100;
const MOST_THUMBPRINTS = 5;

/** OpenID Connect providers. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */
export const openIdProviders = {
  async CreateOpenIDConnectProvider({ Url, ClientIDList = [], ThumbprintList = [], Tags }, ctx) {
    const { account, world } = ctx;
    if (!/^https:\/\/[^/?#]+/.test(Url))
      throw fault('ValidationError', 'Invalid Open ID Connect Provider URL');
    checkThumbprints(ThumbprintList);
    checkClientIds(ClientIDList);
    const row: OpenIdProviderRow = {
      url: Url.slice('https://'.length),
      clientIds: ClientIDList,
      thumbprints: ThumbprintList,
      createdAtMs: world.clock.now(),
      tags: addTags({}, Tags),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').openIdProviders;
      if ((await rows.get(tx, [row.url])) !== undefined)
        throw fault('EntityAlreadyExists', `Provider with url ${Url} already exists.`);
      rows.set(tx, [row.url], row);
    });
    return { OpenIDConnectProviderArn: arnOf(account, row.url), Tags: shownTagsIfAny(row.tags) };
  },

  async GetOpenIDConnectProvider({ OpenIDConnectProviderArn }, { account, store }) {
    const row = await readOpenIdProvider(store, account, OpenIDConnectProviderArn);
    return {
      Url: row.url,
      ClientIDList: row.clientIds,
      ThumbprintList: row.thumbprints,
      CreateDate: new Date(row.createdAtMs),
      Tags: shownTags(row.tags),
    };
  },

  async ListOpenIDConnectProviders(_input, { account, store }) {
    const rows = await layout.at(account, '').openIdProviders.all(store, []);
    return { OpenIDConnectProviderList: rows.map(({ key: [url] }) => ({ Arn: arnOf(account, url) })) };
  },

  async AddClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID }, ctx) {
    await update(ctx, OpenIDConnectProviderArn, (row) => {
      const clientIds = row.clientIds.includes(ClientID) ? row.clientIds : [...row.clientIds, ClientID];
      checkClientIds(clientIds);
      return { ...row, clientIds };
    });
    return {};
  },

  async RemoveClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID }, ctx) {
    await update(ctx, OpenIDConnectProviderArn, (row) => ({
      ...row,
      clientIds: row.clientIds.filter((id) => id !== ClientID),
    }));
    return {};
  },

  async UpdateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList }, ctx) {
    checkThumbprints(ThumbprintList);
    await update(ctx, OpenIDConnectProviderArn, (row) => ({ ...row, thumbprints: ThumbprintList }));
    return {};
  },

  async DeleteOpenIDConnectProvider({ OpenIDConnectProviderArn }, ctx) {
    await change(ctx, async (tx) => {
      const { url } = await readOpenIdProvider(tx, ctx.account, OpenIDConnectProviderArn);
      layout.at(ctx.account, '').openIdProviders.delete(tx, [url]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

function arnOf(account: string, url: string): string {
  return iamArn(account, 'oidc-provider', '/', url);
}

export async function readOpenIdProvider(
  reader: Reader,
  account: string,
  arn: string,
): Promise<OpenIdProviderRow> {
  const url = /^arn:[^:]+:iam::\d+:oidc-provider\/(.+)$/.exec(arn)?.[1] ?? '';
  const row = await layout.at(account, '').openIdProviders.get(reader, [url]);
  if (row === undefined || arnOf(account, url) !== arn)
    throw fault('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`);
  return row;
}

async function update(
  ctx: Context,
  arn: string,
  body: (row: OpenIdProviderRow) => OpenIdProviderRow,
): Promise<void> {
  await change(ctx, async (tx) => {
    const row = body(await readOpenIdProvider(tx, ctx.account, arn));
    layout.at(ctx.account, '').openIdProviders.set(tx, [row.url], row);
  });
}

function checkThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > MOST_THUMBPRINTS)
    throw fault('InvalidInput', 'Thumbprint list must contain fewer than 5 entries.');
}

function checkClientIds(clientIds: readonly string[]): void {
  if (clientIds.length > MOST_CLIENT_IDS)
    throw fault(
      'LimitExceeded',
      `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${MOST_CLIENT_IDS}`,
    );
}
