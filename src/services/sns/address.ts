import type { Context } from '../../service/context.ts';

/**
 * `GET` confirms; no signature is asked for. As AWS writes it, with the ARN as it is: receivers take these addresses
 * apart.
 */
export function subscribeUrl(ctx: Context, topicArn: string, token: string): string {
  return `${ctx.endpoint}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${token}`;
}

export function unsubscribeUrl(ctx: Context, subscriptionArn: string): string {
  return `${ctx.endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`;
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
