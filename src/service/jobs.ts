import { keyspace, rows } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import type { World } from '../world/world.ts';
import type { JobId, NewJob } from './context.ts';

/**
 * Background work is rows: an outbox message, a timer and a retry are all a job with a due time, written in the
 * transaction that causes it. `pump.ts` runs them.
 *
 * Jobs spread over buckets by their shard, so that several nodes can share the work, a bucket each at a time.
 */
export const BUCKETS = 8;

export interface JobRow {
  readonly service: string;
  readonly kind: string;
  readonly payload: unknown;
  readonly account: string;
  readonly region: string;
  /** Jobs of one shard run one at a time, in order. */
  readonly shard: string;
  /** Failed runs so far. */
  readonly attempts: number;
}

/** A node's right to run a bucket's jobs; `token` grows with each change of hands and fences the old holder's commits. */
export interface BucketLease {
  readonly node: string;
  readonly token: number;
  /** The machine's time. */
  readonly untilMs: number;
}

export type JobKey = [bucket: number, dueAtMs: number, id: string];

export const jobLayout = keyspace('jobs', {
  due: rows<JobKey, JobRow>('due'),
  /** Jobs that failed too often, kept for a person to look at. */
  dead: rows<[id: string], JobRow & { readonly error: string; readonly diedAtMs: number }>('dead'),
  leases: rows<[bucket: number], BucketLease>('leases'),
}).global();

/** FNV-1a: spreads shard names evenly and costs nothing. */
function bucketOf(shard: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < shard.length; i++) hash = Math.imul(hash ^ shard.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % BUCKETS;
}

/** Writes a job in the caller's transaction and returns what {@link cancelJob} takes. */
export function enqueueJob(
  tx: Transaction,
  world: World,
  scope: { readonly service: string; readonly account: string; readonly region: string },
  job: NewJob,
): JobId {
  const unique = world.random.uuid();
  const shard = job.shard ?? unique;
  const key: JobKey = [bucketOf(shard), Math.max(0, Math.ceil(job.dueAtMs ?? world.clock.now())), unique];
  jobLayout.due.set(tx, key, {
    service: scope.service,
    kind: job.kind,
    payload: job.payload,
    account: scope.account,
    region: scope.region,
    shard,
    attempts: 0,
  });
  return key.join('/');
}

/** Removes a job that has not run; no effect on one that has. */
export function cancelJob(tx: Transaction, id: JobId): void {
  const [bucket = '', dueAtMs = '', unique = ''] = id.split('/');
  jobLayout.due.delete(tx, [Number(bucket), Number(dueAtMs), unique]);
}
