import type { Context } from '../../service/context.ts';
import type { CrossOriginRequest } from '../../service/service.ts';
import { findBucket } from './bucket.ts';
import { corsAnswer, matchingRule } from './cors.ts';

/** A bucket's own rules decide which pages may reach it; what is not a bucket's is not decided here. */
export async function crossOrigin(
  { path, preflight, ...wanted }: CrossOriginRequest,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | 'refused' | undefined> {
  const [, name = ''] = path.split('/', 2);
  const bucket = name === '' ? undefined : await findBucket(ctx, name);
  if (bucket === undefined) return undefined;
  const rule = matchingRule(bucket.settings.cors?.CORSRules ?? [], wanted);
  return rule === undefined ? 'refused' : corsAnswer(rule, wanted, preflight);
}
