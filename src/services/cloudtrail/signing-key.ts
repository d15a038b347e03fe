import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { CloudtrailOperations } from '../../model/gen/cloudtrail.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { layout } from './layout.ts';

const LABEL = 'cloudtrail-digest';
/** A key signs for this long; virtual time. */
const VALID_MS = 365 * 24 * 60 * 60 * 1000;

export interface SigningKey {
  readonly fingerprint: string;
  readonly privateKey: KeyObject;
}

/** What verifies digests, for whoever checks log files offline. */
export const signingKeys = {
  async ListPublicKeys({ StartTime, EndTime }, ctx) {
    const nowMs = ctx.world.clock.now();
    const endMs = EndTime?.getTime() ?? nowMs;
    const startMs = StartTime?.getTime() ?? endMs - 24 * 60 * 60 * 1000;
    if (startMs > endMs) throw fault('InvalidTimeRangeException', 'The start time is after the end time.');
    const rows = await layout.global().signingKeys.all(ctx.store, []);
    return {
      PublicKeyList: rows
        .filter(({ value }) => value.fromMs <= endMs && value.untilMs >= startMs)
        .map(({ key: [fingerprint], value }) => ({
          Value: Buffer.from(value.publicKey, 'base64'),
          ValidityStartTime: new Date(value.fromMs),
          ValidityEndTime: new Date(value.untilMs),
          Fingerprint: fingerprint,
        })),
    };
  },
} satisfies Group<CloudtrailOperations>;

/** The key of now, made when there is none. */
export async function ensureSigningKey(ctx: Context): Promise<SigningKey> {
  const nowMs = ctx.world.clock.now();
  const rows = await layout.global().signingKeys.all(ctx.store, []);
  const current = rows.find(({ value }) => value.fromMs <= nowMs && nowMs < value.untilMs);
  if (current !== undefined) {
    const der = ctx.ports.identity.openSecret(current.value.sealedPrivateKey, LABEL);
    if (der !== undefined)
      return {
        fingerprint: current.key[0],
        privateKey: createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
      };
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey).export({ type: 'pkcs1', format: 'der' });
  const fingerprint = createHash('md5').update(publicKey).digest('hex');
  const sealedPrivateKey = ctx.ports.identity.sealSecret(
    privateKey.export({ type: 'pkcs8', format: 'der' }),
    LABEL,
  );
  await ctx.transact(async (tx) =>
    layout.global().signingKeys.set(tx, [fingerprint], {
      publicKey: publicKey.toString('base64'),
      sealedPrivateKey,
      fromMs: nowMs,
      untilMs: nowMs + VALID_MS,
    }),
  );
  return { fingerprint, privateKey };
}

/** SHA-256 with RSA, hex, as the digest's metadata carries it. */
export function signatureOf(text: string, { privateKey }: SigningKey): string {
  return sign('sha256', Buffer.from(text), privateKey).toString('hex');
}
