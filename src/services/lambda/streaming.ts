import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import { type AnswerStream, openAnswer } from './answer-stream.ts';
import { answerOf, checkPayload, MOST_REQUEST_BYTES, requestOf } from './invocations.ts';
import { targetOf } from './reading.ts';
import { runningOf } from './running.ts';

const NOTHING = new Uint8Array(0);

/** Chunks as they come, then how it ended. https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html */
async function* eventsOf({ contentType, chunks, outcome }: AnswerStream): AsyncGenerator<unknown> {
  if (contentType !== undefined) {
    for await (const chunk of chunks) yield { PayloadChunk: { Payload: chunk as Uint8Array } };
  }
  const ended = await outcome;
  const { payload, error } = answerOf(ended);
  // What a function that does not stream answers is one chunk.
  if (contentType === undefined && error === undefined) yield { PayloadChunk: { Payload: payload } };
  const failure =
    error === undefined ? {} : { ErrorCode: error, ErrorDetails: Buffer.from(payload).toString() };
  yield { InvokeComplete: { ...failure, LogResult: ended.tail } };
}

export const streaming = {
  async InvokeWithResponseStream(input, ctx) {
    const payload = input.Payload ?? NOTHING;
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    checkPayload(payload, MOST_REQUEST_BYTES);
    const running = runningOf(ctx);
    const runnable = await running.resolve(target);
    const { version } = runnable.version;
    if (input.InvocationType === 'DryRun') return { StatusCode: 204, EventStream: nothing() };
    const request = requestOf(target, { ...input, Payload: payload });
    running.admit(target, runnable);
    const answer = await openAnswer((sink) => running.run(target, runnable, { ...request, sink }));
    return {
      StatusCode: 200,
      ExecutedVersion: version,
      ResponseStreamContentType: answer.contentType ?? 'application/json',
      EventStream: eventsOf(answer),
    };
  },
} satisfies Group<LambdaOperations>;

async function* nothing(): AsyncGenerator<unknown> {}
