import { Fault } from '../../../service/faults.ts';
import { isGone } from './gone.ts';
import type { ResourceScope } from './provider.ts';

/**
 * Refuses a name that a template gives and something outside the stack has: services whose create answers with what
 * stands would else hand it over. `look` finds it.
 */
export async function refuseTaken(
  { type, rerun }: ResourceScope,
  name: string,
  look: () => Promise<unknown>,
): Promise<void> {
  if (rerun) return;
  try {
    await look();
  } catch (error) {
    if (Fault.is(error) && isGone(error)) return;
    throw error;
  }
  throw new Fault('AlreadyExists', `Resource of type '${type}' with identifier '${name}' already exists.`);
}
