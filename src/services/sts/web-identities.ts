import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { formatArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { federatedSession, readProvider } from './federation.ts';
import { providerClaims } from './provider-claim.ts';
import { providerKeys } from './provider-keys.ts';
import { notAuthorised } from './role-trust.ts';
import { HOUR_SECONDS } from './session.ts';
import { type TokenTags, tokenTags } from './token-tag.ts';

const ACTION = 'sts:AssumeRoleWithWebIdentity';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

interface WebIdentity extends TokenTags {
  readonly providerArn: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  /** The claims AWS knows, as context keys. */
  readonly keys: ContextValues;
}

interface Provider {
  readonly ClientIDList?: readonly string[];
  readonly ThumbprintList?: readonly string[];
}

/**
 * Roles for whom an OpenID Connect provider vouches: a user pool of this cloud, or anybody whose keys can be fetched.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export const webIdentities = {
  async AssumeRoleWithWebIdentity(input, ctx) {
    if (input.ProviderId !== undefined)
      throw fault('ValidationError', 'ProviderId is for OAuth 2.0 access tokens, which are not supported.');
    const role = await ctx.ports.identity.role(input.RoleArn);
    if (role === undefined) throw notAuthorised(ACTION);
    const identity = await verify(input.WebIdentityToken, role.account, ctx);
    const issued = await federatedSession(
      role,
      {
        ...input,
        ...identity,
        action: ACTION,
        sessionName: input.RoleSessionName,
        account: role.account,
        seconds: input.DurationSeconds ?? HOUR_SECONDS,
      },
      ctx,
    );
    return {
      ...issued,
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
  const provider = await readProvider<Provider>(
    'GetOpenIDConnectProvider',
    { OpenIDConnectProviderArn: providerArn },
    account,
    ctx,
  );
  if (provider === undefined)
    throw fault('InvalidIdentityToken', `No OpenIDConnect provider found in your account for ${issuer}`);
  const payload = await signedPayload(token, issuer, provider.ThumbprintList ?? [], ctx);
  const { azp } = payload;
  const audiences = [payload.aud ?? []].flat();
  // A token that names its authorised party is that party's.
  const named = typeof azp === 'string' ? [azp] : audiences;
  const audience = named.find((name) => provider.ClientIDList?.includes(name));
  if (audience === undefined) throw fault('InvalidIdentityToken', 'Incorrect token audience');
  const subject = payload.sub ?? '';
  return {
    providerArn,
    issuer,
    subject,
    audience,
    keys: keysOf(host, subject, audience, payload),
    ...tokenTags(payload),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif */
function keysOf(host: string, subject: string, audience: string, payload: JWTPayload): ContextValues {
  const { amr, azp, aud, email } = payload;
  const texts = Array.isArray(amr) ? amr.filter((entry) => typeof entry === 'string') : [];
  const original = [aud ?? []].flat()[0];
  return {
    [`${host}:sub`]: subject,
    [`${host}:aud`]: audience,
    ...(typeof azp === 'string' && original !== undefined ? { [`${host}:oaud`]: original } : {}),
    ...(texts.length === 0 ? {} : { [`${host}:amr`]: texts }),
    ...(typeof email === 'string' ? { [`${host}:email`]: email } : {}),
    ...providerClaims(host, payload),
  };
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

/** Keys that were fetched a while ago may have been replaced: they are fetched anew before a signature is refused. */
async function signedPayload(
  token: string,
  issuer: string,
  thumbprints: readonly string[],
  ctx: Context,
): Promise<JWTPayload> {
  const kept = await providerKeys(issuer, thumbprints, ctx, false);
  try {
    return await payloadUnder(token, kept, ctx);
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw refusalOf(error, ctx);
  }
  try {
    return await payloadUnder(token, await providerKeys(issuer, thumbprints, ctx, true), ctx);
  } catch (error) {
    throw refusalOf(error, ctx);
  }
}

async function payloadUnder(
  token: string,
  { keys }: Awaited<ReturnType<typeof providerKeys>>,
  ctx: Context,
): Promise<JWTPayload> {
  const currentDate = new Date(ctx.world.clock.now());
  const options = { currentDate, algorithms: ALGORITHMS, requiredClaims: ['exp', 'sub'] };
  return (await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), options)).payload;
}

function refusalOf(error: unknown, ctx: Context): unknown {
  if (error instanceof errors.JWTExpired)
    return fault(
      'ExpiredTokenException',
      `Token expired: current date/time ${ctx.world.clock.now() / 1000} must be before the expiration date/time ${error.payload.exp ?? 0}`,
    );
  if (error instanceof errors.JOSEError)
    return fault(
      'InvalidIdentityToken',
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  return error;
}
