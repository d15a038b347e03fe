import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentSpec, InvocationResult } from '../service/runtimes.ts';
import type { ShutdownReason } from './extensions.ts';
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

/** What the function's program could not be started for, out of the sandbox's own words; undefined for other lines. */
export function entrypointProblem(
  line: string,
  { runtime, codeFolder, layerFolders }: Pick<EnvironmentSpec, 'runtime' | 'codeFolder' | 'layerFolders'>,
): string | undefined {
  const [, program, reason] = /^bwrap: execvp (\S+): (.*)\n?$/.exec(line) ?? [];
  if (program === undefined || reason === undefined) return undefined;
  const packed = [codeFolder, ...layerFolders].some((folder) => existsSync(join(folder, 'bootstrap')));
  if (runtime.startsWith('provided') && !packed) {
    return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
  }
  return `fork/exec ${program}: ${reason.toLowerCase()}`;
}

export function entrypointFailure(requestId: string | undefined, reason: string): Failure {
  const errorType = 'Runtime.InvalidEntrypoint';
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

/** As the log tells it, an empty line after it. */
export function timeoutLine(nowMs: number, requestId: string, timeoutMs: number): string {
  const time = new Date(nowMs).toISOString();
  return `${time} ${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds\n\n`;
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

/** Why an environment ends whose last invocation ended like this. */
export function endReasonOf(failure: InvocationResult['failure']): ShutdownReason {
  return failure === undefined ? 'spindown' : failure.status === 'timeout' ? 'timeout' : 'failure';
}
