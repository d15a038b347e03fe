import type { Context } from '../../service/context.ts';

/** The API version lets the gateway tell whose operation an unsigned address means. */
const VERSION = '2010-03-31';

/** `GET` confirms; no signature is asked for. */
export function subscribeUrl(ctx: Context, topicArn: string, token: string): string {
  const query = new URLSearchParams({
    Action: 'ConfirmSubscription',
    Version: VERSION,
    TopicArn: topicArn,
    Token: token,
  });
  return `${ctx.endpoint}/?${query}`;
}

export function unsubscribeUrl(ctx: Context, subscriptionArn: string): string {
  const query = new URLSearchParams({
    Action: 'Unsubscribe',
    Version: VERSION,
    SubscriptionArn: subscriptionArn,
  });
  return `${ctx.endpoint}/?${query}`;
}

/** Pages for people, in the mails they get. */
export const CONFIRM_PAGE = '/_aws/sns/confirmation.html';
export const UNSUBSCRIBE_PAGE = '/_aws/sns/unsubscribe.html';

export function confirmPageUrl(ctx: Context, topicArn: string, token: string): string {
  return `${ctx.endpoint}${CONFIRM_PAGE}?${new URLSearchParams({ TopicArn: topicArn, Token: token })}`;
}

export function unsubscribePageUrl(ctx: Context, subscriptionArn: string): string {
  return `${ctx.endpoint}${UNSUBSCRIBE_PAGE}?${new URLSearchParams({ SubscriptionArn: subscriptionArn })}`;
}
