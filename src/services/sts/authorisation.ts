import { formatArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import type { Authorisation } from '../../service/service.ts';
import { accountOf } from './root-sessions.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html */
export const authorisation = {
  /** The role's trust policy decides together with the caller's policies: see `role-trust.ts`. */
  AssumeRole: () => 'none',
  /** Unsigned: the token or assertion is the identity, and the trust policy decides. */
  AssumeRoleWithWebIdentity: 'none',
  AssumeRoleWithSAML: 'none',
  AssumeRoot: ({ TargetPrincipal, TaskPolicyArn }, { account }) => [
    {
      action: 'sts:AssumeRoot',
      resource: formatArn('iam', '', accountOf(TargetPrincipal), 'root'),
      // Whose root may be assumed is for the organization to say, not for a policy of the member.
      resourceAccount: account,
      context: { 'sts:TaskPolicyArn': TaskPolicyArn.arn ?? '' },
    },
  ],
  /** Nobody needs a permission for these two. */
  GetCallerIdentity: () => 'none',
  GetSessionToken: () => 'none',
  GetFederationToken: ({ Name, Tags }, { account }) => {
    const resource = formatArn('sts', '', account, `federated-user/${Name}`);
    const context = {
      ...(Tags === undefined ? {} : { 'aws:TagKeys': Tags.map(({ Key }) => Key) }),
      ...Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    };
    return [
      { action: 'sts:GetFederationToken', resource, context },
      ...((Tags ?? []).length > 0 ? [{ action: 'sts:TagSession', resource, context }] : []),
    ];
  },
  GetWebIdentityToken: ({ Audience, SigningAlgorithm, DurationSeconds, Tags = [] }) => {
    const context = {
      'sts:IdentityTokenAudience': Audience,
      'sts:SigningAlgorithm': SigningAlgorithm,
      ...(DurationSeconds === undefined ? {} : { 'sts:DurationSeconds': DurationSeconds }),
      ...(Tags.length === 0 ? {} : { 'aws:TagKeys': Tags.map(({ Key }) => Key) }),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    };
    return [
      { action: 'sts:GetWebIdentityToken', resource: '*', context },
      ...(Tags.length === 0 ? [] : [{ action: 'sts:TagGetWebIdentityToken', resource: '*', context }]),
    ];
  },
  DecodeAuthorizationMessage: () => [{ action: 'sts:DecodeAuthorizationMessage', resource: '*' }],
  GetAccessKeyInfo: () => [{ action: 'sts:GetAccessKeyInfo', resource: '*' }],
} satisfies Authorisation<StsOperations>;
