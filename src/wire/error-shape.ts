import type { ServiceModel, Shape } from '../model/model.ts';
import type { WireError } from './protocol.ts';

export interface ErrorShape {
  readonly name: string;
  readonly shape: Shape;
  /** What the query protocols call it. */
  readonly queryCode: string;
}

const indexes = new WeakMap<ServiceModel, ReadonlyMap<string, ErrorShape>>();

/** Statuses of errors no model lists. In AWS's JSON protocols even a refusal of the caller is a 400. */
const STATUSES: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  AccessDeniedException: 403,
  ExpiredToken: 403,
  IncompleteSignature: 403,
  InternalFailure: 500,
  InternalError: 500,
  InternalServerError: 500,
  InvalidClientTokenId: 403,
  MissingAuthenticationToken: 403,
  MissingAuthenticationTokenException: 403,
  NotImplemented: 501,
  OptInRequired: 403,
  RequestExpired: 403,
  ServiceUnavailable: 503,
  ServiceUnavailableException: 503,
  SignatureDoesNotMatch: 403,
  InvalidSignatureException: 403,
  IncompleteSignatureException: 403,
  ExpiredTokenException: 403,
  UnrecognizedClientException: 403,
  UnauthorizedAccess: 403,
  UnauthorizedOperation: 403,
};

/** The shape of an error by its shape's name or its query code. */
export function errorShapeOf(model: ServiceModel, code: string): ErrorShape | undefined {
  let index = indexes.get(model);
  if (!index) indexes.set(model, (index = indexOf(model)));
  return index.get(code);
}

function indexOf(model: ServiceModel): ReadonlyMap<string, ErrorShape> {
  const index = new Map<string, ErrorShape>();
  const errors = Object.entries(model.shapes).filter(([, shape]) => shape.exception || shape.error);
  for (const [name, shape] of errors) {
    index.set(name, { name, shape, queryCode: shape.error?.code ?? name });
  }
  for (const error of [...index.values()]) {
    if (!index.has(error.queryCode)) index.set(error.queryCode, error);
  }
  return index;
}

/** The HTTP status of an error: its own, its shape's, or what AWS answers for the errors common to all services. */
export function statusOf(error: WireError, found: ErrorShape | undefined, refusal: 400 | 403): number {
  const modelled = error.status ?? found?.shape.error?.httpStatusCode;
  if (modelled !== undefined) return modelled;
  if (found) return found.shape.fault ? 500 : 400;
  const status = STATUSES[error.code] ?? 400;
  return status === 403 ? refusal : status;
}

/** Whose fault an error is, as the query protocols say it. */
export function faultOf(found: ErrorShape | undefined, status: number): 'Sender' | 'Receiver' {
  if (found?.shape.fault) return 'Receiver';
  return (found?.shape.error?.senderFault ?? status < 500) ? 'Sender' : 'Receiver';
}

/** The error's members as its shape spells them, its message among them. */
export function errorMembers(error: WireError, found: ErrorShape | undefined): Record<string, unknown> {
  return { ...error.detail, [messageMember(found)]: error.message };
}

export function messageMember(found: ErrorShape | undefined): string {
  const members = found?.shape.members ?? {};
  for (const name in members) if (name.toLowerCase() === 'message') return name;
  return 'message';
}
