import { deliver } from './destinations.ts';
import type { Reading } from './lane-reading.ts';
import type { Outcome } from './running.ts';
import type { SourceRecord } from './stream-source.ts';

/** ISO 8601 to the second, as streams tell when records came. */
function toSecond(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/**
 * Tells the mapping's destination of records it gives up.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export async function discard(
  { ctx, mapping, role, target }: Reading,
  shard: string,
  records: readonly SourceRecord[],
  outcome: Outcome | undefined,
  { tries, condition }: { readonly tries: number; readonly condition: string },
): Promise<void> {
  const first = records[0];
  const last = records.at(-1);
  if (mapping.onFailure === undefined || first === undefined || last === undefined) return;
  const timestamp = new Date(ctx.world.clock.now()).toISOString();
  await deliver(ctx, {
    destination: mapping.onFailure,
    role,
    name: target.reference.name,
    folder: `aws/lambda/${mapping.uuid}/${shard}`,
    record: {
      requestContext: {
        requestId: ctx.world.random.uuid(),
        functionArn: mapping.functionArn,
        condition,
        approximateInvokeCount: tries,
      },
      ...(outcome === undefined
        ? {}
        : {
            responseContext: {
              statusCode: 200,
              executedVersion: outcome.version,
              functionError: outcome.result.error ?? null,
            },
          }),
      version: '1.0',
      timestamp,
      DDBStreamBatchInfo: {
        shardId: shard,
        startSequenceNumber: first.sequence,
        endSequenceNumber: last.sequence,
        approximateArrivalOfFirstRecord: toSecond(first.createdAtMs),
        approximateArrivalOfLastRecord: toSecond(last.createdAtMs),
        batchSize: records.length,
        streamArn: mapping.sourceArn,
      },
      // A bucket gets the records themselves too; queues and topics the place where they stand.
      ...(mapping.onFailure.startsWith('arn:aws:s3:')
        ? { payload: JSON.stringify({ Records: records.map(({ event }) => event) }) }
        : {}),
    },
  });
}
