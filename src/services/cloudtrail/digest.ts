import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { JobHandler } from '../../service/service.ts';
import { HOUR_MS, scheduleDelivery } from './active-trails.ts';
import { readDelivered } from './delivered-trail.ts';
import {
  attempt,
  attempted,
  type DeliveryPayload,
  folderOf,
  nextHour,
  putObject,
  stampOf,
} from './delivery.ts';
import { layout } from './layout.ts';
import { isoSeconds } from './parameters.ts';
import { ensureSigningKey, signatureOf } from './signing-key.ts';

const compress = promisify(gzip);
/** Log files one digest names. */
const MOST_FILES = 5_000;

/**
 * The digest of an hour in which log files were delivered: their hashes, signed, and chained to the digest before, so
 * that a file that was changed or taken away shows. From the first on there is one for every hour in which the trail
 * logs: an hour without files is one in which nothing was delivered, and not one whose files are gone.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
 */
export const digest: JobHandler<DeliveryPayload> = async ({ homeRegion, name, dueAtMs }, ctx) => {
  const { account, region } = ctx;
  const { files, digests, deliveries } = layout.at(account, region);
  await ctx.transact(async (tx) => deliveries.delete(tx, [homeRegion, name, 'digest']));
  const delivered = await readDelivered(ctx.store, account, homeRegion, name);
  const { rows } = await files.page(ctx.store, [homeRegion, name], { limit: MOST_FILES });
  if (delivered === undefined || (rows.length === 0 && !delivered.trail.logging)) return;
  const { trail, owner } = delivered;
  const { trails } = layout.at(owner, '');
  const previous = await digests.get(ctx.store, [homeRegion, name]);
  // The hour of the last file, whenever this runs: a run that is repeated writes the same digest.
  const last = rows.at(-1)?.key[2];
  const endMs = Math.max(
    last === undefined ? dueAtMs : nextHour(last),
    (previous?.endMs ?? Number.NEGATIVE_INFINITY) + 1000,
  );
  const startMs = previous?.endMs ?? endMs - HOUR_MS;
  const key = `${folderOf(trail, account, 'CloudTrail-Digest', region, endMs)}${account}_CloudTrail-Digest_${region}_${trail.name}_${homeRegion}_${stampOf(endMs, true)}.json.gz`;
  const signingKey = await ensureSigningKey(ctx);
  const times = rows.flatMap(({ value }) => [value.oldestEventTime, value.newestEventTime]).sort();
  const content = Buffer.from(
    JSON.stringify({
      awsAccountId: account,
      digestStartTime: isoSeconds(startMs),
      digestEndTime: isoSeconds(endMs),
      digestS3Bucket: trail.bucket,
      digestS3Object: key,
      digestPublicKeyFingerprint: signingKey.fingerprint,
      digestSignatureAlgorithm: 'SHA256withRSA',
      newestEventTime: times.at(-1) ?? null,
      oldestEventTime: times[0] ?? null,
      previousDigestS3Bucket: previous?.bucket ?? null,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous?.hash ?? null,
      previousDigestHashAlgorithm: previous === undefined ? null : 'SHA-256',
      previousDigestSignature: previous?.signature ?? null,
      logFiles: rows.map(({ key: [, , , file], value }) => ({
        s3Bucket: value.bucket,
        s3Object: file,
        hashValue: value.hash,
        hashAlgorithm: 'SHA-256',
        newestEventTime: value.newestEventTime,
        oldestEventTime: value.oldestEventTime,
      })),
    }),
  );
  const hash = createHash('sha256').update(content).digest('hex');
  const signature = signatureOf(
    `${isoSeconds(endMs)}\n${trail.bucket}/${key}\n${hash}\n${previous?.signature ?? 'null'}`,
    signingKey,
  );
  const metadata = { signature, 'signature-algorithm': 'SHA256withRSA' };
  const error = await attempt(async () => putObject(delivered, key, await compress(content), metadata, ctx));
  const nowMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    const current = await trails.get(tx, [homeRegion, trail.name]);
    if (current !== undefined)
      trails.set(tx, [homeRegion, trail.name], {
        ...current,
        digestDelivery: attempted(current.digestDelivery, nowMs, error),
      });
    if (current?.logging === true && current.validation) {
      const target = { homeRegion, name };
      await scheduleDelivery(tx, ctx.world, account, region, target, 'digest', nextHour(endMs));
    }
    if (error !== undefined) return;
    digests.set(tx, [homeRegion, name], { bucket: trail.bucket, key, hash, signature, endMs });
    for (const row of rows) files.delete(tx, row.key);
  });
};
