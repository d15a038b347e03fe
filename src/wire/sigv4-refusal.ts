/**
 * How a service words what it finds wrong with a signature: the JSON protocols, the REST ones, the query ones, S3.
 */
export type SignatureStyle = 'json' | 'rest' | 'query' | 's3';

/** A signature that does not pass, as AWS answers it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** Further members of S3's error body. */
  readonly detail: Readonly<Record<string, string>>;
}

export function refusal(
  code: string,
  message: string,
  status: number,
  detail: Readonly<Record<string, string>> = {},
): Refusal {
  return { code, message, status, detail };
}

/** The signature is there, but is not one for this request. */
export function invalid(style: SignatureStyle, message: string): Refusal {
  if (style === 'json') return refusal('InvalidSignatureException', message, 400);
  return refusal(style === 'rest' ? 'InvalidSignatureException' : 'SignatureDoesNotMatch', message, 403);
}

/** The signature lacks a part. */
export function incomplete(style: SignatureStyle, message: string): Refusal {
  if (style === 'query') return refusal('IncompleteSignature', message, 400);
  return refusal('IncompleteSignatureException', message, style === 'rest' ? 403 : 400);
}

export function headerMalformed(message: string): Refusal {
  return refusal('AuthorizationHeaderMalformed', message, 400);
}

export function queryMalformed(message: string): Refusal {
  return refusal('AuthorizationQueryParametersError', message, 400);
}
