import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { type Bucket, type BucketInput, bucketFor, currentRow } from './bucket.ts';
import { type BucketSettings, s3Rows } from './layout.ts';

/** Sets one of a bucket's settings, or takes it away; `also` writes in the same transaction. */
export async function changeSetting<Name extends keyof BucketSettings>(
  ctx: Context,
  input: BucketInput,
  name: Name,
  value: BucketSettings[Name] | undefined,
  also?: (tx: Transaction, bucket: Bucket) => void,
): Promise<Record<string, never>> {
  const bucket = await bucketFor(ctx, input);
  const { settings } = s3Rows(bucket.account);
  await ctx.transact(async (tx) => {
    const { id } = await currentRow(tx, bucket);
    if (value === undefined) settings.delete(tx, [id, name]);
    else settings.set(tx, [id, name], value);
    also?.(tx, bucket);
  });
  return {};
}
