import type { Context, JobId } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Settlement } from '../../service/service.ts';
import { deliver, deliverToDeadLetters } from './destinations.ts';
import { withRun } from './lineage.ts';
import { type Target, targetOf } from './reading.ts';
import { arnOf, LATEST } from './reference.ts';
import { type Outcome, type Request, runningOf } from './running.ts';

/** An asynchronous invocation on its way: a job's payload. */
export interface EventJob {
  readonly requestId: string;
  readonly functionArn: string;
  /** JSON text. */
  readonly event: string;
  readonly acceptedAtMs: number;
  /** How often the function has run for it and failed. */
  readonly failures: number;
  /** How often it could not run. */
  readonly postponed: number;
  readonly clientContext?: string | undefined;
  readonly traceHeader?: string | undefined;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const DEFAULT_RETRIES = 2;
const DEFAULT_AGE_SECONDS = 6 * 3600;
/** A minute before the first retry, two before the second. */
const RETRY_MS = 60_000;
/** Throttled events come back after a second, then ever later, up to five minutes. */
const POSTPONE_MS = 1_000;
const MOST_POSTPONE_MS = 300_000;

/** Takes an event in: from here on it is a row. */
export async function acceptEvent(target: Target, request: Request): Promise<void> {
  const { ctx } = target;
  const job: EventJob = {
    requestId: request.requestId,
    functionArn: request.invokedArn,
    event: Buffer.from(request.payload).toString(),
    acceptedAtMs: ctx.world.clock.now(),
    failures: 0,
    postponed: 0,
    clientContext: request.clientContext,
    traceHeader: request.traceHeader,
  };
  await ctx.transact(async (tx) => {
    ctx.enqueue(tx, { kind: 'event', payload: job });
  });
}

/** A function that takes longer than this leaves the pump to other jobs. */
const PATIENCE_MS = 1_000;
/** When a guard looks whether its event is still running. */
const GUARD_MS = 300_000;

/**
 * Runs one event. A long one goes on without its job, under a guard: a row that runs the event again should this
 * process end before the function does.
 */
export async function runEvent(job: EventJob, ctx: Context): Promise<Settlement | undefined> {
  const { timers } = ctx.world;
  const work = settleEvent(job, ctx);
  const patience = new AbortController();
  const late = await Promise.race([
    work.then(() => false),
    timers.sleep(PATIENCE_MS, patience.signal).then(() => true),
  ]).finally(() => patience.abort());
  if (!late) return work;
  const { detached } = runningOf(ctx);
  detached.set(job.requestId, await writeGuard(job, ctx));
  work
    .then(async (settlement) => {
      await ctx.transact(async (tx) => {
        await settlement?.(tx);
        const guard = detached.get(job.requestId);
        if (guard !== undefined) ctx.cancelJob(tx, guard);
      });
      detached.delete(job.requestId);
    })
    .catch((error: unknown) => {
      detached.delete(job.requestId);
      ctx.log('warn', `an event of ${job.functionArn} was cut short and will run again`, {
        error: String(error),
      });
    });
  return undefined;
}

function writeGuard(job: EventJob, ctx: Context): Promise<JobId> {
  return ctx.transact(async (tx) =>
    ctx.enqueue(tx, { kind: 'guard', payload: job, dueAtMs: ctx.world.clock.now() + GUARD_MS }),
  );
}

/** Runs an event again whose process has ended; waits on when it is still running here. */
export async function guardEvent(job: EventJob, ctx: Context): Promise<Settlement | undefined> {
  const { detached } = runningOf(ctx);
  if (!detached.has(job.requestId)) return runEvent(job, ctx);
  const next = await writeGuard(job, ctx);
  if (detached.has(job.requestId)) detached.set(job.requestId, next);
  // It has ended in the meantime.
  else await ctx.transact(async (tx) => ctx.cancelJob(tx, next));
  return undefined;
}

/** Runs an event to its end; answers the next try, to be written with this one's end, or delivers what became of it. */
async function settleEvent(job: EventJob, ctx: Context): Promise<Settlement | undefined> {
  const target = targetOf(ctx, job.functionArn);
  const running = runningOf(ctx);
  const config = await configOf(target);
  const again = (change: Partial<EventJob>, delayMs: number): Settlement => {
    const dueAtMs = ctx.world.clock.now() + delayMs;
    return async (tx) => {
      target.ctx.enqueue(tx, { kind: 'event', payload: { ...job, ...change }, dueAtMs });
    };
  };
  const tooOld = (delayMs: number) =>
    ctx.world.clock.now() + delayMs - job.acceptedAtMs > config.maximumAgeMs;
  let outcome: Outcome;
  try {
    const runnable = await running.resolve(target);
    if (runnable.reserved === 0) {
      await settle(target, job, undefined, 'ZeroReservedConcurrency', config);
      return undefined;
    }
    outcome = await running.run(target, runnable, {
      requestId: job.requestId,
      payload: Buffer.from(job.event),
      invokedArn: job.functionArn,
      clientContext: job.clientContext,
      traceHeader: job.traceHeader,
      wantsTail: false,
    });
  } catch (error) {
    if (!Fault.is(error)) throw error;
    if (error.code === 'ResourceNotFoundException') return undefined;
    if (error.code === 'RecursiveInvocationException') {
      await settle(target, job, undefined, 'RetriesExhausted', config);
      return undefined;
    }
    const delayMs = Math.min(POSTPONE_MS * 2 ** job.postponed, MOST_POSTPONE_MS);
    if (!tooOld(delayMs)) return again({ postponed: job.postponed + 1 }, delayMs);
    await settle(target, job, undefined, 'EventAgeExceeded', config);
    return undefined;
  }
  if (outcome.result.error === undefined) {
    await settle(target, job, outcome, 'Success', config);
    return undefined;
  }
  const failures = job.failures + 1;
  const delayMs = RETRY_MS * failures;
  if (failures > config.retries) await settle(target, job, outcome, 'RetriesExhausted', config);
  else if (tooOld(delayMs)) await settle(target, job, outcome, 'EventAgeExceeded', config);
  else return again({ failures }, delayMs);
  return undefined;
}

interface EventConfig {
  readonly retries: number;
  readonly maximumAgeMs: number;
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
}

async function configOf({ reference, rows, ctx }: Target): Promise<EventConfig> {
  const row = await rows.eventInvokeConfigs.get(ctx.store, [reference.name, reference.qualifier ?? LATEST]);
  return {
    retries: row?.maximumRetryAttempts ?? DEFAULT_RETRIES,
    maximumAgeMs: (row?.maximumEventAgeSeconds ?? DEFAULT_AGE_SECONDS) * 1000,
    onSuccess: row?.onSuccess,
    onFailure: row?.onFailure,
  };
}

/** Sends the invocation's record where the function wants it. */
async function settle(
  target: Target,
  job: EventJob,
  outcome: Outcome | undefined,
  condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency',
  config: EventConfig,
): Promise<void> {
  const succeeded = condition === 'Success';
  const destination = succeeded ? config.onSuccess : config.onFailure;
  const { ctx, reference } = target;
  if (destination === undefined && succeeded) return;
  let runnable: Awaited<ReturnType<ReturnType<typeof runningOf>['resolve']>>;
  try {
    runnable = await runningOf(ctx).resolve(target);
  } catch (error) {
    // Deleted in the meantime: nobody is left to tell.
    if (Fault.is(error)) return;
    throw error;
  }
  const { version } = runnable;
  const answer = outcome && Buffer.from(outcome.result.payload).toString();
  const traceHeader = job.traceHeader && withRun(job.traceHeader, runnable.functionArn);
  const by = { role: version.role, name: version.name, traceHeader };
  if (destination !== undefined) {
    const record = {
      version: '1.0',
      timestamp: new Date(ctx.world.clock.now()).toISOString(),
      requestContext: {
        requestId: job.requestId,
        functionArn: arnOf(reference, reference.qualifier ?? LATEST),
        condition,
        approximateInvokeCount: job.failures + (outcome === undefined ? 0 : 1),
      },
      requestPayload: jsonOf(job.event),
      ...(outcome === undefined
        ? {}
        : {
            responseContext: {
              statusCode: 200,
              executedVersion: outcome.version,
              functionError: outcome.result.error,
            },
            responsePayload: jsonOf(answer ?? 'null'),
          }),
    };
    const folder = `aws/lambda/async/${version.name}`;
    await deliver(ctx, { ...by, destination, record, folder });
  }
  if (!succeeded && version.deadLetterArn !== undefined) {
    const errorMessage = (jsonOf(answer ?? 'null') as { errorMessage?: unknown } | null)?.errorMessage;
    await deliverToDeadLetters(ctx, {
      ...by,
      destination: version.deadLetterArn,
      event: job.event === '' ? '{}' : job.event,
      requestId: job.requestId,
      errorMessage: typeof errorMessage === 'string' ? errorMessage : condition,
    });
  }
}

function jsonOf(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
