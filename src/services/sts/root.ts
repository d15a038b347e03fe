import { formatArn } from '../../base/arn.ts';
import type { RootPrincipal } from '../../service/principal.ts';

/** An account's root. */
export function iamRoot(account: string): RootPrincipal {
  return { kind: 'root', account, arn: formatArn('iam', '', account, 'root'), userId: account };
}
