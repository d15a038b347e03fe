/** Failures in a row that are free. */
const FREE_FAILURES = 5;
const FIRST_LOCK_MS = 1_000;
const LONGEST_LOCK_MS = 15 * 60_000;

/** Failed sign-ins with a password. */
export interface Failures {
  readonly count: number;
  /** Virtual time, milliseconds; attempts before it are refused unread. */
  readonly lockedUntilMs: number;
}

/**
 * After five failures in a row the user is locked for a second, doubling with each further one up to about a
 * quarter of an hour.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
 */
export function afterFailure(failures: Failures | undefined, nowMs: number): Failures {
  const count = (failures?.count ?? 0) + 1;
  if (count < FREE_FAILURES) return { count, lockedUntilMs: 0 };
  const lockMs = Math.min(FIRST_LOCK_MS * 2 ** (count - FREE_FAILURES), LONGEST_LOCK_MS);
  return { count, lockedUntilMs: nowMs + lockMs };
}

export function isLocked(failures: Failures | undefined, nowMs: number): boolean {
  return failures !== undefined && nowMs < failures.lockedUntilMs;
}
