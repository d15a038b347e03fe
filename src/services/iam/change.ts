import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { announceChange } from './layout.ts';

/** A transaction after which no cache still holds what was true before. */
export function change<T>(ctx: Context, body: (tx: Transaction) => Promise<T>): Promise<T> {
  const mark = ctx.world.random.uuid();
  return ctx.transact(async (tx) => {
    const answer = await body(tx);
    announceChange(tx, mark);
    return answer;
  });
}
