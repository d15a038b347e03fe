import { Fault } from '../../../service/faults.ts';

/** An error of OAuth 2.0 (RFC 6749, section 5.2), answered as JSON or on the way back to the application. */
export class OauthFault extends Error {
  override readonly name = 'OauthFault';
  readonly code: OauthErrorCode;
  readonly status: number;

  constructor(code: OauthErrorCode, description = '', status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }
}

export type OauthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_token'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

/** The work's result; a fault of the user pool becomes this error of OAuth. */
export async function orOauthFault<T>(work: Promise<T>, code: OauthErrorCode, description = ''): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (Fault.is(error)) throw new OauthFault(code, description);
    throw error;
  }
}
