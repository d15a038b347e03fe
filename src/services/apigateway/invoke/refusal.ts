import type { GatewayResponseType } from '../../../model/gen/apigateway.ts';

/** Why API Gateway answers a request itself; `gateway-answer.ts` makes the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly type: GatewayResponseType;
  /** What `x-amzn-ErrorType` says. */
  readonly errorType: string;
  readonly status: number;
  /** Null prints as such: `{"message":null}`. */
  readonly text: string | null;
  /** Some denials spell their member `Message`. */
  readonly member: 'message' | 'Message';
  readonly validationError: string | undefined;

  constructor(
    type: GatewayResponseType,
    status: number,
    errorType: string,
    text: string | null,
    more: { readonly member?: 'Message'; readonly validationError?: string } = {},
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(text ?? type);
    Error.stackTraceLimit = stackTraceLimit;
    this.type = type;
    this.status = status;
    this.errorType = errorType;
    this.text = text;
    this.member = more.member ?? 'message';
    this.validationError = more.validationError;
  }
}

export const unauthorized = (text = 'Unauthorized') =>
  new Refusal('UNAUTHORIZED', 401, 'UnauthorizedException', text);
export const noRoute = () =>
  new Refusal(
    'MISSING_AUTHENTICATION_TOKEN',
    403,
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  );
export const denied = (text: string) =>
  new Refusal('ACCESS_DENIED', 403, 'AccessDeniedException', text, { member: 'Message' });
export const forbidden = () => new Refusal('INVALID_API_KEY', 403, 'ForbiddenException', 'Forbidden');
export const authorizerFailed = () =>
  new Refusal('AUTHORIZER_FAILURE', 500, 'AuthorizerConfigurationException', null);
export const configurationError = () =>
  new Refusal('API_CONFIGURATION_ERROR', 500, 'InternalServerErrorException', 'Internal server error');
export const malformedResponse = () =>
  new Refusal('DEFAULT_5XX', 502, 'InternalServerErrorException', 'Internal server error');
export const unreachable = () =>
  new Refusal('INTEGRATION_FAILURE', 504, 'InternalServerErrorException', 'Internal server error');
export const timedOut = () =>
  new Refusal('INTEGRATION_TIMEOUT', 504, 'InternalServerErrorException', 'Endpoint request timed out');
export const unsupportedMediaType = () =>
  new Refusal('UNSUPPORTED_MEDIA_TYPE', 415, 'BadRequestException', 'Unsupported Media Type');
export const tooLong = () =>
  new Refusal('REQUEST_TOO_LARGE', 413, 'RequestTooLargeException', 'Request Too Long');
export const throttled = () => new Refusal('THROTTLED', 429, 'TooManyRequestsException', 'Too Many Requests');
export const quotaExceeded = () =>
  new Refusal('QUOTA_EXCEEDED', 429, 'LimitExceededException', 'Limit Exceeded');
