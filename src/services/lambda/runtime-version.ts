import { createHash } from 'node:crypto';
import { formatArn } from '../../base/arn.ts';
import type { FunctionVersion } from './layout.ts';

/**
 * The version of a function's runtime, of which there is one for each runtime and architecture: its patches are this
 * machine's. AWS's have a hash that says nothing; so has ours.
 */
export function runtimeVersionArn(
  { runtime, architecture }: Pick<FunctionVersion, 'runtime' | 'architecture'>,
  region: string,
): string {
  const digest = createHash('sha256').update(`${runtime}/${architecture}`).digest('hex');
  return formatArn('lambda', region, '', `runtime:${digest}`);
}
