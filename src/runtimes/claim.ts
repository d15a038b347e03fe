import type { EnvironmentSpec } from '../service/runtimes.ts';

/** What makes a waiting worker the environment of a function. */
export function claimOf(
  spec: EnvironmentSpec,
  at: { readonly id: string; readonly codeFolder: string; readonly clockOffsetMs: number },
  environment: Readonly<Record<string, string>>,
): Buffer {
  const claim = {
    handler: spec.handler,
    codeFolder: at.codeFolder,
    clockOffsetMs: at.clockOffsetMs,
    environment,
    function: {
      name: environment['AWS_LAMBDA_FUNCTION_NAME'],
      version: environment['AWS_LAMBDA_FUNCTION_VERSION'],
      memoryMb: String(spec.memoryMb),
      logGroup: environment['AWS_LAMBDA_LOG_GROUP_NAME'],
      logStream: environment['AWS_LAMBDA_LOG_STREAM_NAME'],
      environmentId: at.id,
    },
  };
  return Buffer.from(JSON.stringify(claim));
}
