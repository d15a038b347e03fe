import type { Context } from '../../service/context.ts';
import { s3Rows } from './layout.ts';

/** Parts forgotten in one transaction. */
const BATCH = 100;

/** Forgets the uploads that were under way in a bucket that is gone. Every step may be repeated. */
export async function forgetUploads(
  { bucketId }: { readonly bucketId: string },
  ctx: Context,
): Promise<void> {
  const { uploads } = s3Rows(ctx.account);
  for (;;) {
    const [upload] = (await uploads.page(ctx.store, [bucketId], { limit: 1 })).rows;
    if (upload === undefined) return;
    await forgetParts(ctx, upload.key[2]);
    await ctx.transact(async (tx) => uploads.delete(tx, upload.key));
  }
}

/** Lets go of an upload's parts, however many, a few in each transaction. */
export async function forgetParts(ctx: Context, uploadId: string): Promise<void> {
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
