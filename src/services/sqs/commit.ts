import type { Context } from '../../service/context.ts';
import { ContentionError, type Transaction, type TransactOptions } from '../../store/store.ts';
import { fault } from './fault.ts';

/** A transaction that, when too many contend, is answered as a throttle: the caller may try again. */
export async function commit<T>(
  ctx: Context,
  body: (tx: Transaction) => Promise<T>,
  options?: TransactOptions,
): Promise<T> {
  try {
    return await ctx.transact(body, options);
  } catch (error) {
    if (!(error instanceof ContentionError)) throw error;
    throw fault('RequestThrottled', 'The request was denied due to request throttling.');
  }
}
