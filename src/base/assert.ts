/**
 * Assertions are ours: a broken one is a defect of Lambent, never the caller's mistake. They stay on in production;
 * the pipeline answers them as `InternalFailure` and logs them with the request id.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws an {@link AssertionError} unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
