import type { Context } from '../../service/context.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import { layout } from './layout.ts';
import { toMessage } from './message.ts';
import { CONTENT_SECURITY_POLICY, renderPage } from './page.ts';
import { MOST_MESSAGES } from './sweep.ts';

const PATH = '/_lambent/inbox';

/**
 * `GET /_lambent/inbox[?account=123456789012]`: a page for people; with `Accept: application/json`
 * `{messages: […]}`, newest first.
 */
export const frontDoor: FrontDoor = {
  name: 'inbox',
  paths: [PATH],
  handle: async (request, ctx) => {
    if (request.path !== PATH && request.path !== `${PATH}/`) {
      return answer(
        request,
        404,
        'text/plain; charset=utf-8',
        'Nothing here; the inbox is /_lambent/inbox\n',
      );
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      request.response.setHeader('Allow', 'GET, HEAD');
      return answer(request, 405, 'text/plain; charset=utf-8', 'The inbox can only be read\n');
    }
    const account = new URLSearchParams(request.query).get('account') ?? ctx.account;
    const messages = await readMessages(ctx, account);
    if (wantsJson(request.headers['accept'] ?? '')) {
      answer(request, 200, 'application/json', JSON.stringify({ messages }));
    } else {
      request.response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      answer(request, 200, 'text/html; charset=utf-8', renderPage(messages, account));
    }
  },
};

async function readMessages(ctx: Context, account: string) {
  const { messages } = layout.at(account, '');
  const page = await messages.page(ctx.store, [], { limit: MOST_MESSAGES, reverse: true });
  return page.rows.map(toMessage);
}

/** JSON only for a client that names it; browsers name HTML, and what takes any type gets the page. */
function wantsJson(accept: string): boolean {
  return accept.includes('application/json') && !accept.includes('text/html');
}

function answer(request: FrontDoorRequest, status: number, type: string, body: string): void {
  const { response } = request;
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Accept');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.end(request.method === 'HEAD' ? undefined : body);
}
