import type { InvocationResult } from '../service/runtimes.ts';
import type { WorkerExit } from './worker.ts';

/** What an environment could not do, in the shape an invocation answers it. */
export type Failure = Pick<InvocationResult, 'payload' | 'failure'>;

/** The process ended although nobody asked it to. `requestId` is that of the invocation it was in, if it was. */
export function exitFailure(
  requestId: string | undefined,
  { code, signal }: WorkerExit,
  outOfMemory: boolean,
): Failure {
  let reason = 'Runtime exited without providing a reason';
  if (signal !== undefined || outOfMemory)
    reason = `Runtime exited with error: signal: ${signal ?? 'killed'}`;
  else if (code !== undefined && code !== 0) reason = `Runtime exited with error: exit status ${code}`;
  const errorType = outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError';
  return { payload: errorPayload(errorType, requestId, reason), failure: { status: 'error', errorType } };
}

/** An extension ended the environment; `reason` is its exit code, or what it said. */
export function extensionFailure(requestId: string | undefined, errorType: string, reason: string): Failure {
  return { payload: errorPayload(errorType, requestId, reason), failure: { status: 'error', errorType } };
}

/** How telemetry words an outcome. */
export function invocationStatus({ error, failure }: Pick<InvocationResult, 'error' | 'failure'>): {
  readonly status: 'success' | 'error' | 'failure' | 'timeout';
  readonly errorType?: string | undefined;
} {
  if (failure !== undefined) {
    return failure.status === 'timeout'
      ? { status: 'timeout' }
      : { status: 'failure', errorType: failure.errorType };
  }
  return { status: error === undefined ? 'success' : 'error' };
}

export function timeoutFailure(requestId: string | undefined, timeoutMs: number): Failure {
  const message = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
  return {
    payload: errorPayload('Sandbox.Timedout', requestId, message),
    failure: { status: 'timeout' },
  };
}

function errorPayload(errorType: string, requestId: string | undefined, message: string): Uint8Array {
  const errorMessage =
    requestId === undefined ? `Error: ${message}` : `RequestId: ${requestId} Error: ${message}`;
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}
