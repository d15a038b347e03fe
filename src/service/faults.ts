/**
 * The caller's mistake, answered in the protocol's own shape. Each service makes its `fault` with
 * `faults<ErrorName>()`, so the compiler checks that the model declares the error.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  /** Further members of the error's shape, as the model names them. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Overrides the HTTP status the model gives the error. */
  readonly status: number | undefined;

  constructor(
    code: string,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    status?: number,
  ) {
    // A fault is an answer, not a defect: nobody reads its stack, and capturing one costs more than the refusal.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.detail = detail;
    this.status = status;
  }

  static is(error: unknown): error is Fault {
    return error instanceof Fault;
  }
}

/** Errors any AWS service may answer that no model lists. */
export type CommonErrorName =
  | 'AccessDenied'
  | 'AccessDeniedException'
  | 'InternalFailure'
  | 'InvalidAction'
  | 'InvalidParameterValue'
  | 'MalformedInput'
  | 'MissingAuthenticationToken'
  | 'NotImplemented'
  | 'SerializationException'
  | 'ServiceUnavailable'
  | 'Throttling'
  | 'ThrottlingException'
  | 'UnknownOperationException'
  | 'ValidationError'
  | 'ValidationException';

export type FaultMaker<Name extends string> = (
  code: Name | CommonErrorName,
  message: string,
  detail?: Readonly<Record<string, unknown>>,
) => Fault;

/**
 * The fault constructor of one service: `const fault = faults<DynamodbErrorName>()`, then
 * `throw fault('ResourceNotFoundException', 'Requested resource not found')`.
 */
export function faults<Name extends string>(): FaultMaker<Name> {
  return (code, message, detail) => new Fault(code, message, detail);
}
