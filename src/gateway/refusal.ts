import type { ProtocolName } from '../model/model.ts';
import { Fault } from '../service/faults.ts';

/**
 * What the pipeline itself refuses, in the words of the protocol that asked. Codes and statuses differ between the
 * families: JSON services answer 400 with `…Exception`, query services 403 without the suffix, S3 has its own.
 */
export type Refusal =
  | 'missing-authentication'
  | 'unknown-key'
  | 'bad-token'
  | 'expired-token'
  | 'access-denied'
  | 'throttled'
  | 'too-large'
  | 'internal';

export type Family = 'json' | 'rest-json' | 'query' | 'ec2' | 's3';

interface Wording {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const INVALID_TOKEN = 'The security token included in the request is invalid.';
const EXPIRED = 'The security token included in the request is expired';
const MISSING = 'Request is missing Authentication Token';
const INTERNAL = 'The request processing has failed because of an unknown error, exception or failure.';

const WORDS: Readonly<Record<Refusal, Readonly<Record<Family, Wording>>>> = {
  'missing-authentication': {
    json: { code: 'MissingAuthenticationTokenException', status: 400, message: MISSING },
    'rest-json': {
      code: 'MissingAuthenticationTokenException',
      status: 403,
      message: 'Missing Authentication Token',
    },
    query: { code: 'MissingAuthenticationToken', status: 403, message: MISSING },
    ec2: { code: 'MissingAuthenticationToken', status: 403, message: MISSING },
    s3: { code: 'AccessDenied', status: 403, message: 'Access Denied' },
  },
  'unknown-key': {
    json: { code: 'UnrecognizedClientException', status: 400, message: INVALID_TOKEN },
    'rest-json': { code: 'UnrecognizedClientException', status: 403, message: INVALID_TOKEN },
    query: { code: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
    ec2: {
      code: 'AuthFailure',
      status: 401,
      message: 'AWS was not able to validate the provided access credentials',
    },
    s3: {
      code: 'InvalidAccessKeyId',
      status: 403,
      message: 'The AWS Access Key Id you provided does not exist in our records.',
    },
  },
  'bad-token': {
    json: { code: 'UnrecognizedClientException', status: 400, message: INVALID_TOKEN },
    'rest-json': { code: 'UnrecognizedClientException', status: 403, message: INVALID_TOKEN },
    query: { code: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
    ec2: {
      code: 'AuthFailure',
      status: 401,
      message: 'AWS was not able to validate the provided access credentials',
    },
    s3: {
      code: 'InvalidToken',
      status: 400,
      message: 'The provided token is malformed or otherwise invalid.',
    },
  },
  'expired-token': {
    json: { code: 'ExpiredTokenException', status: 400, message: EXPIRED },
    'rest-json': { code: 'ExpiredTokenException', status: 403, message: EXPIRED },
    query: { code: 'ExpiredToken', status: 403, message: EXPIRED },
    ec2: { code: 'RequestExpired', status: 400, message: 'Request has expired.' },
    s3: { code: 'ExpiredToken', status: 400, message: 'The provided token has expired.' },
  },
  'access-denied': {
    json: { code: 'AccessDeniedException', status: 400, message: '' },
    'rest-json': { code: 'AccessDeniedException', status: 403, message: '' },
    query: { code: 'AccessDenied', status: 403, message: '' },
    ec2: { code: 'UnauthorizedOperation', status: 403, message: '' },
    s3: { code: 'AccessDenied', status: 403, message: '' },
  },
  throttled: {
    json: { code: 'ThrottlingException', status: 400, message: 'Rate exceeded' },
    'rest-json': { code: 'TooManyRequestsException', status: 429, message: 'Rate exceeded' },
    query: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
    ec2: { code: 'RequestLimitExceeded', status: 503, message: 'Request limit exceeded.' },
    s3: { code: 'SlowDown', status: 503, message: 'Please reduce your request rate.' },
  },
  'too-large': {
    json: { code: 'RequestEntityTooLarge', status: 413, message: 'Request entity too large' },
    'rest-json': { code: 'RequestEntityTooLargeException', status: 413, message: 'Request entity too large' },
    query: { code: 'RequestEntityTooLarge', status: 413, message: 'Request entity too large' },
    ec2: { code: 'RequestEntityTooLarge', status: 413, message: 'Request entity too large' },
    s3: {
      code: 'MaxMessageLengthExceeded',
      status: 400,
      message: 'Your request was too big.',
    },
  },
  internal: {
    json: { code: 'InternalFailure', status: 500, message: INTERNAL },
    'rest-json': { code: 'InternalFailure', status: 500, message: INTERNAL },
    query: { code: 'InternalFailure', status: 500, message: INTERNAL },
    ec2: { code: 'InternalError', status: 500, message: 'An internal error has occurred' },
    s3: {
      code: 'InternalError',
      status: 500,
      message: 'We encountered an internal error. Please try again.',
    },
  },
};

export function familyOf(protocol: ProtocolName): Family {
  if (protocol === 'smithy-rpc-v2-cbor') return 'json';
  return protocol === 'rest-xml' ? 's3' : protocol;
}

/** The refusal as a fault of the asking protocol; `message` replaces the usual words. */
export function refusal(kind: Refusal, protocol: ProtocolName, message?: string): Fault {
  const { code, status, message: usual } = WORDS[kind][familyOf(protocol)];
  return new Fault(code, message ?? usual, {}, status);
}

/** An operation that AWS has and Lambent has not: never a made-up answer. */
export function notImplemented(service: string, operation: string): Fault {
  return new Fault('NotImplemented', `Lambent does not implement ${service}.${operation} yet.`, {}, 501);
}

/** An operation AWS does not have either. */
export function unknownOperation(
  protocol: ProtocolName,
  name: string,
  version: string,
  words = `Could not find operation ${name} for version ${version}`,
): Fault {
  if (protocol === 'query' || protocol === 'ec2') return new Fault('InvalidAction', words, {}, 400);
  return new Fault('UnknownOperationException', '', {}, protocol.startsWith('rest') ? 404 : 400);
}
