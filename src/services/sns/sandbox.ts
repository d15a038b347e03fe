import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { sealToken, unsealToken } from './page.ts';
import { PHONE, SMS_SENDER } from './sms.ts';

const MOST_NUMBERS = 10;
const DAY_MS = 86_400_000;
/** A one-time password works this long. */
const PASSWORD_MS = 900_000;
const PAGE = 100;

function checkNumber(number: string): void {
  if (!PHONE.test(number)) throw invalid('PhoneNumber Reason: input incorrectly formatted');
}

/**
 * Test destinations. No account is confined to them here, as every text message ends in the inbox.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html
 */
export const sandbox = {
  async GetSMSSandboxAccountStatus() {
    return { IsInSandbox: false };
  },

  async CreateSMSSandboxPhoneNumber(input, ctx) {
    const { PhoneNumber: number } = input;
    checkNumber(number);
    const { account, region } = ctx;
    const { sandboxNumbers, optedOut } = layout.at(account, region);
    const password = ctx.world.random.id(6, '0123456789');
    const atMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      if ((await optedOut.get(tx, [number])) !== undefined) {
        throw fault('OptedOutException', 'The phone number has opted out of receiving text messages.');
      }
      const known = await sandboxNumbers.all(tx, []);
      const row = known.find(({ key }) => key[0] === number);
      if (row === undefined && known.length >= MOST_NUMBERS) {
        throw fault(
          'UserErrorException',
          `An account has at most ${MOST_NUMBERS} destination phone numbers.`,
        );
      }
      if (row?.value.verified === true) return;
      sandboxNumbers.set(tx, [number], { verified: false, password, atMs });
      ctx.ports.inbox.deliver(tx, {
        kind: 'sms',
        account,
        to: number,
        from: SMS_SENDER,
        text: `Your verification code is ${password}`,
      });
    });
    return {};
  },

  async VerifySMSSandboxPhoneNumber(input, ctx) {
    const { PhoneNumber: number, OneTimePassword: password } = input;
    checkNumber(number);
    const { sandboxNumbers } = layout.at(ctx.account, ctx.region);
    const nowMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      const row = await sandboxNumbers.get(tx, [number]);
      if (row === undefined) throw fault('ResourceNotFoundException', 'The phone number does not exist.');
      if (row.verified) return;
      if (row.password !== password || row.atMs + PASSWORD_MS < nowMs) {
        throw fault('VerificationException', 'The one-time password is invalid or has expired.', {
          Status: 'VerificationError',
        });
      }
      sandboxNumbers.set(tx, [number], { verified: true, atMs: nowMs });
    });
    return {};
  },

  async ListSMSSandboxPhoneNumbers(input, ctx) {
    const after = input.NextToken === undefined ? undefined : unsealToken(input.NextToken);
    const page = await layout.at(ctx.account, ctx.region).sandboxNumbers.page(ctx.store, [], {
      limit: input.MaxResults ?? PAGE,
      ...(after === undefined ? {} : { after: [after] }),
    });
    return {
      PhoneNumbers: page.rows.map(({ key, value }) => ({
        PhoneNumber: key[0],
        Status: value.verified ? ('Verified' as const) : ('Pending' as const),
      })),
      NextToken: page.next && sealToken(page.next[0]),
    };
  },

  async DeleteSMSSandboxPhoneNumber(input, ctx) {
    const { PhoneNumber: number } = input;
    checkNumber(number);
    const { sandboxNumbers } = layout.at(ctx.account, ctx.region);
    const nowMs = ctx.world.clock.now();
    await ctx.transact(async (tx) => {
      const row = await sandboxNumbers.get(tx, [number]);
      if (row === undefined) throw fault('ResourceNotFoundException', 'The phone number does not exist.');
      if (row.atMs + DAY_MS > nowMs) {
        throw fault(
          'UserErrorException',
          'A phone number can be deleted 24 hours after it was last verified.',
        );
      }
      sandboxNumbers.delete(tx, [number]);
    });
    return {};
  },

  /** There are none to be had: text messages come from sender ids. */
  async ListOriginationNumbers() {
    return { PhoneNumbers: [] };
  },
} satisfies Group<SnsOperations>;
