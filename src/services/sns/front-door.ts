import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import { CONFIRM_PAGE, UNSUBSCRIBE_PAGE } from './address.ts';
import { readCertificate } from './signature.ts';
import { subscriptions } from './subscriptions.ts';

const CERTIFICATE = /^\/SimpleNotificationService-([0-9a-f]{32})\.pem$/;

/** The certificate that receivers verify signatures with. */
export const certificateDoor: FrontDoor = {
  name: 'sns-certificate',
  pathPattern: CERTIFICATE,
  handle: async (request, ctx) => {
    const [, name = ''] = CERTIFICATE.exec(request.path) ?? [];
    const certificate = await readCertificate(ctx, name);
    if (certificate === undefined)
      answer(request, 404, 'text/plain; charset=utf-8', 'No such certificate.\n');
    else answer(request, 200, 'application/x-pem-file', certificate);
  },
};

/** Where the links in mails lead: they confirm, or end, a subscription. */
export const pagesDoor: FrontDoor = {
  name: 'sns-pages',
  paths: [CONFIRM_PAGE, UNSUBSCRIBE_PAGE],
  handle: async (request, ctx) => {
    if (request.method !== 'GET') return answer(request, 405, 'text/plain; charset=utf-8', 'Only GET.\n');
    try {
      await act(request, ctx);
    } catch (error) {
      if (!Fault.is(error)) throw error;
      answerPage(request, 400, 'Nothing was changed', error.message);
    }
  },
};

async function act(request: FrontDoorRequest, ctx: Context): Promise<void> {
  const query = new URLSearchParams(request.query);
  if (request.path === CONFIRM_PAGE) {
    const input = { TopicArn: query.get('TopicArn') ?? '', Token: query.get('Token') ?? '' };
    const { SubscriptionArn } = await subscriptions.ConfirmSubscription(input, ctx);
    return answerPage(
      request,
      200,
      'Subscription confirmed',
      `Your subscription's id is: ${SubscriptionArn}`,
    );
  }
  if (request.path === UNSUBSCRIBE_PAGE) {
    await subscriptions.Unsubscribe({ SubscriptionArn: query.get('SubscriptionArn') ?? '' }, ctx);
    return answerPage(request, 200, 'Subscription removed', 'You will get no more of these messages.');
  }
  answerPage(request, 404, 'Not found', 'Nothing is here.');
}

function answerPage(request: FrontDoorRequest, status: number, title: string, text: string): void {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1><p>${escaped(text)}</p></html>\n`;
  request.response.setHeader('content-security-policy', "default-src 'none'");
  answer(request, status, 'text/html; charset=utf-8', body);
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

function answer({ response }: FrontDoorRequest, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
