/** An error of the framework as a service answers it that was there before its JSON: by type, query code and status. */
export interface QueryCompatible {
  readonly type: string;
  readonly queryCode: string;
  readonly status?: number;
}

/** By the code of a fault, whichever protocol's spelling it has. */
const FRAMEWORK: Readonly<Record<string, QueryCompatible>> = {
  AccessDenied: { type: 'AccessDeniedException', queryCode: 'AccessDenied' },
  ExpiredTokenException: { type: 'ExpiredTokenException', queryCode: 'ExpiredToken', status: 403 },
  IncompleteSignatureException: { type: 'IncompleteSignatureException', queryCode: 'IncompleteSignature' },
  InvalidParameterCombination: {
    type: 'InvalidParameterCombinationException',
    queryCode: 'InvalidParameterCombination',
  },
  InvalidParameterValue: { type: 'InvalidParameterValueException', queryCode: 'InvalidParameterValue' },
  InvalidSignatureException: {
    type: 'InvalidSignatureException',
    queryCode: 'SignatureDoesNotMatch',
    status: 403,
  },
  MissingAuthenticationTokenException: {
    type: 'AccessDeniedException',
    queryCode: 'AccessDenied',
    status: 403,
  },
  MissingParameter: { type: 'MissingRequiredParameterException', queryCode: 'MissingParameter' },
  SerializationException: { type: 'SerializationException', queryCode: 'MalformedInput' },
  ThrottlingException: { type: 'ThrottlingException', queryCode: 'Throttling' },
  UnknownOperationException: { type: 'UnknownOperationException', queryCode: 'InvalidAction' },
  UnrecognizedClientException: {
    type: 'UnrecognizedClientException',
    queryCode: 'InvalidClientTokenId',
    status: 403,
  },
};

/** What JSON clients of such a service see of an error that is not its own: their parsers know both names. */
export function queryCompatible(code: string): QueryCompatible {
  return (Object.hasOwn(FRAMEWORK, code) ? FRAMEWORK[code] : undefined) ?? { type: code, queryCode: code };
}
