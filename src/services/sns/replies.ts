import type { Context } from '../../service/context.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import { layout } from './layout.ts';
import { PHONE } from './sms.ts';

const PATH = '/_lambent/sms/replies';
const MOST_BYTES = 4096;

/** https://docs.aws.amazon.com/sns/latest/dg/sms_manage.html */
const OPTING_OUT: ReadonlySet<string> = new Set([
  'ARRET',
  'CANCEL',
  'END',
  'OPT-OUT',
  'OPTOUT',
  'QUIT',
  'REMOVE',
  'STOP',
  'TD',
  'UNSUBSCRIBE',
]);

interface Reply {
  readonly account: string;
  readonly region: string;
  /** The number that replies. */
  readonly from: string;
  readonly text: string;
}

/**
 * `POST /_lambent/sms/replies` with `{account?, region?, from, text}`: what the owner of a number answers to a text
 * message. STOP and its like put the number on the opt-out list of the account in the region; nobody reads the rest.
 * Answers `{optedOut}`.
 */
export const repliesDoor: FrontDoor = {
  name: 'sms-replies',
  paths: [PATH],
  handle: async (request, ctx) => {
    if (request.method !== 'POST' || request.path !== PATH)
      return answer(request, 404, { message: 'Not found' });
    // Another origin's page cannot send JSON unasked, nor leave out where it is from.
    const { origin, 'content-type': type = '' } = request.headers;
    if (!type.startsWith('application/json') || (origin !== undefined && origin !== request.origin)) {
      return answer(request, 403, { message: 'Replies are JSON, from here' });
    }
    const reply = readReply(Buffer.from(await request.body(MOST_BYTES)).toString(), ctx);
    if (reply === undefined) {
      return answer(request, 400, { message: 'A reply is {"from": "+15550100123", "text": "STOP"}' });
    }
    const optedOut = OPTING_OUT.has(reply.text.trim().toUpperCase());
    if (optedOut) {
      const { optedOut: rows } = layout.at(reply.account, reply.region);
      await ctx.transact(async (tx) => rows.set(tx, [reply.from], 0));
    }
    answer(request, 200, { optedOut });
  },
};

function readReply(text: string, ctx: Context): Reply | undefined {
  try {
    const {
      account = ctx.account,
      region = ctx.region,
      from,
      text: words,
    } = JSON.parse(text) as Partial<Reply>;
    const whole = /^\d{12}$/.test(account) && /^[a-z0-9-]+$/.test(region) && typeof words === 'string';
    return whole && typeof from === 'string' && PHONE.test(from)
      ? { account, region, from, text: words }
      : undefined;
  } catch {
    return undefined;
  }
}

function answer({ response }: FrontDoorRequest, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}
