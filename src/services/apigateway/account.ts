import type { Account, ApigatewayOperations } from '../../model/gen/apigateway.ts';
import type { Group } from '../../service/service.ts';
import type { AccountRow } from './layout.ts';
import { ANY_OP, type PatchTable, patched, value } from './patch.ts';
import { rowsOf } from './scope.ts';

export const account = {
  GetAccount: async (_input, ctx) => describe((await rowsOf(ctx).account.get(ctx.store, [])) ?? {}),

  UpdateAccount: (input, ctx) =>
    ctx.transact(async (tx) => {
      const rows = rowsOf(ctx).account;
      const next = patched((await rows.get(tx, [])) ?? {}, input.patchOperations, PATCH);
      rows.set(tx, [], next);
      return describe(next);
    }),
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = { names: true, rules: { '/cloudwatchRoleArn': value(ANY_OP) } };

/** The account-wide limits are AWS's defaults. */
function describe(row: AccountRow): Account {
  return {
    ...row,
    throttleSettings: { burstLimit: 5000, rateLimit: 10_000 },
    features: ['UsagePlans'],
    apiKeyVersion: '4',
  };
}
