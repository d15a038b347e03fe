import { timingSafeEqual } from 'node:crypto';
import type { Random } from '../../world/world.ts';

/** Codes that confirm an account or an attribute live a day, those that reset a password an hour. */
export const CONFIRMATION_LIFETIME_MS = 24 * 3_600_000;
export const RESET_LIFETIME_MS = 3_600_000;
/** Wrong guesses a code survives. */
const MOST_GUESSES = 5;

/** A code that was sent; one a purpose, the newest. */
export interface Code {
  readonly code: string;
  /** Virtual time, milliseconds. */
  readonly expiresAtMs: number;
  readonly failures: number;
}

export function makeCode(random: Random, nowMs: number, lifetimeMs: number): Code {
  return { code: random.id(6, '0123456789'), expiresAtMs: nowMs + lifetimeMs, failures: 0 };
}

/** How a guess ends. After too many wrong ones even the right one is refused. */
export function checkCode(
  kept: Code | undefined,
  guess: string,
  nowMs: number,
): 'right' | 'wrong' | 'expired' | 'exhausted' {
  if (kept === undefined || nowMs >= kept.expiresAtMs) return 'expired';
  if (kept.failures >= MOST_GUESSES) return 'exhausted';
  const [given, right] = [Buffer.from(guess), Buffer.from(kept.code)];
  return given.length === right.length && timingSafeEqual(given, right) ? 'right' : 'wrong';
}
