import type { RoutingRule, WebsiteConfiguration } from '../../model/gen/s3.ts';
import { fault, invalidArgument } from './fault.ts';

const MOST_RULES = 50;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html */
export function checkWebsite(website: WebsiteConfiguration): void {
  const { RedirectAllRequestsTo, IndexDocument, ErrorDocument, RoutingRules = [] } = website;
  if (RedirectAllRequestsTo !== undefined) {
    if (IndexDocument !== undefined || ErrorDocument !== undefined || RoutingRules.length > 0) {
      throw invalidArgument(
        'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.',
        'RedirectAllRequestsTo',
        'null',
      );
    }
    return;
  }
  const suffix = IndexDocument?.Suffix;
  if (suffix === undefined || suffix === '') {
    throw invalidArgument(
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
      'IndexDocument',
      'null',
    );
  }
  if (suffix.includes('/')) {
    throw invalidArgument('The IndexDocument Suffix is not well formed', 'IndexDocument', suffix);
  }
  if (RoutingRules.length > MOST_RULES) {
    throw fault(
      'InvalidRequest',
      `${RoutingRules.length} routing rules provided, the number of routing rules in a website configuration is limited to ${MOST_RULES}.`,
    );
  }
  for (const { Redirect } of RoutingRules) {
    if (Redirect.ReplaceKeyPrefixWith !== undefined && Redirect.ReplaceKeyWith !== undefined) {
      throw fault('InvalidRequest', 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.');
    }
    if (Redirect.HttpRedirectCode !== undefined && !/^30[1-8]$/.test(Redirect.HttpRedirectCode)) {
      throw fault(
        'InvalidRequest',
        `The provided HTTP redirect code (${Redirect.HttpRedirectCode}) is not valid. Valid codes are 3XX except 300.`,
      );
    }
  }
}

/** Where a website sends a client. */
export interface Redirection {
  readonly status: number;
  readonly location: string;
}

/** What addresses of redirects are made of where a rule leaves parts out. */
export interface SiteAddress {
  /** `http` or `https`. */
  readonly protocol: string;
  readonly host: string;
  /** What stands before the key: `/` at a host of its own. */
  readonly base: string;
}

/** The first routing rule that holds: for a key before it is looked up, or for the error it ended in. */
export function redirection(
  rules: readonly RoutingRule[],
  key: string,
  status: number | undefined,
  address: SiteAddress,
): Redirection | undefined {
  const rule = rules.find(({ Condition }) => {
    const { KeyPrefixEquals, HttpErrorCodeReturnedEquals } = Condition ?? {};
    if (KeyPrefixEquals !== undefined && !key.startsWith(KeyPrefixEquals)) return false;
    return HttpErrorCodeReturnedEquals === (status === undefined ? undefined : String(status));
  });
  if (rule === undefined) return undefined;
  const { Redirect, Condition } = rule;
  const prefix = Condition?.KeyPrefixEquals ?? '';
  const target =
    Redirect.ReplaceKeyWith ??
    (Redirect.ReplaceKeyPrefixWith === undefined
      ? key
      : Redirect.ReplaceKeyPrefixWith + key.slice(prefix.length));
  return {
    status: Number(Redirect.HttpRedirectCode ?? 301),
    location: addressOf(target, Redirect, address),
  };
}

/** The address of a key; with another host the key stands at its root. */
export function addressOf(
  key: string,
  to: { readonly HostName?: string | undefined; readonly Protocol?: string | undefined },
  address: SiteAddress,
): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const protocol = to.Protocol ?? address.protocol;
  return to.HostName === undefined || to.HostName === address.host
    ? `${protocol}://${address.host}${address.base}${path}`
    : `${protocol}://${to.HostName}/${path}`;
}
