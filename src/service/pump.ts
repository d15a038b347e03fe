import type { Store, Transaction } from '../store/store.ts';
import type { World } from '../world/world.ts';
import { BUCKETS, type JobKey, type JobRow, jobLayout } from './jobs.ts';
import type { Settlement } from './service.ts';

/** How long a node may hold a bucket without renewing, and how often it renews; real milliseconds. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** Retries wait 1 s, 2 s, 4 s … at most five minutes; after this many a job is set aside. */
const MOST_ATTEMPTS = 20;
const MOST_BACKOFF_MS = 300_000;
/** Jobs of different shards that run at the same time. */
const CONCURRENCY = 64;
/** What is left when these many run is for services that run few: a flood of one service leaves room for the others. */
const SHARED = 48;
const FEW = 8;
/**
 * Rows of services that have to wait, in one bucket, behind which others' are looked for; and how often that is
 * done, in milliseconds: to look again after each job would cost more than the jobs.
 */
const LOOK_AHEAD = 4096;
const LOOK_AHEAD_MS = 50;
const PAGE = 256;

export interface PumpOptions {
  readonly store: Store;
  readonly world: World;
  /** Runs one job; a rejection is a failed attempt. The answer is written with the job's end. */
  readonly run: (job: JobRow, id: string) => Promise<void> | Promise<Settlement | undefined>;
  readonly onError: (job: JobRow, error: unknown, final: boolean) => void;
  /** Nobody else uses the store when the pump starts: buckets that others hold are taken over at once, not when their leases end. */
  readonly isSole?: boolean;
}

export interface Pump {
  start(): Promise<void>;
  /** Waits for running jobs, then gives the buckets back. */
  stop(): Promise<void>;
  /**
   * Runs, one after the other in order of due time, every job due up to `untilMs`, and what those set off, with
   * `setNow` called before each so that a job sees its own due time. Ordinary pumping pauses meanwhile.
   */
  advance(untilMs: number, setNow: (nowMs: number) => void): Promise<void>;
  /** Resolves when no job is due or running. */
  idle(): Promise<void>;
}

interface DueJob {
  readonly key: JobKey;
  readonly job: JobRow;
}

/** A job that has run and whose row has to go. */
interface Ended {
  readonly due: DueJob;
  readonly settlement: Settlement | undefined;
  readonly failure: { readonly error: unknown } | undefined;
}

/** Ends that share a transaction, at most; and so many if one of them cannot be written. */
const MOST_TOGETHER = 64;

/**
 * The one pump: finds due jobs, runs them at least once, and deletes each in a transaction that checks the bucket's
 * lease, so that a node that lost its lease cannot settle a job another node is running.
 */
export function createPump({ store, world, run, onError, isSole = false }: PumpOptions): Pump {
  const node = world.random.uuid();
  const tokens = new Map<number, number>();
  const runningIds = new Set<string>();
  const runningShards = new Set<string>();
  const runningOf = new Map<string, number>();
  let stopped = true;
  let paused = false;
  let dirty = false;
  let lookedAheadAt = Number.NEGATIVE_INFINITY;
  let sweeping: Promise<void> | undefined;
  let cancelWake: (() => void) | undefined;
  let cancelRenew: (() => void) | undefined;
  let unwatch: (() => void) | undefined;
  const settled = new Set<() => void>();

  async function lease(bucket: number, takeOver: boolean): Promise<boolean> {
    const nowMs = world.clock.realNow();
    const token = await store.transact(async (tx) => {
      const held = await jobLayout.leases.get(tx, [bucket]);
      const isOthers = held !== undefined && held.node !== node && held.untilMs > nowMs;
      if (isOthers && !takeOver) return undefined;
      const next = held === undefined ? 1 : held.node === node ? held.token : held.token + 1;
      jobLayout.leases.set(tx, [bucket], { node, token: next, untilMs: nowMs + LEASE_MS });
      return next;
    });
    if (token === undefined) tokens.delete(bucket);
    else tokens.set(bucket, token);
    return token !== undefined;
  }

  async function leaseAll(takeOver = false): Promise<void> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) await lease(bucket, takeOver);
  }

  function renewLater(): void {
    cancelRenew = world.timers.after(RENEW_MS, () => {
      if (stopped) return;
      leaseAll()
        .catch((error) => onError(RENEWAL, error, false))
        .finally(() => {
          renewLater();
          wake();
        });
    });
  }

  /** Deletes or reschedules a job that ran, unless the bucket changed hands meanwhile. */
  async function settle(tx: Transaction, { due: { key, job }, settlement, failure }: Ended): Promise<void> {
    const [bucket, , id] = key;
    const held = await jobLayout.leases.get(tx, [bucket]);
    if (held?.node !== node || held.token !== tokens.get(bucket)) return;
    jobLayout.due.delete(tx, key);
    await settlement?.(tx);
    if (failure === undefined) return;
    const attempts = job.attempts + 1;
    const nowMs = world.clock.now();
    if (attempts >= MOST_ATTEMPTS) {
      jobLayout.dead.set(tx, [id], { ...job, attempts, error: String(failure.error), diedAtMs: nowMs });
    } else {
      const backoffMs = Math.min(MOST_BACKOFF_MS, 1000 * 2 ** (attempts - 1));
      jobLayout.due.set(tx, [bucket, nowMs + backoffMs, id], { ...job, attempts });
    }
  }

  /** Ends jobs in one transaction; one that spoils it for the others ends, or fails, by itself. */
  async function settleAll(ended: readonly Ended[]): Promise<void> {
    try {
      await store.transact(async (tx) => {
        for (const end of ended) await settle(tx, end);
      });
    } catch (error) {
      const [only] = ended;
      if (only === undefined || ended.length > 1) {
        for (const end of ended) await settleAll([end]);
        return;
      }
      if (only.failure !== undefined || only.settlement === undefined) throw error;
      await settleAll([{ due: only.due, settlement: undefined, failure: { error } }]);
      return;
    }
    for (const { due, failure } of ended) {
      if (failure !== undefined) onError(due.job, failure.error, due.job.attempts + 1 >= MOST_ATTEMPTS);
    }
  }

  let ending: Ended[] = [];
  let endings: Promise<void> = Promise.resolve();

  /** Resolves when the job's end is durable. Jobs that end while others' ends are being written wait and share a commit. */
  function end(ended: Ended): Promise<void> {
    ending.push(ended);
    if (ending.length > 1) return endings;
    endings = endings
      .catch(() => undefined)
      .then(async () => {
        const together = ending;
        ending = [];
        for (let from = 0; from < together.length; from += MOST_TOGETHER) {
          await settleAll(together.slice(from, from + MOST_TOGETHER));
        }
      });
    return endings;
  }

  async function runOne(due: DueJob): Promise<void> {
    const id = due.key[2];
    runningIds.add(id);
    runningShards.add(due.job.shard);
    const { service } = due.job;
    runningOf.set(service, (runningOf.get(service) ?? 0) + 1);
    let ended: Ended;
    try {
      ended = { due, settlement: (await run(due.job, id)) ?? undefined, failure: undefined };
    } catch (error) {
      ended = { due, settlement: undefined, failure: { error } };
    }
    try {
      await end(ended);
    } finally {
      runningIds.delete(id);
      runningShards.delete(due.job.shard);
      runningOf.set(service, (runningOf.get(service) ?? 1) - 1);
    }
  }

  function mayStart({ service }: JobRow): boolean {
    return runningIds.size < SHARED || (runningOf.get(service) ?? 0) < FEW;
  }

  /**
   * Starts what is due in one bucket, `far` behind rows that have to wait if so wished; returns when its next job is
   * due, if it has one.
   */
  async function sweepBucket(bucket: number, far: boolean): Promise<number | undefined> {
    if (!tokens.has(bucket)) return undefined;
    const nowMs = world.clock.now();
    const waiting = new Set<string>();
    let after: JobKey | undefined;
    let passed = 0;
    for (;;) {
      const page = await jobLayout.due.page(store, [bucket], { limit: PAGE, ...(after ? { after } : {}) });
      for (const { key, value: job } of page.rows) {
        if (key[1] > nowMs) return key[1];
        if (runningIds.has(key[2]) || runningShards.has(job.shard) || waiting.has(job.shard)) {
          waiting.add(job.shard);
          continue;
        }
        if (runningIds.size >= CONCURRENCY) return undefined;
        if (!mayStart(job)) {
          if (!far) return nowMs + LOOK_AHEAD_MS;
          if (++passed > LOOK_AHEAD) return undefined;
          // Jobs of one shard stay in their order.
          waiting.add(job.shard);
          continue;
        }
        runOne({ key, job })
          .catch((error) => onError(job, error, false))
          .finally(wake);
      }
      if (page.next === undefined) return undefined;
      after = page.next;
    }
  }

  async function sweep(): Promise<void> {
    cancelWake?.();
    do {
      dirty = false;
      const now = world.clock.monotonic();
      const far = now - lookedAheadAt >= LOOK_AHEAD_MS;
      if (far) lookedAheadAt = now;
      let next: number | undefined;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const due = await sweepBucket(bucket, far);
        if (due !== undefined && (next === undefined || due < next)) next = due;
      }
      if (next !== undefined && !dirty) {
        cancelWake = world.timers.after(Math.min(Math.max(1, next - world.clock.now()), 60_000), wake);
      }
    } while (dirty && !stopped && !paused);
    if (runningIds.size === 0) {
      for (const resolve of settled) resolve();
      settled.clear();
    }
  }

  function wake(): void {
    dirty = true;
    if (stopped || paused || sweeping !== undefined) return;
    sweeping = sweep()
      .catch((error) => onError(RENEWAL, error, false))
      .finally(() => {
        sweeping = undefined;
        if (dirty) wake();
      });
  }

  /** The earliest job of all buckets that is due by `untilMs`. */
  async function earliest(untilMs: number): Promise<DueJob | undefined> {
    let first: DueJob | undefined;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const [row] = (await jobLayout.due.page(store, [bucket], { limit: 1 })).rows;
      if (row !== undefined && row.key[1] <= untilMs && (first === undefined || row.key[1] < first.key[1])) {
        first = { key: row.key, job: row.value };
      }
    }
    return first;
  }

  async function quiet(): Promise<void> {
    await sweeping;
    while (runningIds.size > 0) await world.timers.sleep(1);
  }

  return {
    start: async () => {
      stopped = false;
      await leaseAll(isSole);
      unwatch = store.watch(jobLayout.due.rangeOf([]), wake);
      renewLater();
      wake();
    },
    stop: async () => {
      stopped = true;
      unwatch?.();
      cancelWake?.();
      cancelRenew?.();
      await quiet();
      await store.transact(async (tx) => {
        for (const [bucket, token] of tokens) {
          const held = await jobLayout.leases.get(tx, [bucket]);
          if (held?.node === node && held.token === token) {
            jobLayout.leases.set(tx, [bucket], { ...held, untilMs: 0 });
          }
        }
      });
    },
    advance: async (untilMs, setNow) => {
      paused = true;
      try {
        await quiet();
        for (let due = await earliest(untilMs); due !== undefined; due = await earliest(untilMs)) {
          if (due.key[1] > world.clock.now()) setNow(due.key[1]);
          await runOne(due);
        }
        if (untilMs > world.clock.now()) setNow(untilMs);
      } finally {
        paused = false;
        wake();
      }
    },
    idle: () =>
      new Promise((resolve) => {
        settled.add(resolve);
        wake();
      }),
  };
}

/** Stands for the pump itself where an error belongs to no job. */
const RENEWAL: JobRow = {
  service: 'jobs',
  kind: 'pump',
  payload: undefined,
  account: '',
  region: '',
  shard: '',
  attempts: 0,
};
