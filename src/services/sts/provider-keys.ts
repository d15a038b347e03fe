import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { JWK } from 'jose';
import type { Context } from '../../service/context.ts';
import type { World } from '../../world/world.ts';
import { fault } from './fault.ts';
import { issuerKeys } from './token-issuer.ts';

/** Real time. */
const TIMEOUT_MS = 5_000;
const KEPT_MS = 15 * 60 * 1000;
/** Unknown keys make us ask anew, but not more often than this. */
const ASKED_AGAIN_MS = 10_000;
const MOST_BYTES = 256 * 1024;
const MOST_PROVIDERS = 1_000;
/** AWS takes no more of one provider. */
const MOST_KEYS = 100;

interface Fetched {
  readonly keys: readonly JWK[];
  readonly atMs: number;
}

const caches = new WeakMap<World, Map<string, Fetched>>();

/**
 * The signing keys of an OpenID Connect provider: of a user pool or an account of this cloud, else from the provider's discovery
 * document. `anew`: what was kept does not have the key that is looked for.
 * https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export async function providerKeys(
  issuer: string,
  thumbprints: readonly string[],
  ctx: Context,
  anew: boolean,
): Promise<{ readonly keys: readonly JWK[] }> {
  const own = await ctx.ports.tokens.keys(issuer);
  if (own !== undefined) return own;
  const vouched = await issuerKeys(issuer, ctx);
  if (vouched !== undefined) return { keys: vouched };
  const { world } = ctx;
  let cache = caches.get(world);
  if (cache === undefined) caches.set(world, (cache = new Map()));
  // What one account's thumbprints let in is not for another's.
  const key = JSON.stringify([issuer, thumbprints]);
  const kept = cache.get(key);
  const nowMs = world.clock.monotonic();
  if (kept !== undefined && nowMs - kept.atMs < (anew ? ASKED_AGAIN_MS : KEPT_MS)) return kept;
  const fetched = { keys: await fetchKeys(issuer, thumbprints, world), atMs: nowMs };
  if (cache.size >= MOST_PROVIDERS) cache.clear();
  cache.set(key, fetched);
  return fetched;
}

async function fetchKeys(
  issuer: string,
  thumbprints: readonly string[],
  world: World,
): Promise<readonly JWK[]> {
  const { jwks_uri: address, issuer: named } = await fetchJson(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    thumbprints,
    world,
  );
  if (typeof address !== 'string' || !address.startsWith('https://') || named !== issuer) throw noKeys();
  const { keys } = await fetchJson(address, thumbprints, world);
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw noKeys();
  return keys as JWK[];
}

function noKeys() {
  return fault(
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  );
}

function unreachable() {
  return fault('IDPCommunicationError', 'Error communicating with the identity provider.');
}

function fetchJson(
  address: string,
  thumbprints: readonly string[],
  world: World,
): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    // Whose certificate no known authority signed is judged by its thumbprint, before a word of it is read.
    const asking = request(address, { agent: false, rejectUnauthorized: false });
    const cancel = world.timers.after(TIMEOUT_MS, () => asking.destroy());
    const settle = (done: () => void) => {
      cancel();
      done();
      asking.destroy();
    };
    asking.on('error', () => settle(() => reject(unreachable())));
    asking.on('response', (response) => {
      if (!isTrusted(response.socket as TLSSocket, thumbprints)) {
        settle(() =>
          reject(
            fault(
              'InvalidIdentityToken',
              "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
            ),
          ),
        );
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST_BYTES) settle(() => reject(noKeys()));
      });
      response.on('end', () =>
        settle(() => {
          const value = response.statusCode === 200 ? jsonOf(Buffer.concat(chunks).toString()) : undefined;
          if (value === undefined) reject(noKeys());
          else resolve(value);
        }),
      );
      response.on('error', () => settle(() => reject(unreachable())));
    });
    asking.end();
  });
}

/**
 * Signed by an authority this machine trusts, or else with the thumbprint (SHA-1, hex) of its topmost certificate among
 * the provider's. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
 */
function isTrusted(socket: TLSSocket, thumbprints: readonly string[]): boolean {
  if (socket.authorized) return true;
  let certificate = socket.getPeerCertificate(true);
  while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate)
    certificate = certificate.issuerCertificate;
  const thumbprint = certificate.fingerprint?.replaceAll(':', '').toLowerCase();
  return thumbprints.some((known) => known.toLowerCase() === thumbprint);
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
