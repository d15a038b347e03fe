import type { IamOperations } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { layout, type PasswordPolicyRow } from './layout.ts';
import { pageOfList } from './page.ts';

const ALIAS = 'account-alias';

/** What AWS allows an account by default; the counts beside them are the account's own. */
const QUOTAS = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  InstanceProfilesQuota: 1000,
  ServerCertificatesQuota: 20,
  GroupsPerUserQuota: 10,
  AccessKeysPerUserQuota: 2,
  SigningCertificatesPerUserQuota: 2,
  AttachedPoliciesPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10240,
  AssumeRolePolicySizeQuota: 2048,
  PolicySizeQuota: 6144,
  VersionsPerPolicyQuota: 5,
  PolicyVersionsInUseQuota: 10000,
} as const;

/** The account as a whole. */
export const accounts = {
  async CreateAccountAlias({ AccountAlias }, ctx) {
    const { account } = ctx;
    const { directory } = ctx.ports;
    await ctx.transact(async (tx) => {
      const { aliases } = layout.at(account, '');
      if (!(await directory.claim(tx, ALIAS, AccountAlias, { account, region: '' })))
        throw fault('EntityAlreadyExists', `The account alias ${AccountAlias} already exists.`);
      for (const { key } of await aliases.all(tx, [])) {
        if (key[0] === AccountAlias) continue;
        directory.release(tx, ALIAS, key[0]);
        aliases.delete(tx, key);
      }
      aliases.set(tx, [AccountAlias], true);
    });
    return {};
  },

  async ListAccountAliases(page, { account, store }) {
    const rows = await layout.at(account, '').aliases.all(store, []);
    const { items, ...more } = pageOfList(rows, page, ({ key: [alias] }) => alias);
    return { AccountAliases: items.map(({ key: [alias] }) => alias), ...more };
  },

  async DeleteAccountAlias({ AccountAlias }, ctx) {
    await ctx.transact(async (tx) => {
      const { aliases } = layout.at(ctx.account, '');
      if ((await aliases.get(tx, [AccountAlias])) === undefined)
        throw fault('NoSuchEntity', `The account alias ${AccountAlias} cannot be found.`);
      aliases.delete(tx, [AccountAlias]);
      ctx.ports.directory.release(tx, ALIAS, AccountAlias);
    });
    return {};
  },

  async UpdateAccountPasswordPolicy(input, ctx) {
    const row: PasswordPolicyRow = {
      minimumLength: input.MinimumPasswordLength ?? 6,
      requireSymbols: input.RequireSymbols ?? false,
      requireNumbers: input.RequireNumbers ?? false,
      requireUppercase: input.RequireUppercaseCharacters ?? false,
      requireLowercase: input.RequireLowercaseCharacters ?? false,
      allowChange: input.AllowUsersToChangePassword ?? false,
      ...(input.MaxPasswordAge === undefined ? {} : { maxAgeDays: input.MaxPasswordAge }),
      ...(input.PasswordReusePrevention === undefined
        ? {}
        : { reusePrevention: input.PasswordReusePrevention }),
      ...(input.HardExpiry === undefined ? {} : { hardExpiry: input.HardExpiry }),
    };
    await change(ctx, async (tx) => layout.at(ctx.account, '').passwordPolicy.set(tx, [], row));
    return {};
  },

  async GetAccountPasswordPolicy(_input, { account, store }) {
    const row = await layout.at(account, '').passwordPolicy.get(store, []);
    if (row === undefined) throw noPasswordPolicy(account);
    return {
      PasswordPolicy: {
        MinimumPasswordLength: row.minimumLength,
        RequireSymbols: row.requireSymbols,
        RequireNumbers: row.requireNumbers,
        RequireUppercaseCharacters: row.requireUppercase,
        RequireLowercaseCharacters: row.requireLowercase,
        AllowUsersToChangePassword: row.allowChange,
        ExpirePasswords: row.maxAgeDays !== undefined,
        MaxPasswordAge: row.maxAgeDays,
        PasswordReusePrevention: row.reusePrevention,
        HardExpiry: row.hardExpiry,
      },
    };
  },

  async DeleteAccountPasswordPolicy(_input, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').passwordPolicy;
      if ((await rows.get(tx, [])) === undefined) throw noPasswordPolicy(account);
      rows.delete(tx, []);
    });
    return {};
  },

  /** Tokens of both versions are the same here: every region takes them. */
  async SetSecurityTokenServicePreferences({ GlobalEndpointTokenVersion: version }, ctx) {
    const { root } = layout.at(ctx.account, '');
    await change(ctx, async (tx) => {
      root.set(tx, [], { ...(await root.get(tx, [])), globalTokens: version === 'v1Token' ? 1 : 2 });
    });
    return {};
  },

  async GetAccountSummary(_input, { account, store }) {
    const rows = layout.at(account, '');
    const counts = await store.snapshot(async (reader) => {
      const policies = await rows.policies.all(reader, []);
      const devices = await rows.virtualMfaDevices.all(reader, []);
      const keys = await rows.accessKeys.all(reader, []);
      const root = await rows.root.get(reader, []);
      return {
        Users: (await rows.users.all(reader, [])).length,
        Groups: (await rows.groups.all(reader, [])).length,
        Roles: (await rows.roles.all(reader, [])).length,
        InstanceProfiles: (await rows.instanceProfiles.all(reader, [])).length,
        Providers:
          (await rows.openIdProviders.all(reader, [])).length +
          (await rows.samlProviders.all(reader, [])).length,
        ServerCertificates: (await rows.serverCertificates.all(reader, [])).length,
        Policies: policies.length,
        PolicyVersionsInUse: policies.reduce((sum, { value }) => sum + value.versions.length, 0),
        MFADevices: devices.length,
        MFADevicesInUse: devices.filter(({ value }) => value.userName !== undefined).length,
        AccountPasswordPresent: root?.login === undefined ? 0 : 1,
        GlobalEndpointTokenVersion: root?.globalTokens ?? 2,
        AccountSigningCertificatesPresent: (root?.certificates ?? []).length > 0 ? 1 : 0,
        AccountAccessKeysPresent: keys.some(({ value }) => value.userName === undefined) ? 1 : 0,
      };
    });
    return {
      SummaryMap: {
        ...QUOTAS,
        ...counts,
        AccountMFAEnabled: 0,
      },
    };
  },
} satisfies Group<IamOperations>;

function noPasswordPolicy(account: string) {
  return fault('NoSuchEntity', `The Password Policy with domain name ${account} cannot be found.`);
}
