import type { Context } from '../../service/context.ts';
import type { ActionRequest } from '../../service/service.ts';
import { type Bucket, bucketArn } from './bucket.ts';
import { effectivePolicy } from './public-access.ts';

/** An action on a bucket, or on an object in it; S3's ARNs do not name the owner. */
export function actionOn(
  bucket: Bucket,
  action: string,
  key?: string,
  context?: ActionRequest['context'],
): ActionRequest {
  const arn = bucketArn(bucket.name);
  return {
    action,
    resource: key === undefined ? arn : `${arn}/${key}`,
    resourceAccount: bucket.account,
    ...(context === undefined ? {} : { context }),
  };
}

/**
 * Whether the caller may do a further thing than what the operation was let in for: AWS's words for the refusal, or
 * undefined.
 */
export async function refusalOf(
  ctx: Context,
  bucket: Bucket,
  request: ActionRequest,
): Promise<string | undefined> {
  const { allowed, message } = await ctx.ports.access.decide(
    request,
    ctx,
    effectivePolicy(bucket, ctx.principal),
  );
  return allowed ? undefined : message;
}
