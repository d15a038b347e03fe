import { parseArn } from '../../../base/arn.ts';
import type { CallIdentity } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import type { Exchange } from './exchange.ts';
import { configurationError, Refusal, timedOut, tooLong } from './refusal.ts';

/** A function an integration or authorizer names. */
export interface FunctionTarget {
  readonly functionName: string;
  readonly account: string | undefined;
  readonly region: string | undefined;
}

const INVOCATIONS = /^arn:[^:]+:apigateway:[^:]+:lambda:path\/+2015-03-31\/functions\/(.+)\/invocations$/;

/** The function of `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<arn>/invocations`. */
export function functionOf(uri: string): FunctionTarget | undefined {
  const functionName = INVOCATIONS.exec(uri)?.[1];
  if (functionName === undefined) return undefined;
  const arn = parseArn(functionName);
  return { functionName, account: arn?.account, region: arn?.region };
}

/** The credentials that mean the caller's own. */
const CALLER = /^arn:aws:iam::\*:user\/\*$/;
const SESSION_NAME = 'BackplaneAssumeRoleSession';
export const PRINCIPAL = 'apigateway.amazonaws.com';

/** As whom an integration calls: API Gateway itself, a role, or whoever called the API. */
export function identityFor(
  exchange: Exchange,
  credentials: string | undefined,
  sourceArn: string,
): CallIdentity {
  if (credentials === undefined || credentials === '')
    return { service: PRINCIPAL, sourceArn, account: exchange.stage.account };
  if (CALLER.test(credentials)) {
    if (exchange.caller === undefined) throw configurationError();
    return { principal: exchange.caller.principal };
  }
  return { roleArn: credentials, service: PRINCIPAL, sessionName: SESSION_NAME };
}

export interface FunctionResult {
  readonly payload: Uint8Array;
  readonly error: string | undefined;
}

const NOTHING = new Uint8Array(0);

/** Invokes a function and waits. Throws the {@link Fault} of a call that was refused. */
export async function invokeFunction(
  exchange: Exchange,
  target: FunctionTarget,
  payload: Uint8Array,
  as: CallIdentity,
): Promise<FunctionResult> {
  const { account, region } = target;
  const output = await exchange.ctx.call<{ Payload?: Uint8Array; FunctionError?: string }>(
    'lambda',
    'Invoke',
    { FunctionName: target.functionName, InvocationType: 'RequestResponse', Payload: payload },
    {
      as,
      ...(account === undefined || account === '' ? {} : { account }),
      ...(region === undefined || region === '' ? {} : { region }),
    },
  );
  return { payload: output.Payload ?? NOTHING, error: output.FunctionError };
}

/** Gives up waiting after `ms` of real time; what was begun goes on without us, as in AWS. */
export async function within<T>(exchange: Exchange, ms: number, work: Promise<T>): Promise<T> {
  let cancel: (() => void) | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = exchange.ctx.world.timers.after(ms, () => reject(timedOut()));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel?.();
  }
}

/** A refused call is the API's misconfiguration to the client; its reason is in the log. */
export function refusedCall(exchange: Exchange, error: unknown): Error {
  if (!Fault.is(error)) return error as Error;
  if (error.code === 'RequestTooLargeException') return tooLong();
  if (error.code === 'InvalidRequestContentException')
    return new Refusal('BAD_REQUEST_BODY', 400, 'BadRequestException', error.message);
  exchange.ctx.log('warn', `integration refused: ${error.code}: ${error.message}`, {
    api: exchange.stage.api.id,
    resource: exchange.method?.resourcePath,
  });
  return configurationError();
}
