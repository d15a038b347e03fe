/** A value that is usually there already: the hot path takes it without a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value, at once when it is there. */
export function after<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
