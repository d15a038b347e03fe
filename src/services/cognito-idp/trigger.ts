import type { LambdaConfigType } from '../../model/gen/cognito-idp.ts';
import { Fault } from '../../service/faults.ts';
import { fault } from './fault.ts';
import type { PoolScope } from './scope.ts';
import type { UserRow } from './user.ts';

/** The triggers a pool may have that are one function each. */
export type TriggerName =
  | 'PreSignUp'
  | 'CustomMessage'
  | 'PostConfirmation'
  | 'PreAuthentication'
  | 'PostAuthentication'
  | 'DefineAuthChallenge'
  | 'CreateAuthChallenge'
  | 'VerifyAuthChallengeResponse'
  | 'PreTokenGeneration'
  | 'UserMigration';

export type TriggerResponse = Readonly<Record<string, unknown>>;

export interface TriggerEvent {
  /** `PreSignUp_SignUp` and the like. */
  readonly source: string;
  readonly username: string;
  /** The app client, or AWS's placeholder for calls that name none. */
  readonly clientId: string | undefined;
  readonly request: Readonly<Record<string, unknown>>;
  /** What the function finds in `response`. */
  readonly response?: TriggerResponse;
  /** The event's version, 1 by default. */
  readonly version?: string;
}

const NO_CLIENT = 'CLIENT_ID_NOT_APPLICABLE';

/** A user's attributes as events show them. */
export function eventAttributes(user: UserRow): Readonly<Record<string, string>> {
  return { sub: user.sub, 'cognito:user_status': user.status, ...user.attributes };
}

/** `ClientMetadata` as events show it: absent stays absent. */
export function metadata(name: string, value: Readonly<Record<string, string>> | undefined) {
  return value === undefined ? {} : { [name]: value };
}

export function triggerArn(config: LambdaConfigType | undefined, name: TriggerName): string | undefined {
  if (name === 'PreTokenGeneration') {
    return config?.PreTokenGenerationConfig?.LambdaArn ?? config?.PreTokenGeneration;
  }
  return config?.[name];
}

/**
 * Runs a trigger of the pool, if it has one, as Cognito itself: the function's own policy must let it in. Returns
 * the event's `response`. What the function throws becomes UserLambdaValidationException, whatever else goes wrong
 * UnexpectedLambdaException.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
 */
export async function runTrigger(
  { ctx, pool }: PoolScope,
  name: TriggerName,
  event: TriggerEvent,
): Promise<TriggerResponse | undefined> {
  const arn = triggerArn(pool.settings.LambdaConfig, name);
  if (arn === undefined) return undefined;
  const payload = {
    version: event.version ?? '1',
    region: ctx.region,
    userPoolId: pool.id,
    userName: event.username,
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: event.clientId ?? NO_CLIENT },
    triggerSource: event.source,
    request: event.request,
    response: event.response ?? {},
  };
  const output = await invoke(ctx, name, arn, pool.arn, payload);
  const text = Buffer.from(output.Payload ?? new Uint8Array()).toString('utf8');
  if (output.FunctionError !== undefined) {
    throw fault('UserLambdaValidationException', `${name} failed with error ${errorMessage(text)}.`);
  }
  return responseIn(text);
}

interface InvokeOutput {
  readonly FunctionError?: string;
  readonly Payload?: Uint8Array;
}

async function invoke(
  ctx: PoolScope['ctx'],
  name: TriggerName,
  arn: string,
  sourceArn: string,
  payload: unknown,
): Promise<InvokeOutput> {
  try {
    return await ctx.call<InvokeOutput>(
      'lambda',
      'Invoke',
      { FunctionName: arn, InvocationType: 'RequestResponse', Payload: Buffer.from(JSON.stringify(payload)) },
      { as: { service: 'cognito-idp.amazonaws.com', sourceArn, account: ctx.account } },
    );
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw fault(
      'UnexpectedLambdaException',
      `${name} invocation failed due to error ${error.code}: ${error.message}`,
    );
  }
}

function errorMessage(payload: string): string {
  try {
    const { errorMessage: message } = JSON.parse(payload) as { errorMessage?: unknown };
    return String(message);
  } catch {
    // A runtime that died may answer with plain text.
    return payload;
  }
}

function responseIn(payload: string): TriggerResponse {
  let answer: unknown;
  try {
    answer = JSON.parse(payload);
  } catch {
    throw fault('InvalidLambdaResponseException', 'Unrecognizable lambda output');
  }
  const response = (answer as { response?: unknown } | null)?.response;
  if (typeof response !== 'object' || response === null || Array.isArray(response)) {
    throw fault('InvalidLambdaResponseException', 'Unrecognizable lambda output');
  }
  return response as TriggerResponse;
}
