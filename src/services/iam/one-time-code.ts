import { createHmac } from 'node:crypto';

/** Time-based one-time passwords of six digits over 30 seconds: RFC 6238 with HMAC-SHA-1, as virtual MFA devices have them. */
const STEP_MS = 30_000;
/** Steps of clock skew that are let pass on either side. */
const SKEW_STEPS = 1;

export function stepAt(nowMs: number): number {
  return Math.floor(nowMs / STEP_MS);
}

export function codeOf(seed: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', seed).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The time step whose code this is, near now and after `lastStep`; `undefined` when there is none. */
export function acceptedStep(
  seed: Uint8Array,
  code: string,
  nowMs: number,
  lastStep: number | undefined,
): number | undefined {
  const now = stepAt(nowMs);
  for (let step = now - SKEW_STEPS; step <= now + SKEW_STEPS; step++)
    if ((lastStep === undefined || step > lastStep) && codeOf(seed, step) === code) return step;
  return undefined;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 without padding, as authenticator apps take a seed. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}
