import { Fault } from '../../service/faults.ts';
import { failedItems, readAnswer } from './batch-answer.ts';
import type { Reading } from './lane-reading.ts';
import type { WindowRow } from './layout.ts';
import { type Outcome, runningOf } from './running.ts';
import type { SourceRecord } from './stream-source.ts';
import { afterBatch, windowMembers } from './window.ts';

/** What an event may hold. */
export const MOST_EVENT_BYTES = 6 * 1024 * 1024;
const OK = 'OK';
const FAILED = 'PROBLEM: Function call failed';

export interface Handed {
  /** Absent when the function could not be invoked. */
  readonly outcome: Outcome | undefined;
  /** The position of the first record that is not settled; undefined when all are. */
  readonly failedAt: number | undefined;
  /** As it stands after the records before `failedAt`. */
  readonly window: WindowRow | undefined;
  /** For the mapping. */
  readonly result: string;
}

/** Invokes the function with records of a shard and judges its answer. */
export async function handRecords(
  { ctx, mapping, target }: Reading,
  shard: string,
  records: readonly SourceRecord[],
  window: WindowRow | undefined,
  final: boolean,
): Promise<Handed | 'too-long'> {
  const members =
    window && windowMembers(window, mapping.tumblingSeconds, { shard, sourceArn: mapping.sourceArn, final });
  const payload = Buffer.from(JSON.stringify({ Records: records.map(({ event }) => event), ...members }));
  if (payload.byteLength > MOST_EVENT_BYTES && records.length > 1) return 'too-long';
  let outcome: Outcome;
  try {
    const running = runningOf(ctx);
    outcome = await running.run(target, await running.resolve(target), {
      requestId: ctx.world.random.uuid(),
      payload,
      invokedArn: mapping.functionArn,
      wantsTail: false,
    });
  } catch (error) {
    if (!Fault.is(error)) throw error;
    return { outcome: undefined, failedAt: 0, window, result: `PROBLEM: ${error.message}` };
  }
  const failure: Handed = { outcome, failedAt: 0, window, result: FAILED };
  if (outcome.result.error !== undefined) return failure;
  if (final) return { outcome, failedAt: undefined, window: undefined, result: OK };
  const read = readAnswer(outcome.result.payload);
  if (read === undefined && (window !== undefined || mapping.reportsFailures)) return failure;
  const answer = read?.value;
  const after = window && afterBatch(window, answer);
  if (window !== undefined && after === undefined) return failure;
  if (!mapping.reportsFailures) return { outcome, failedAt: undefined, window: after, result: OK };
  const failed = failedItems(answer, new Set(records.map(({ sequence }) => sequence)));
  if (failed === undefined) return failure;
  if (failed.size === 0) return { outcome, failedAt: undefined, window: after, result: OK };
  const failedAt = records.findIndex(({ sequence }) => failed.has(sequence));
  return { outcome, failedAt, window: failedAt === 0 ? window : after, result: FAILED };
}
