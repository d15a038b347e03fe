import type { LifecycleRule, S3Operations, StorageClass } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { type Bucket, bucketFor, currentRow, findBucket } from './bucket.ts';
import { fault } from './fault.ts';
import { type ObjectRow, s3Rows } from './layout.ts';
import {
  appliesToUploads,
  checkRules,
  DAY_MS,
  dropsLoneMarkers,
  dueClass,
  expiryOf,
  hasOutlived,
  midnightAfter,
  revivedRule,
} from './lifecycle.ts';
import { deleteOne } from './object-deletes.ts';
import { changeSetting } from './setting.ts';
import { dropUpload } from './upload-cleaning.ts';
import { newVersionSeed, removeVersion, rewriteVersion } from './version.ts';
import { newestVersions, uploadsUnderWay, walk } from './walk.ts';

export const lifecycles = {
  PutBucketLifecycleConfiguration: (input, ctx) => {
    const rules = input.LifecycleConfiguration?.Rules ?? [];
    checkRules(rules);
    const id = ctx.world.random.uuid();
    const named = rules.map((rule) => ({ ...rule, ID: rule.ID ?? ctx.world.random.uuid() }));
    return changeSetting(ctx, input, 'lifecycle', { rules: named, id }, (tx, bucket) =>
      scheduleSweep(tx, ctx, bucket, id),
    );
  },

  GetBucketLifecycleConfiguration: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.lifecycle === undefined) {
      throw fault('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', {
        BucketName: name,
      });
    }
    return { Rules: settings.lifecycle.rules.map(revivedRule) };
  },

  DeleteBucketLifecycle: (input, ctx) => changeSetting(ctx, input, 'lifecycle', undefined),
} satisfies Group<S3Operations>;

interface Sweep {
  readonly bucket: string;
  readonly lifecycleId: string;
}

/** Rules are looked at once a day, at midnight UTC. */
function scheduleSweep(tx: Transaction, ctx: Context, bucket: Bucket, lifecycleId: string): void {
  const payload: Sweep = { bucket: bucket.name, lifecycleId };
  const dueAtMs = midnightAfter(ctx.world.clock.now() + 1, 0);
  ctx
    .as({ account: bucket.account, region: bucket.row.region })
    .enqueue(tx, { kind: 'sweepLifecycle', payload, dueAtMs });
}

/**
 * Does what a bucket's rules ask for by now, then comes again the next day. Every step looks again at what it is
 * about to change, so it may run twice.
 */
export async function sweepLifecycle({ bucket: name, lifecycleId }: Sweep, ctx: Context): Promise<void> {
  const bucket = await findBucket(ctx, name);
  const lifecycle = bucket?.settings.lifecycle;
  if (bucket === undefined || lifecycle?.id !== lifecycleId) return;
  const { rules } = lifecycle;
  for await (const step of walk(newestVersions(ctx.store, bucket), { prefix: '' })) {
    if (step.kind === 'row') await sweepKey(ctx, bucket, rules, step.key, step.row);
  }
  await sweepUploads(ctx, bucket, rules);
  await ctx.transact(async (tx) => scheduleSweep(tx, ctx, bucket, lifecycleId));
}

async function sweepKey(
  ctx: Context,
  bucket: Bucket,
  rules: readonly LifecycleRule[],
  key: string,
  newest: ObjectRow,
): Promise<void> {
  const nowMs = ctx.world.clock.now();
  if (newest.sequence > 1) await sweepOlder(ctx, bucket, rules, key, newest, nowMs);
  const expires = (expiryOf(rules, key, newest)?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs;
  const storageClass = dueClass(rules, key, newest, nowMs);
  const moves = storageClass !== undefined && storageClass !== newest.storageClass;
  const lone = newest.deleteMarker === true && dropsLoneMarkers(rules, key);
  if (!expires && !moves && !lone) return;
  const { objects, versions } = s3Rows(bucket.account);
  const seed = newVersionSeed(ctx.world);
  await ctx.transact(async (tx) => {
    const current = await currentRow(tx, bucket);
    const row = await objects.get(tx, [current.id, key]);
    if (row === undefined || row.sequence !== newest.sequence) return;
    if (expires) await deleteOne(tx, ctx, { bucket, current }, seed, { Key: key });
    else if (lone) {
      const { rows } = await versions.page(tx, [current.id, key], { limit: 1 });
      if (rows.length === 0) await removeVersion(tx, ctx, bucket, key, row);
    } else await rewriteVersion(tx, bucket, key, { ...row, storageClass: storageClass as StorageClass });
  });
}

/** The time a version stopped being the newest is when the one after it came. */
async function sweepOlder(
  ctx: Context,
  bucket: Bucket,
  rules: readonly LifecycleRule[],
  key: string,
  newest: ObjectRow,
  nowMs: number,
): Promise<void> {
  if (!rules.some((rule) => rule.NoncurrentVersionExpiration !== undefined)) return;
  const older = await s3Rows(bucket.account).versions.all(ctx.store, [bucket.row.id, key]);
  let sinceMs = newest.lastModifiedMs;
  for (const [newer, { key: at, value: row }] of older.entries()) {
    if (hasOutlived(rules, key, row, { sinceMs, newer, nowMs })) {
      await ctx.transact(async (tx) => {
        await currentRow(tx, bucket);
        const found = await s3Rows(bucket.account).versions.get(tx, at);
        if (found !== undefined) await removeVersion(tx, ctx, bucket, key, found);
      });
    }
    sinceMs = row.lastModifiedMs;
  }
}

async function sweepUploads(ctx: Context, bucket: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
  const { uploads } = s3Rows(bucket.account);
  const nowMs = ctx.world.clock.now();
  for await (const step of walk(uploadsUnderWay(ctx.store, bucket), { prefix: '' })) {
    if (step.kind !== 'row') continue;
    const { key, row } = step;
    const due = rules.some((rule) => {
      const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
      return days !== undefined && appliesToUploads(rule, key) && row.initiatedAtMs + days * DAY_MS <= nowMs;
    });
    if (!due) continue;
    const at: [string, string, string] = [bucket.row.id, key, String(step.at[2])];
    await ctx.transact(async (tx) => {
      if ((await uploads.get(tx, at)) !== undefined) dropUpload(tx, ctx, at);
    });
  }
}
