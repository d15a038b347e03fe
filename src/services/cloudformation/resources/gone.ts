import { Fault } from '../../../service/faults.ts';

/** Whether a service says that what it was asked about is not there. */
export function isGone(fault: Fault): boolean {
  return /NotFound|NoSuch(?:Entity|Bucket|Key)|QueueDoesNotExist|NonExistentQueue/.test(fault.code);
}

/** What is no more there need not be taken away. */
export async function ignoringGone(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!Fault.is(error) || !isGone(error)) throw error;
  }
}
