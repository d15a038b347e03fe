import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { acceptEvent } from './events.ts';
import { type Target, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';
import { type Outcome, type Request, runningOf } from './running.ts';
import { newTraceHeader } from './trace.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MOST_REQUEST_BYTES = 6 * 1024 * 1024;
const MOST_EVENT_BYTES = 1024 * 1024;
const MOST_ANSWER_BYTES = MOST_REQUEST_BYTES + 100;
/** Encoded. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const MOST_CONTEXT_BYTES = 3_583;
const NOTHING = new Uint8Array(0);

/** Refuses what is too long, or is not JSON. */
export function checkPayload(payload: Uint8Array, most: number): void {
  if (payload.byteLength > most) {
    throw fault(
      'RequestTooLargeException',
      `Request must be smaller than ${most} bytes for the InvokeFunction operation`,
    );
  }
  if (payload.byteLength === 0) return;
  try {
    JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
  } catch (error) {
    throw fault(
      'InvalidRequestContentException',
      `Could not parse request body into json: Could not parse payload into json: ${(error as Error).message}`,
    );
  }
}

/** The caller's `ClientContext`: base64 of JSON. */
function clientContextOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.length > MOST_CONTEXT_BYTES) {
    throw fault(
      'InvalidRequestContentException',
      `Client context must be at most ${MOST_CONTEXT_BYTES} bytes of base64-encoded data.`,
    );
  }
  const json = Buffer.from(text, 'base64').toString('utf8');
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    throw fault(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
    );
  }
}

/** The trace the request belongs to, or one that begins here. */
function traceHeaderOf(ctx: Context): string {
  return ctx.traceHeader ?? ctx.http?.headers['x-amzn-trace-id'] ?? newTraceHeader(ctx.world);
}

/** An answer that is too long is the function's error. */
export function answerOf({ result }: Outcome): { payload: Uint8Array; error: string | undefined } {
  if (result.payload.byteLength <= MOST_ANSWER_BYTES) return { payload: result.payload, error: result.error };
  const answer = {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${MOST_ANSWER_BYTES} bytes).`,
  };
  return { payload: Buffer.from(JSON.stringify(answer)), error: 'Unhandled' };
}

/** What an operation's input asks to be run. */
export function requestOf(
  { ctx, reference }: Target,
  input: {
    readonly Payload: Uint8Array;
    readonly ClientContext?: string | undefined;
    readonly LogType?: string | undefined;
    readonly TenantId?: string | undefined;
    readonly DurableExecutionName?: string | undefined;
  },
): Request {
  for (const name of ['TenantId', 'DurableExecutionName'] as const) {
    if (input[name] !== undefined)
      throw fault('InvalidParameterValueException', `${name} is not supported here.`);
  }
  return {
    // Calls from inside share the request id of what caused them; an invocation's names it alone.
    requestId: ctx.http === undefined ? ctx.world.random.uuid() : ctx.requestId,
    payload: input.Payload,
    invokedArn: arnOf(reference),
    clientContext: clientContextOf(input.ClientContext),
    traceHeader: traceHeaderOf(ctx),
    wantsTail: input.LogType === 'Tail',
  };
}

export const invocations = {
  async Invoke(input, ctx) {
    const payload = input.Payload ?? NOTHING;
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const type = input.InvocationType ?? 'RequestResponse';
    checkPayload(payload, type === 'Event' ? MOST_EVENT_BYTES : MOST_REQUEST_BYTES);
    const running = runningOf(ctx);
    const runnable = await running.resolve(target);
    if (type === 'DryRun') return { StatusCode: 204 };
    const request = requestOf(target, { ...input, Payload: payload });
    if (type === 'Event') {
      await acceptEvent(target, request);
      return { StatusCode: 202 };
    }
    running.admit(target, runnable);
    const outcome = await running.run(target, runnable, request);
    const { payload: answer, error } = answerOf(outcome);
    return {
      StatusCode: 200,
      FunctionError: error,
      ExecutedVersion: outcome.version,
      LogResult: outcome.tail,
      Payload: answer,
    };
  },
} satisfies Group<LambdaOperations>;
