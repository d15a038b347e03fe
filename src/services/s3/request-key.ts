import type { ContextValue } from '../../policy/request.ts';
import type { HttpFacts } from '../../service/context.ts';

/**
 * S3's condition keys about how a request was signed.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
 */
export function requestKey(
  key: string,
  { headers, query }: HttpFacts,
  nowMs: number,
): ContextValue | undefined {
  switch (key) {
    case 's3:authtype':
      if (headers['authorization'] !== undefined) return 'REST-HEADER';
      return isPresigned(query) ? 'REST-QUERY-STRING' : undefined;
    case 's3:signatureversion':
      if (headers['authorization']?.startsWith('AWS4') === true || query.includes('X-Amz-Signature='))
        return 'AWS4-HMAC-SHA256';
      return isPresigned(query) ? 'AWS' : undefined;
    case 's3:signatureage':
      return signatureAge(query, nowMs);
    case 's3:x-amz-content-sha256':
      return headers['x-amz-content-sha256'] ?? parameter(query, 'X-Amz-Content-Sha256');
    default:
      return undefined;
  }
}

/** Milliseconds since a presigned address was signed: `s3:signatureAge`. */
function signatureAge(query: string, nowMs: number): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(parameter(query, 'X-Amz-Date') ?? '');
  if (parts === null) return undefined;
  const [year = 0, month = 1, ...rest] = parts.slice(1).map(Number);
  const [day, hour, minute, second] = rest;
  return Math.max(0, nowMs - Date.UTC(year, month - 1, day, hour, minute, second));
}

function isPresigned(query: string): boolean {
  return /(?:^|&)(?:X-Amz-Signature|Signature)=/.test(query);
}

function parameter(query: string, name: string): string | undefined {
  return query.includes(name) ? (new URLSearchParams(query).get(name) ?? undefined) : undefined;
}
