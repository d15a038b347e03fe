import type { StsOperations } from '../../model/gen/sts.ts';
import type { Group } from '../../service/service.ts';
import { accessDenied, fault } from './fault.ts';

/** Who a caller or a key is. */
export const callers = {
  async GetCallerIdentity(_input, { principal }) {
    if (principal.kind === 'anonymous' || principal.kind === 'service')
      throw accessDenied('Only an identity of an account can ask who it is');
    return { UserId: principal.userId, Account: principal.account, Arn: principal.arn };
  },

  async GetAccessKeyInfo({ AccessKeyId }, ctx) {
    const account = ctx.ports.identity.accountOfKey(AccessKeyId);
    if (account === undefined) throw fault('ValidationError', 'Invalid Access Key ID');
    return { Account: account };
  },
} satisfies Group<StsOperations>;
