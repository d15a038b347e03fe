import type { SystemLogLevel } from '../../model/gen/lambda.ts';
import type { Initialization, InitOutcome, InvocationResult } from '../../service/runtimes.ts';
import type { FunctionVersion } from './layout.ts';
import { runtimeVersionArn } from './runtime-version.ts';

/**
 * What Lambda itself writes to a function's log.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
 */
export function startLine(version: FunctionVersion, requestId: string, atMs: number): string | undefined {
  if (version.logging.format === 'JSON') {
    if (!wants(version, 'INFO')) return undefined;
    return platform(atMs, 'platform.start', { requestId, version: version.version });
  }
  return `START RequestId: ${requestId} Version: ${version.version}\n`;
}

/**
 * The first line of an environment's stream. `runsOn`: the version of the language that is here; undefined for images,
 * whose runtime nobody knows, and for programs of the user's own.
 */
export function initStartLine(
  version: FunctionVersion,
  runsOn: string | undefined,
  region: string,
  initializationType: Initialization,
  atMs: number,
): string | undefined {
  const runtime = version.image === undefined ? runtimeVersion(version.runtime, runsOn) : undefined;
  const arn = runtime && runtimeVersionArn(version, region);
  if (version.logging.format === 'JSON') {
    if (!wants(version, runtime === undefined ? 'DEBUG' : 'INFO')) return undefined;
    return platform(atMs, 'platform.initStart', {
      initializationType,
      phase: 'init',
      runtimeVersion: runtime,
      runtimeVersionArn: arn,
      functionName: version.name,
      functionVersion: version.version,
    });
  }
  return runtime && `INIT_START Runtime Version: ${runtime}\tRuntime Version ARN: ${arn}\n`;
}

/** `nodejs:20.v1`: AWS counts its builds of a runtime, and there is one of each here. */
function runtimeVersion(runtime: string, runsOn: string | undefined): string {
  const [, language = runtime, named = ''] = /^([a-z]+)\.?(.*)$/.exec(runtime) ?? [];
  return `${language}:${runsOn ?? named}.v1`;
}

/** What is said of a start that is over: of one that succeeded only in JSON, and only to those who debug. */
export function initLines(
  version: FunctionVersion,
  { initialization, durationMs, failure, atMs }: InitOutcome,
): readonly string[] {
  const status = failure?.status ?? 'success';
  const errorType = failure?.errorType;
  if (version.logging.format === 'JSON') {
    const facts = { initializationType: initialization, phase: 'init', status, errorType };
    const kept = initialization !== 'on-demand';
    const lines: string[] = [];
    if (wants(version, failure === undefined ? 'DEBUG' : 'WARN')) {
      lines.push(platform(atMs, 'platform.initRuntimeDone', facts));
    }
    if (wants(version, failure !== undefined ? 'WARN' : kept ? 'INFO' : 'DEBUG')) {
      const metrics = { durationMs: rounded(durationMs) };
      lines.push(platform(atMs, 'platform.initReport', { ...facts, metrics }));
    }
    return lines;
  }
  if (failure === undefined) return [];
  const type = errorType === undefined ? '' : `\tError Type: ${errorType}`;
  return [`INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: init\tStatus: ${status}${type}\n`];
}

export function endLines(
  version: FunctionVersion,
  requestId: string,
  result: InvocationResult,
  atMs: number,
): readonly string[] {
  const duration = result.durationMs;
  // Initialisation is billed with the invocation that waited for it.
  const billed = Math.ceil(duration + (result.initDurationMs ?? 0));
  const { failure } = result;
  if (version.logging.format === 'JSON') {
    const status = failure?.status ?? (result.error === undefined ? 'success' : 'error');
    const errorType = failure?.errorType;
    const lines: string[] = [];
    if (wants(version, status === 'success' ? 'DEBUG' : 'WARN')) {
      const metrics = { durationMs: rounded(duration), producedBytes: result.payload.byteLength };
      lines.push(platform(atMs, 'platform.runtimeDone', { requestId, metrics, status, errorType }));
    }
    if (!wants(version, status === 'success' ? 'INFO' : 'WARN')) return lines;
    lines.push(
      platform(atMs, 'platform.report', {
        requestId,
        metrics: {
          durationMs: rounded(duration),
          billedDurationMs: billed,
          memorySizeMB: version.memoryMb,
          maxMemoryUsedMB: result.maxMemoryMb,
          initDurationMs: result.initDurationMs === undefined ? undefined : rounded(result.initDurationMs),
        },
        status,
        errorType,
      }),
    );
    return lines;
  }
  let report = `REPORT RequestId: ${requestId}\tDuration: ${duration.toFixed(2)} ms\tBilled Duration: ${billed} ms\tMemory Size: ${version.memoryMb} MB\tMax Memory Used: ${result.maxMemoryMb} MB\t`;
  if (result.initDurationMs !== undefined)
    report += `Init Duration: ${result.initDurationMs.toFixed(2)} ms\t`;
  if (failure !== undefined) report += `Status: ${failure.status}`;
  if (failure?.errorType !== undefined) report += `\tError Type: ${failure.errorType}`;
  return [`END RequestId: ${requestId}\n`, `${report}\n`];
}

const LEVELS: readonly SystemLogLevel[] = ['DEBUG', 'INFO', 'WARN'];

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html */
function wants({ logging }: FunctionVersion, level: SystemLogLevel): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(logging.systemLevel ?? 'INFO');
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function platform(atMs: number, type: string, record: unknown): string {
  return `${JSON.stringify({ time: new Date(atMs).toISOString(), type, record })}\n`;
}

/** `2026/11/20/[$LATEST]0f…`: one stream an environment. */
export function streamName(version: FunctionVersion, environmentId: string, nowMs: number): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version.version}]${environmentId}`;
}

/** What LogType Tail answers: the last four kilobytes in base64. */
export function tailOf(lines: readonly string[]): string {
  const bytes = Buffer.from(lines.join(''));
  return bytes.subarray(Math.max(0, bytes.length - 4096)).toString('base64');
}
