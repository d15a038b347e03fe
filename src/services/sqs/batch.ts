import type { BatchResultErrorEntry } from '../../model/gen/sqs.ts';
import { Fault } from '../../service/faults.ts';
import { fault } from './fault.ts';

const MOST_ENTRIES = 10;
const ID = /^[A-Za-z0-9_-]{1,80}$/;

/** What every batch operation checks of its entries. */
export function checkEntries(entries: readonly { readonly Id: string }[], entryType: string): void {
  if (entries.length === 0) {
    throw fault('EmptyBatchRequest', `There should be at least one ${entryType} in the request.`);
  }
  if (entries.length > MOST_ENTRIES) {
    throw fault(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MOST_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { Id: id } of entries) {
    if (!ID.test(id)) {
      throw fault(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (seen.has(id)) throw fault('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
    seen.add(id);
  }
}

/** An entry's failure in a batch's answer; what is no caller's mistake is thrown on. */
export function failedEntry(Id: string, error: unknown): BatchResultErrorEntry {
  if (!Fault.is(error)) throw error;
  return { Id, SenderFault: true, Code: error.code, Message: error.message };
}

/** A batch's answer: AWS leaves out the list that is empty. */
export function batchAnswer<Success>(
  successful: readonly Success[],
  failed: readonly BatchResultErrorEntry[],
): { readonly Successful: readonly Success[]; readonly Failed: readonly BatchResultErrorEntry[] } {
  return {
    ...(successful.length === 0 ? {} : { Successful: successful }),
    ...(failed.length === 0 ? {} : { Failed: failed }),
  } as { Successful: readonly Success[]; Failed: readonly BatchResultErrorEntry[] };
}
