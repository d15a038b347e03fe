import { createHmac, timingSafeEqual } from 'node:crypto';

/** Time-based one-time passwords as authenticator apps make them: SHA-1, six digits, 30 seconds. RFC 6238. */
const STEP_MS = 30_000;
const DIGITS = 6;
/** A phone's clock may be one step off. */
const SKEW_STEPS = 1;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, section 6, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += BASE32[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

export function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const letter of text) {
    value = (value << 5) | BASE32.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bytes.push((value >>> (bits - 8)) & 255);
      bits -= 8;
    }
    value &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}

/** The password of one time step. RFC 4226, section 5.3. */
export function oneTimePassword(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  const number = digest.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

export function stepAt(ms: number): number {
  return Math.floor(ms / STEP_MS);
}

/** The step a password belongs to, if it is one of now and later than `after`: each works once. */
export function matchingStep(
  secret: string,
  given: string,
  nowMs: number,
  after: number,
): number | undefined {
  const now = stepAt(nowMs);
  const bytes = Buffer.from(given);
  for (let step = Math.max(now - SKEW_STEPS, after + 1); step <= now + SKEW_STEPS; step++) {
    const right = Buffer.from(oneTimePassword(secret, step));
    if (right.length === bytes.length && timingSafeEqual(right, bytes)) return step;
  }
  return undefined;
}
