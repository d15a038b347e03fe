import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { formatArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { decide } from '../../policy/evaluate.ts';
import { explain } from '../../policy/explain.ts';
import { contextOf } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { withControls } from '../../service/organizations.ts';
import type { RoleFacts } from '../../service/ports.ts';
import type { Group } from '../../service/service.ts';
import { accessDenied, fault } from './fault.ts';
import { checkDuration, HOUR_SECONDS, issueRoleSession, roleSession, sessionFacts } from './session.ts';
import { readSessionPolicies } from './session-policy.ts';

const ACTION = 'sts:AssumeRoleWithWebIdentity';

interface WebIdentity {
  /** Without scheme: the prefix of its context keys. */
  readonly host: string;
  readonly providerArn: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/**
 * Roles for whom an OpenID Connect provider vouches. Keys are those of this cloud's user pools; a provider outside
 * cannot be asked for its keys. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export const webIdentities = {
  async AssumeRoleWithWebIdentity(input, ctx) {
    if (input.ProviderId !== undefined)
      throw fault('ValidationError', 'ProviderId is for OAuth 2.0 access tokens, which are not supported.');
    const role = await ctx.ports.identity.role(input.RoleArn);
    if (role === undefined) throw notAuthorised();
    const identity = await verify(input.WebIdentityToken, role.account, ctx);
    await checkTrust(role, identity, input.RoleSessionName, ctx);
    const seconds = input.DurationSeconds ?? HOUR_SECONDS;
    checkDuration(seconds, role);
    const policies = await readSessionPolicies(input.Policy, input.PolicyArns, role.account, ctx);
    const session = {
      ...roleSession(role, input.RoleSessionName, {
        ...sessionFacts(false, ctx),
        ...claimContext(identity),
        'aws:FederatedProvider': identity.providerArn,
      }),
      sessionPolicies: policies.inline,
    };
    return {
      ...(await issueRoleSession(session, policies.arns, seconds, ctx)),
      SubjectFromWebIdentityToken: identity.subject,
      Provider: identity.issuer,
      Audience: identity.audience,
    };
  },
} satisfies Group<StsOperations>;

/** The role's account must know the provider, the provider's keys must have signed, and for a client it lists. */
async function verify(token: string, account: string, ctx: Context): Promise<WebIdentity> {
  const issuer = issuerOf(token);
  const host = issuer.replace(/^https:\/\//, '');
  const providerArn = formatArn('iam', '', account, `oidc-provider/${host}`);
  const clientIds = await clientIdsOf(providerArn, account, ctx);
  if (clientIds === undefined)
    throw fault('InvalidIdentityToken', `No OpenIDConnect provider found in your account for ${issuer}`);
  const keys = await ctx.ports.tokens.keys(issuer);
  if (keys === undefined)
    throw fault('IDPCommunicationError', 'Error communicating with the identity provider.');
  const payload = await signedPayload(token, createLocalJWKSet({ keys: [...keys.keys] }), ctx);
  const audiences = [payload.aud ?? []].flat();
  const audience = audiences.find((name) => clientIds.includes(name));
  if (audience === undefined) throw fault('InvalidIdentityToken', 'Incorrect token audience');
  return { host, providerArn, issuer, subject: payload.sub ?? '', audience };
}

function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (iss !== undefined) return iss;
  } catch (error) {
    if (!(error instanceof errors.JWTInvalid)) throw error;
  }
  throw fault(
    'InvalidIdentityToken',
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  );
}

async function signedPayload(
  token: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  ctx: Context,
): Promise<JWTPayload> {
  const now = new Date(ctx.world.clock.now());
  try {
    return (await jwtVerify(token, keys, { currentDate: now })).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      const expired = new Date((error.payload.exp ?? 0) * 1000);
      throw fault(
        'ExpiredTokenException',
        `Token expired: current date/time ${now.getTime() / 1000} must be before the expiration date/time ${expired.getTime() / 1000}`,
      );
    }
    if (error instanceof errors.JOSEError)
      throw fault(
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
      );
    throw error;
  }
}

/** IAM keeps the providers; the role's own account asks for one. */
async function clientIdsOf(
  providerArn: string,
  account: string,
  ctx: Context,
): Promise<readonly string[] | undefined> {
  const arn = formatArn('iam', '', account, 'root');
  try {
    const provider = await ctx.call<{ readonly ClientIDList?: readonly string[] }>(
      'iam',
      'GetOpenIDConnectProvider',
      { OpenIDConnectProviderArn: providerArn },
      { as: { principal: { kind: 'root', account, arn, userId: account } }, account },
    );
    return provider.ClientIDList ?? [];
  } catch (error) {
    if (Fault.is(error) && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}

function claimContext({ host, subject, audience }: WebIdentity): Readonly<Record<string, string>> {
  return { [`${host}:sub`]: subject, [`${host}:aud`]: audience };
}

async function checkTrust(
  role: RoleFacts,
  identity: WebIdentity,
  sessionName: string,
  ctx: Context,
): Promise<void> {
  const context = contextOf({
    ...claimContext(identity),
    'aws:FederatedProvider': identity.providerArn,
    'sts:RoleSessionName': sessionName,
  });
  const { account, roleArn: resource } = role;
  const principal = { kind: 'web-identity', account, provider: identity.providerArn } as const;
  const asked = { action: ACTION, resource, resourceAccount: account, principal, context };
  const trust = {
    identity: [],
    resource: compilePolicy(role.trustPolicy, resource),
    resourceMustAllow: true,
  };
  const owner = await ctx.ports.organizations.controls(account);
  const policies = withControls(trust, ACTION, ctx.principal, undefined, owner);
  const decision = decide(asked, policies);
  ctx.noteDecision({
    principal: ctx.principal,
    request: { action: ACTION, resource, resourceAccount: account },
    decision,
    policies,
    ...(decision.allowed ? {} : { explanation: explain(asked, policies, decision, asked) }),
  });
  if (!decision.allowed) throw notAuthorised();
}

function notAuthorised() {
  return accessDenied(`Not authorized to perform ${ACTION}`);
}
