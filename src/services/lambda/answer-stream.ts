import { PassThrough, type Readable } from 'node:stream';
import type { ResponseSink } from '../../service/runtimes.ts';
import type { Outcome } from './running.ts';

/** An invocation whose answer is read while the function writes it. */
export interface AnswerStream {
  /** As the function says; undefined when it does not stream and its answer is the outcome's. */
  readonly contentType: string | undefined;
  /** Ends when the invocation does. Destroying it lets the function go on, unheard. */
  readonly chunks: Readable;
  readonly outcome: Promise<Outcome>;
}

/** Starts an invocation; resolves when its answer begins, or has ended. Rejects when it cannot run. */
export async function openAnswer(run: (sink: ResponseSink) => Promise<Outcome>): Promise<AnswerStream> {
  const chunks = new PassThrough();
  let begin: (contentType: string) => void = () => {};
  const begun = new Promise<string>((resolve) => {
    begin = resolve;
  });
  const outcome = run({
    begin,
    write: (chunk) => {
      if (chunks.destroyed || chunks.write(chunk)) return undefined;
      return new Promise((resolve) => {
        chunks.once('drain', resolve);
        chunks.once('close', resolve);
      });
    },
  });
  const ended = outcome.then(
    () => chunks.end(),
    (error: Error) => chunks.destroy(error),
  );
  // Whoever reads the chunks hears of an error there; before they begin, the caller does.
  chunks.on('error', () => {});
  const contentType = await Promise.race([begun, ended.then(() => outcome).then(() => undefined)]);
  return { contentType, chunks, outcome };
}
