import { SignJWT } from 'jose';
import type { StsOperations, Tag } from '../../model/gen/sts.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Principal } from '../../service/principal.ts';
import type { Group } from '../../service/service.ts';
import { parseSignature } from '../../wire/sigv4-claim.ts';
import { fault } from './fault.ts';
import { iamRoot } from './root.ts';
import { ensureTokenKey, privateKeyOf } from './token-key.ts';

const DEFAULT_SECONDS = 300;
/** The claims that are AWS's own. */
const NAMESPACE = 'https://sts.amazonaws.com/';

/** Tokens by which services outside of AWS know its identities. */
export const identityTokens = {
  /** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html */
  async GetWebIdentityToken(
    { Audience, SigningAlgorithm, DurationSeconds = DEFAULT_SECONDS, Tags = [] },
    ctx,
  ) {
    if (SigningAlgorithm !== 'RS256' && SigningAlgorithm !== 'ES384')
      throw fault('ValidationError', `SigningAlgorithm ${SigningAlgorithm} is not one of RS256 and ES384.`);
    const issuer = await issuerOf(ctx);
    const nowMs = ctx.world.clock.now();
    const expiresAtMs = nowMs + DurationSeconds * 1000;
    await checkSession(expiresAtMs, ctx);
    const key = await ensureTokenKey(SigningAlgorithm, ctx);
    const token = await new SignJWT({ [NAMESPACE]: await claimsOf(Tags, ctx) })
      .setProtectedHeader({ alg: SigningAlgorithm, kid: key.kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(subjectOf(ctx.principal))
      .setAudience(Audience.length === 1 && Audience[0] !== undefined ? Audience[0] : [...Audience])
      .setIssuedAt(Math.floor(nowMs / 1000))
      .setExpirationTime(Math.floor(expiresAtMs / 1000))
      .setJti(ctx.world.random.uuid())
      .sign(await privateKeyOf(key, SigningAlgorithm, ctx));
    return { WebIdentityToken: token, Expiration: new Date(Math.floor(expiresAtMs / 1000) * 1000) };
  },
} satisfies Group<StsOperations>;

/** IAM knows whether the account lets STS vouch for it, and as whom. */
async function issuerOf(ctx: Context): Promise<string> {
  try {
    const { IssuerIdentifier = '' } = await ctx.call<{ readonly IssuerIdentifier?: string }>(
      'iam',
      'GetOutboundWebIdentityFederationInfo',
      {},
      { as: { principal: iamRoot(ctx.account) } },
    );
    return IssuerIdentifier;
  } catch (error) {
    if (!Fault.is(error) || error.code !== 'FeatureDisabled') throw error;
    throw fault(
      'OutboundWebIdentityFederationDisabledException',
      'The outbound web identity federation feature is not enabled for this account.',
    );
  }
}

/** A token does not outlast the session that asks for it. */
async function checkSession(expiresAtMs: number, { http, inside, ports }: Context): Promise<void> {
  if (http === undefined || inside === true) return;
  const { method, path, query, headers } = http;
  const claim = parseSignature({ method, path, query, headers }, 'query');
  if (claim === undefined) return;
  const lookup = await ports.identity.credential(claim.accessKeyId, claim.sessionToken);
  const endsAtMs = lookup.kind === 'found' ? lookup.credential.expiresAtMs : undefined;
  if (endsAtMs !== undefined && expiresAtMs > endsAtMs)
    throw fault(
      'SessionDurationEscalationException',
      'The requested token duration would extend the session beyond its original expiration time.',
    );
}

/** A session of a role is its role. */
function subjectOf(principal: Principal): string {
  if (principal.kind === 'role') return principal.roleArn;
  return 'arn' in principal ? principal.arn : '';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html */
async function claimsOf(tags: readonly Tag[], { account, region, principal, ports }: Context) {
  const controls = await ports.organizations.controls(account);
  const { context } = await ports.identity.policies(principal);
  const principalTags = tagsIn(context);
  const provider = principal.kind === 'role' ? principal.sessionContext['aws:FederatedProvider'] : undefined;
  return {
    aws_account: account,
    source_region: region,
    ...(controls === undefined ? {} : { org_id: controls.organizationId, ou_path: controls.path }),
    ...(Object.keys(principalTags).length === 0 ? {} : { principal_tags: principalTags }),
    ...(provider === undefined ? {} : { federated_provider: provider }),
    ...(tags.length === 0
      ? {}
      : { request_tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) }),
  };
}

const PRINCIPAL_TAG = 'aws:principaltag/';

function tagsIn(context: ContextValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(context)
      .filter(([key]) => key.startsWith(PRINCIPAL_TAG))
      .map(([key, value]) => [key.slice(PRINCIPAL_TAG.length), String(value)]),
  );
}
