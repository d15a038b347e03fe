import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { JobHandler } from '../../service/service.ts';
import { HOUR_MS, scheduleDelivery } from './active-trails.ts';
import { type DeliveredTrail, readDelivered } from './delivered-trail.ts';
import type { EventRecord } from './event.ts';
import { fault } from './fault.ts';
import { type Attempt, layout, type TrailRow } from './layout.ts';
import { deliverToLogs } from './log-delivery.ts';
import { isoSeconds } from './parameters.ts';
import { trailArn } from './trail.ts';

const SERVICE = 'cloudtrail.amazonaws.com';
/** Events of one file. */
const FILE_EVENTS = 1000;
const FILE_BYTES = 5 << 20;

const compress = promisify(gzip);

export interface DeliveryPayload {
  readonly homeRegion: string;
  /** As {@link deliveryName} has it. */
  readonly name: string;
  readonly dueAtMs: number;
}

/** `prefix/AWSLogs/account/kind/region/` and the day; an organization's id before the account. */
export function folderOf(
  trail: TrailRow,
  account: string,
  kind: string,
  region: string,
  atMs: number,
): string {
  const prefix = trail.prefix === undefined || trail.prefix === '' ? '' : `${trail.prefix}/`;
  const day = new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '/');
  const organization = trail.organizationId === undefined ? '' : `${trail.organizationId}/`;
  return `${prefix}AWSLogs/${organization}${account}/${kind}/${region}/${day}/`;
}

/** `20261121T0915Z`, or with seconds. */
export function stampOf(atMs: number, seconds: boolean): string {
  const text = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  return seconds ? text : text.replace(/\d\dZ$/, 'Z');
}

export async function putObject(
  { trail, owner }: DeliveredTrail,
  key: string,
  body: Uint8Array,
  metadata: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<void> {
  await ctx.call(
    's3',
    'PutObject',
    {
      Bucket: trail.bucket,
      Key: key,
      Body: body,
      ACL: 'bucket-owner-full-control',
      ...(body.length === 0 ? {} : { ContentType: 'application/json', ContentEncoding: 'gzip' }),
      ...(Object.keys(metadata).length === 0 ? {} : { Metadata: metadata }),
    },
    { as: { service: SERVICE, account: ctx.account, sourceArn: trailArn(owner, trail) } },
  );
}

/** CloudTrail must be let in before a trail is made: it writes the folders of its log files. */
export async function checkBucket(trail: TrailRow, ctx: Context): Promise<void> {
  const prefix = trail.prefix === undefined || trail.prefix === '' ? '' : `${trail.prefix}/`;
  const kinds = ['CloudTrail', ...(trail.validation ? ['CloudTrail-Digest'] : [])];
  const { organizationId } = trail;
  const folders = [
    ctx.account,
    ...(organizationId === undefined ? [] : [`${organizationId}/${ctx.account}`]),
  ];
  const delivered = { trail, owner: ctx.account };
  try {
    for (const folder of folders)
      for (const kind of kinds)
        await putObject(delivered, `${prefix}AWSLogs/${folder}/${kind}/`, new Uint8Array(0), {}, ctx);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    if (error.code === 'NoSuchBucket')
      throw fault('S3BucketDoesNotExistException', `S3 bucket ${trail.bucket} does not exist!`);
    if (error.code === 'InvalidBucketName')
      throw fault('InvalidS3BucketNameException', `S3 bucket name ${trail.bucket} is not valid.`);
    throw fault(
      'InsufficientS3BucketPolicyException',
      `Incorrect S3 bucket policy is detected for bucket: ${trail.bucket}`,
    );
  }
}

/** Writes what a trail has selected in this region to its bucket, in files of a thousand events. */
export const deliver: JobHandler<DeliveryPayload> = async ({ homeRegion, name }, ctx) => {
  const { account, region } = ctx;
  await ctx.ports.audit.flush();
  const { outbox, files, deliveries } = layout.at(account, region);
  await ctx.transact(async (tx) => deliveries.delete(tx, [homeRegion, name, 'deliver']));
  for (;;) {
    const delivered = await readDelivered(ctx.store, account, homeRegion, name);
    const page = await outbox.page(ctx.store, [homeRegion, name], {
      limit: FILE_EVENTS,
      maxBytes: FILE_BYTES,
    });
    if (page.rows.length === 0) return;
    if (delivered === undefined) {
      await ctx.transact(async (tx) => {
        for (const { key } of page.rows) outbox.delete(tx, key);
      });
      continue;
    }
    const { trail, owner } = delivered;
    const records = page.rows.map(({ value }) => value);
    const nowMs = ctx.world.clock.now();
    const content = Buffer.from(JSON.stringify({ Records: records }));
    const hash = createHash('sha256').update(content).digest('hex');
    // The name follows from the content, so that a run that is repeated writes the same file.
    const unique = Buffer.from(hash, 'hex').toString('base64').replace(/[+/=]/g, '').slice(0, 16);
    const first = page.rows[0]?.key[2] ?? nowMs;
    const folder = folderOf(trail, account, 'CloudTrail', region, first);
    const key = `${folder}${account}_CloudTrail_${region}_${stampOf(first, false)}_${unique}.json.gz`;
    const error = await attempt(async () => putObject(delivered, key, await compress(content), {}, ctx));
    const logError = await attempt(() => deliverToLogs(trail, records, ctx));
    const notifyError =
      error === undefined && trail.snsTopicArn !== undefined
        ? await attempt(() => notify(delivered, key, ctx))
        : undefined;
    await ctx.transact(async (tx) => {
      const { trails } = layout.at(owner, '');
      const current = await trails.get(tx, [homeRegion, trail.name]);
      if (current !== undefined) {
        trails.set(tx, [homeRegion, trail.name], {
          ...current,
          delivery: attempted(current.delivery, nowMs, error),
          ...(trail.logGroupArn === undefined
            ? {}
            : { logDelivery: attempted(current.logDelivery, nowMs, logError) }),
          ...(trail.snsTopicArn === undefined || error !== undefined
            ? {}
            : { notification: attempted(current.notification, nowMs, notifyError) }),
        });
      }
      if (error === undefined) {
        const { oldest, newest } = spanOf(records);
        files.set(tx, [homeRegion, name, nowMs, key], {
          bucket: trail.bucket,
          hash,
          oldestEventTime: oldest,
          newestEventTime: newest,
        });
        if (trail.validation)
          await scheduleDelivery(
            tx,
            ctx.world,
            account,
            region,
            { homeRegion, name },
            'digest',
            nextHour(nowMs),
          );
      }
      // CloudTrail does not keep what a bucket refuses.
      for (const row of page.rows) outbox.delete(tx, row.key);
    });
  }
};

export function nextHour(atMs: number): number {
  return (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS;
}

export function spanOf(records: readonly EventRecord[]): {
  readonly oldest: string;
  readonly newest: string;
} {
  const times = records.map(({ eventTime }) => eventTime).sort();
  return { oldest: times[0] ?? isoSeconds(0), newest: times.at(-1) ?? isoSeconds(0) };
}

/** The code of the refusal, as GetTrailStatus shows it; undefined when there was none. */
export async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (Fault.is(error)) return error.code;
    throw error;
  }
}

export function attempted(before: Attempt | undefined, nowMs: number, error: string | undefined): Attempt {
  if (error === undefined) return { attemptedAtMs: nowMs, succeededAtMs: nowMs };
  return { ...before, attemptedAtMs: nowMs, error };
}

async function notify({ trail, owner }: DeliveredTrail, key: string, ctx: Context): Promise<void> {
  await ctx.call(
    'sns',
    'Publish',
    {
      TopicArn: trail.snsTopicArn,
      Message: JSON.stringify({ s3Bucket: trail.bucket, s3ObjectKey: [key] }),
    },
    { as: { service: SERVICE, account: ctx.account, sourceArn: trailArn(owner, trail) } },
  );
}
