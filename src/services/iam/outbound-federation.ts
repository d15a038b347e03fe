import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { layout, type OutboundRow } from './layout.ts';

/** Kind of the cloud-wide directory: who issues tokens under an identifier. STS looks it up too. */
const ISSUER_DIRECTORY = 'sts-issuer';

/**
 * Whether STS vouches for the account's identities to services outside of AWS.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
 */
export const outboundFederation = {
  async EnableOutboundWebIdentityFederation(_input, ctx) {
    const { account, world } = ctx;
    const made = world.random.uuid();
    const row = await ctx.transact(async (tx) => {
      const { outbound } = layout.at(account, '');
      const before = await outbound.get(tx, []);
      if (before?.enabled === true)
        throw fault('FeatureEnabled', 'Outbound web identity federation is already enabled.');
      // Who trusts the account's issuer goes on trusting it when it comes back.
      const enabled: OutboundRow = { issuerId: before?.issuerId ?? made, enabled: true };
      await ctx.ports.directory.claim(tx, ISSUER_DIRECTORY, enabled.issuerId, { account, region: '' });
      outbound.set(tx, [], enabled);
      return enabled;
    });
    return { IssuerIdentifier: issuerOf(row) };
  },

  async DisableOutboundWebIdentityFederation(_input, ctx) {
    await ctx.transact(async (tx) => {
      const { outbound } = layout.at(ctx.account, '');
      outbound.set(tx, [], { ...enabledRow(await outbound.get(tx, [])), enabled: false });
    });
    return {};
  },

  async GetOutboundWebIdentityFederationInfo(_input, ctx: Context) {
    const row = enabledRow(await layout.at(ctx.account, '').outbound.get(ctx.store, []));
    return { IssuerIdentifier: issuerOf(row), JwtVendingEnabled: true };
  },
} satisfies Group<IamOperations>;

function issuerOf({ issuerId }: OutboundRow): string {
  return `https://${issuerId}.tokens.sts.global.api.aws`;
}

function enabledRow(row: OutboundRow | undefined): OutboundRow {
  if (row?.enabled === true) return row;
  throw fault('FeatureDisabled', 'Outbound web identity federation is not enabled.');
}
