import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { s3Rows } from './layout.ts';

/** Uploads, or parts, forgotten in one transaction. */
const BATCH = 100;

/** Forgets the uploads that were under way in a bucket that is gone. */
export async function forgetUploads(
  { bucketId }: { readonly bucketId: string },
  ctx: Context,
): Promise<void> {
  const { uploads } = s3Rows(ctx.account);
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const page = await uploads.page(tx, [bucketId], { limit: BATCH });
      for (const { key } of page.rows) dropUpload(tx, ctx, key);
      return page.next !== undefined;
    });
  }
}

/** Ends an upload; a job lets go of its parts. `ctx` is in the account of the bucket. */
export function dropUpload(
  tx: Transaction,
  ctx: Context,
  key: [bucketId: string, key: string, uploadId: string],
): void {
  s3Rows(ctx.account).uploads.delete(tx, key);
  ctx.enqueue(tx, { kind: 'forgetParts', payload: { uploadId: key[2] } });
}

/** Lets go of the parts of an upload that is gone. */
export async function forgetParts({ uploadId }: { readonly uploadId: string }, ctx: Context): Promise<void> {
  const { uploadParts } = s3Rows(ctx.account);
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const page = await uploadParts.page(tx, [uploadId], { limit: BATCH });
      for (const { key, value } of page.rows) {
        await ctx.blobs.release(tx, value.blob);
        uploadParts.delete(tx, key);
      }
      return page.next !== undefined;
    });
  }
}
