import { parseArn } from '../../base/arn.ts';
import type { AuditedCall } from '../../service/audit.ts';
import type { Principal } from '../../service/principal.ts';
import { isoSeconds } from './parameters.ts';

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
export type UserIdentity = Readonly<Record<string, unknown>>;

export function userIdentity(call: AuditedCall): UserIdentity {
  const { principal, accessKeyId, via } = call;
  const invokedBy = via.at(-1);
  if (principal.kind === 'anonymous') return nobody(call);
  if (principal.kind === 'service') return { type: 'AWSService', invokedBy: principal.service };
  return {
    ...named(principal),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...session(principal),
    ...(invokedBy === undefined ? {} : { invokedBy }),
    ...inScopeOf(principal),
  };
}

/** The function whose credentials these are. */
function inScopeOf(principal: Known): UserIdentity {
  const source = principal.kind === 'role' ? principal.sessionContext['lambda:SourceFunctionArn'] : undefined;
  return source === undefined
    ? {}
    : { inScopeOf: { issuerType: 'AWS::Lambda::Function', credentialsIssuedTo: source } };
}

/** The name LookupEvents finds the event under. */
export function userNameOf({ principal, output }: AuditedCall): string | undefined {
  switch (principal.kind) {
    case 'root':
      return 'root';
    case 'user':
      return principal.userName;
    case 'role':
      return principal.sessionName;
    case 'federated-user':
      return principal.userId.slice(principal.userId.indexOf(':') + 1);
    case 'service':
      return principal.service;
    case 'anonymous': {
      const subject = output?.['SubjectFromWebIdentityToken'] ?? output?.['Subject'];
      return typeof subject === 'string' ? subject : undefined;
    }
  }
}

type Known = Exclude<Principal, { readonly kind: 'anonymous' | 'service' }>;

function named(principal: Known): UserIdentity {
  const { arn, account: accountId, userId: principalId } = principal;
  const common = { principalId, arn, accountId };
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', ...common };
    case 'user':
      return { type: 'IAMUser', ...common, userName: principal.userName };
    case 'role':
      return { type: 'AssumedRole', ...common };
    case 'federated-user':
      return { type: 'FederatedUser', ...common };
  }
}

function session(principal: Known): UserIdentity {
  switch (principal.kind) {
    case 'root':
      return principal.sessionContext === undefined
        ? {}
        : {
            sessionContext: {
              attributes: attributes(principal.sessionContext),
              ...(principal.taskPolicyArn === undefined ? {} : { assumedRoot: 'true' }),
            },
          };
    case 'user':
      return principal.sessionContext === undefined
        ? {}
        : { sessionContext: { attributes: attributes(principal.sessionContext) } };
    case 'role': {
      const { roleArn, roleName, account, userId, sessionContext } = principal;
      const sourceIdentity = sessionContext['aws:SourceIdentity'];
      const provider = sessionContext['aws:FederatedProvider'];
      return {
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: userId.slice(0, userId.indexOf(':')),
            arn: roleArn,
            accountId: account,
            userName: roleName,
          },
          ...(provider === undefined ? {} : { webIdFederationData: { federatedProvider: provider } }),
          attributes: attributes(sessionContext),
          ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
        },
      };
    }
    case 'federated-user': {
      const { userArn, userUniqueId, account } = principal;
      const isRoot = userArn.endsWith(':root');
      return {
        sessionContext: {
          sessionIssuer: {
            type: isRoot ? 'Root' : 'IAMUser',
            principalId: userUniqueId ?? account,
            arn: userArn,
            accountId: account,
            ...(isRoot ? {} : { userName: parseArn(userArn)?.resource.split('/').at(-1) }),
          },
          attributes: attributes(principal.sessionContext ?? {}),
        },
      };
    }
  }
}

function attributes(context: Readonly<Record<string, string>>): UserIdentity {
  const issued = Date.parse(context['aws:TokenIssueTime'] ?? '');
  return {
    ...(Number.isNaN(issued) ? {} : { creationDate: isoSeconds(issued) }),
    mfaAuthenticated: String(context['aws:MultiFactorAuthPresent'] === 'true'),
  };
}

/** Unsigned callers: whom a token vouches for, and strangers. */
function nobody({ operation, output }: AuditedCall): UserIdentity {
  if (operation.name === 'AssumeRoleWithWebIdentity' && output !== undefined) {
    const { Provider, Audience, SubjectFromWebIdentityToken: subject } = output;
    return {
      type: 'WebIdentityUser',
      principalId: `${Provider}:${Audience}:${subject}`,
      userName: subject,
      identityProvider: Provider,
    };
  }
  if (operation.name === 'AssumeRoleWithSAML' && output !== undefined) {
    const { NameQualifier, Subject } = output;
    return {
      type: 'SAMLUser',
      principalId: `${NameQualifier}:${Subject}`,
      userName: Subject,
      identityProvider: NameQualifier,
    };
  }
  return { type: 'Unknown', principalId: 'Anonymous' };
}
