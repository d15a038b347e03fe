import type { Tag } from '../../model/gen/iam.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { ActionRequest, AuthorisationScope } from '../../service/service.ts';
import { iamArn } from './identifier.ts';
import { findIdentity, identityArn } from './identity.ts';
import { layout } from './layout.ts';

/** How the operations on each kind of thing are authorised. What exists is denied by its name, as AWS does. */
export type Rule = (
  scope: AuthorisationScope,
) => Promise<readonly ActionRequest[]> | readonly ActionRequest[];

/** An operation on a user, by name; the caller itself when it names nobody. */
export function user(action: string, name: string | undefined, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const { principal } = ctx;
    if (name === undefined) {
      const own = principal.kind === 'user' ? principal.arn : iamArn(account, 'root');
      return [{ action: `iam:${action}`, resource: own, context }];
    }
    const row = await findIdentity(ctx.store, account, 'user', name);
    return [
      {
        action: `iam:${action}`,
        resource: row === undefined ? iamArn(account, 'user', '/', name) : identityArn(account, 'user', row),
        named: `user ${name}`,
        context: { ...boundaryContext(row?.boundary), ...resourceTags(row?.tags), ...context },
      },
    ];
  };
}

export function role(action: string, name: string, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const row = await findIdentity(ctx.store, account, 'role', name);
    return [
      {
        action: `iam:${action}`,
        resource: row === undefined ? iamArn(account, 'role', '/', name) : identityArn(account, 'role', row),
        named: `role ${name}`,
        context: { ...boundaryContext(row?.boundary), ...resourceTags(row?.tags), ...context },
      },
    ];
  };
}

export function group(action: string, name: string, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const row = await findIdentity(ctx.store, account, 'group', name);
    const resource =
      row === undefined ? iamArn(account, 'group', '/', name) : identityArn(account, 'group', row);
    return [{ action: `iam:${action}`, resource, named: `group ${name}`, context }];
  };
}

export function policy(action: string, arn: string, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const name = arn.slice(arn.lastIndexOf('/') + 1).toLowerCase();
    const row = await layout.at(account, '').policies.get(ctx.store, [name]);
    return [
      {
        action: `iam:${action}`,
        resource: arn,
        named: `policy ${arn}`,
        // AWS's own policies are everybody's.
        ...(arn.startsWith('arn:aws:iam::aws:') ? { resourceAccount: account } : {}),
        context: { ...resourceTags(row?.tags), ...context },
      },
    ];
  };
}

export function instanceProfile(action: string, name: string, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const row = await layout.at(account, '').instanceProfiles.get(ctx.store, [name.toLowerCase()]);
    const resource = iamArn(account, 'instance-profile', row?.path ?? '/', name);
    return [
      {
        action: `iam:${action}`,
        resource,
        named: `instance profile ${name}`,
        context: { ...resourceTags(row?.tags), ...context },
      },
    ];
  };
}

/** Something whose ARN the input gives, or that is about to be made. */
export function on(action: string, resource: string, context: ContextValues = {}): Rule {
  // AWS's own policies are everybody's.
  const everybodys = resource.startsWith('arn:aws:iam::aws:');
  return ({ account }) => [
    { action: `iam:${action}`, resource, context, ...(everybodys ? { resourceAccount: account } : {}) },
  ];
}

/** An entity that does not exist yet. */
export function fresh(
  action: string,
  kind: string,
  path: string | undefined,
  name: string,
  context: ContextValues,
): Rule {
  return ({ account }) => {
    const resource = iamArn(account, kind, path ?? '/', name);
    const own = { action: `iam:${action}`, resource, context };
    // To make something with tags takes the permission to tag it.
    const tagging = (context['aws:TagKeys'] as readonly string[] | undefined)?.length
      ? TAGGING[kind]
      : undefined;
    return tagging === undefined ? [own] : [own, { action: `iam:${tagging}`, resource, context }];
  };
}

const TAGGING: Readonly<Record<string, string>> = {
  user: 'TagUser',
  role: 'TagRole',
  policy: 'TagPolicy',
  'instance-profile': 'TagInstanceProfile',
  'oidc-provider': 'TagOpenIDConnectProvider',
  'saml-provider': 'TagSAMLProvider',
  mfa: 'TagMFADevice',
  'server-certificate': 'TagServerCertificate',
};

/** Lists are asked of a path: `arn:aws:iam::123456789012:user/`. */
export function listing(action: string, kind: string) {
  return (
    { PathPrefix = '/' }: { readonly PathPrefix?: string | undefined },
    { account }: AuthorisationScope,
  ) => [{ action: `iam:${action}`, resource: iamArn(account, kind, PathPrefix) }];
}

export function everything(action: string): () => readonly ActionRequest[] {
  const requests = [{ action: `iam:${action}`, resource: '*' }];
  return () => requests;
}

export function requestTags(tags: readonly Tag[] | undefined): ContextValues {
  if (tags === undefined) return {};
  return {
    'aws:TagKeys': tags.map(({ Key }) => Key),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

export function resourceTags(tags: Readonly<Record<string, string>> | undefined): ContextValues {
  return Object.fromEntries(
    Object.entries(tags ?? {}).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  );
}

export function boundaryContext(arn: string | undefined): ContextValues {
  return arn === undefined ? {} : { 'iam:PermissionsBoundary': arn };
}

export const policyArn = (arn: string): ContextValues => ({ 'iam:PolicyARN': arn });
export const tagKeys = (keys: readonly string[]): ContextValues => ({ 'aws:TagKeys': keys });

export function serverCertificate(action: string, name: string, context: ContextValues = {}): Rule {
  return async ({ account, ctx }) => {
    const row = await layout.at(account, '').serverCertificates.get(ctx.store, [name]);
    const resource = iamArn(account, 'server-certificate', row?.path ?? '/', name);
    return [
      {
        action: `iam:${action}`,
        resource,
        named: `server certificate ${name}`,
        context: { ...resourceTags(row?.tags), ...context },
      },
    ];
  };
}
