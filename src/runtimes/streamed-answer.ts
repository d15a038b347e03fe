import type { ResponseSink } from '../service/runtimes.ts';
import type { ApiConnection } from './runtime-api.ts';
import type { StreamedBody } from './streamed-body.ts';

/** A buffered answer is 6 MB at most: of a longer one this much tells that it is too long. */
const MOST_COLLECTED_BYTES = 8 * 1024 * 1024;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_STREAMED_BYTES = 200 * 1024 * 1024;

export interface StreamEnd {
  /** What was written, when nobody took it as it came; JSON of the error when there was one. */
  readonly payload: Uint8Array;
  readonly failed: boolean;
}

/** Hands a streamed answer to whoever takes it as it is written, else collects it. */
export function takeStream(
  body: StreamedBody,
  connection: ApiConnection,
  options: { readonly contentType: string; readonly sink: ResponseSink | undefined },
  onEnd: (end: StreamEnd) => void,
): void {
  const { sink, contentType } = options;
  const collected: Uint8Array[] = [];
  let bytes = 0;
  sink?.begin(contentType);
  body.listen(
    (chunk) => {
      bytes += chunk.byteLength;
      if (sink === undefined) {
        if (bytes <= MOST_COLLECTED_BYTES) collected.push(chunk);
        return;
      }
      if (bytes > MOST_STREAMED_BYTES) return;
      const drained = sink.write(chunk);
      if (drained === undefined) return;
      connection.pause();
      drained.finally(() => connection.resume());
    },
    (trailers) => {
      const type = trailers['lambda-runtime-function-error-type'];
      if (type !== undefined) {
        const text = trailers['lambda-runtime-function-error-body'];
        const payload =
          text === undefined ? Buffer.from(JSON.stringify({ errorType: type })) : Buffer.from(text, 'base64');
        onEnd({ payload, failed: true });
      } else if (sink !== undefined && bytes > MOST_STREAMED_BYTES) {
        onEnd({ payload: tooLong(), failed: true });
      } else onEnd({ payload: Buffer.concat(collected), failed: false });
    },
  );
}

function tooLong(): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size exceeded maximum allowed payload size (${MOST_STREAMED_BYTES} bytes).`,
    }),
  );
}
