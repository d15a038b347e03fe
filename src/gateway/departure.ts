import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Tells of a client that leaves before its answer, by a signal that is only made, and only listens, when asked for. */
export class Departure {
  readonly #connection: ServerResponse | Socket;
  #controller: AbortController | undefined;

  constructor(connection: ServerResponse | Socket) {
    this.#connection = connection;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#connection.closed) this.#controller.abort();
      else this.#connection.once('close', this.#left);
    }
    return this.#controller.signal;
  }

  /** The answer is there: whether the client leaves is of no interest any more. */
  over(): void {
    if (this.#controller !== undefined) this.#connection.off('close', this.#left);
  }

  readonly #left = (): void => this.#controller?.abort();
}
