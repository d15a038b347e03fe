import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { layout, type StoredAttribute } from './layout.ts';
import type { Message } from './message.ts';
import { sealToken, unsealToken } from './page.ts';

export const PHONE = /^\+[1-9]\d{6,14}$/;
const SENDER = 'AWS.SNS.SMS.SenderID';
export const SMS_SENDER = 'NOTICE';
const PAGE = 100;

const SETTINGS: Readonly<Record<string, RegExp>> = {
  MonthlySpendLimit: /^\d+$/,
  DeliveryStatusIAMRole: /^arn:/,
  DeliveryStatusSuccessSamplingRate: /^(?:100|\d{1,2})$/,
  DefaultSenderID: /^(?=.*[A-Za-z])[A-Za-z0-9]{1,11}$/,
  DefaultSMSType: /^(?:Promotional|Transactional)$/,
  UsageReportS3Bucket: /^[\s\S]+$/,
};

type Attributes = Readonly<Record<string, StoredAttribute>> | undefined;

/** Who a text message comes from: the message's own sender id, the account's, or a stand-in. */
export async function smsSender(ctx: Context, account: string, attributes: Attributes): Promise<string> {
  const own = attributes?.[SENDER]?.value;
  if (own !== undefined) return own;
  const settings = await layout.at(account, ctx.region).sms.get(ctx.store, []);
  return settings?.['DefaultSenderID'] ?? SMS_SENDER;
}

/** Sends a text message straight to a number: it lands in the inbox. Returns its id. */
export async function sendText(ctx: Context, phoneNumber: string, message: Message): Promise<string> {
  const to = phoneNumber.replace(/[-. ()]/g, '');
  if (!PHONE.test(to)) throw invalid(`PhoneNumber Reason: ${phoneNumber} is not valid to publish to`);
  const from = await smsSender(ctx, ctx.account, message.attributes);
  const messageId = ctx.world.random.uuid();
  const { account, region } = ctx;
  await ctx.transact(async (tx) => {
    // Who has opted out gets nothing, of which the sender is told nothing.
    if ((await layout.at(account, region).optedOut.get(tx, [to])) !== undefined) return;
    ctx.ports.inbox.deliver(tx, { kind: 'sms', account, region, to, from, text: message.textFor('sms') });
  });
  return messageId;
}

export const texting = {
  async SetSMSAttributes(input, ctx) {
    for (const [name, value = ''] of Object.entries(input.attributes)) {
      const pattern = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
      if (pattern === undefined) throw fault('InvalidParameterException', `${name} is not a valid attribute`);
      if (value !== '' && !pattern.test(value))
        throw fault('InvalidParameterException', `${name} is invalid`);
    }
    const { sms } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const settings: Record<string, string> = { ...(await sms.get(tx, [])) };
      for (const [name, value = ''] of Object.entries(input.attributes)) {
        if (value === '') delete settings[name];
        else settings[name] = value;
      }
      sms.set(tx, [], settings);
    });
    return {};
  },

  async GetSMSAttributes(input, ctx) {
    const settings = (await layout.at(ctx.account, ctx.region).sms.get(ctx.store, [])) ?? {};
    const wanted = input.attributes ?? [];
    const shown = Object.entries({ MonthlySpendLimit: '1', ...settings }).filter(
      ([name]) => wanted.length === 0 || wanted.includes(name),
    );
    return { attributes: Object.fromEntries(shown) };
  },

  async CheckIfPhoneNumberIsOptedOut(input, ctx) {
    if (!PHONE.test(input.phoneNumber)) throw invalid('PhoneNumber Reason: input incorrectly formatted');
    const { optedOut } = layout.at(ctx.account, ctx.region);
    return { isOptedOut: (await optedOut.get(ctx.store, [input.phoneNumber])) !== undefined };
  },

  async ListPhoneNumbersOptedOut(input, ctx) {
    const { optedOut } = layout.at(ctx.account, ctx.region);
    const after = input.nextToken === undefined ? undefined : unsealToken(input.nextToken);
    const page = await optedOut.page(ctx.store, [], {
      limit: PAGE,
      ...(after === undefined ? {} : { after: [after] }),
    });
    return {
      phoneNumbers: page.rows.map(({ key }) => key[0]),
      nextToken: page.next && sealToken(page.next[0]),
    };
  },

  async OptInPhoneNumber(input, ctx) {
    if (!PHONE.test(input.phoneNumber)) throw invalid('PhoneNumber Reason: input incorrectly formatted');
    const { optedOut } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => optedOut.delete(tx, [input.phoneNumber]));
    return {};
  },
} satisfies Group<SnsOperations>;
