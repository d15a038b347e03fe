/**
 * The world outside the program: time, chance and timers. Nothing else in `src/` reads a clock, draws a random
 * number or sets a timer, so the same code runs for a user, under the virtual clock and under the simulator.
 */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
}

/** Milliseconds since the epoch unless said otherwise. */
export interface Clock {
  /** The time users see: rows, tokens, schedules and expiries follow it. It can be advanced. */
  now(): number;
  /** The machine's time: the `Date` header, signature skew, leases. */
  realNow(): number;
  /** Milliseconds with fractions from an arbitrary origin; never goes back. For durations. */
  monotonic(): number;
}

/** A clock whose users' time runs `offsetMs` ahead of the machine's. */
export interface AdjustableClock extends Clock {
  offsetMs(): number;
  setOffset(offsetMs: number): void;
}

export interface Random {
  /** `length` bytes from a cryptographic source (seeded under the simulator). */
  bytes(length: number): Uint8Array;
  /** A version 4 UUID in lower case. */
  uuid(): string;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** `length` characters drawn from `alphabet`. */
  id(length: number, alphabet: string): string;
}

export type Cancel = () => void;

/** Timers of real time, for what waits in memory only: long polls, timeouts, the pump's idle wait. */
export interface Timers {
  /** Calls back once after `ms`; the timer does not keep the process alive. */
  after(ms: number, callback: () => void): Cancel;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const ALPHANUMERIC_LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const ALPHANUMERIC_UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
