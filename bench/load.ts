import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** What a run of load measured. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers whose status was not 2xx. */
  readonly errors: number;
  readonly firstError: string | undefined;
}

const HEADER_END = Buffer.from('\r\n\r\n');

/**
 * A connection that sends prepared HTTP/1.1 requests one after the other and reads just enough of each answer to
 * find its end, so that the generator costs little beside the server it measures.
 */
class Connection {
  readonly #socket: Socket;
  readonly #onAnswer: (status: number, head: Buffer) => void;
  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes of the current answer still to come, or -1 while its head is. */
  #left = -1;
  #status = 0;
  #chunked = false;
  #head: Buffer = Buffer.alloc(0);

  constructor(port: number, onAnswer: (status: number, head: Buffer) => void) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => {
      throw error;
    });
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#left > 0 && !this.#chunked && chunk.length <= this.#left) {
      this.#left -= chunk.length;
      if (this.#left === 0) this.#finish();
      return;
    }
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    if (this.#left < 0) {
      const end = this.#buffer.indexOf(HEADER_END);
      if (end < 0) return;
      this.#head = this.#buffer.subarray(0, end);
      const head = this.#head.toString('latin1').toLowerCase();
      this.#status = Number(head.slice(9, 12));
      const length = head.indexOf('content-length: ');
      this.#chunked = length < 0 && head.includes('transfer-encoding: chunked');
      this.#left = length < 0 ? 0 : Number.parseInt(head.slice(length + 16), 10);
      this.#head = this.#buffer;
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    if (this.#chunked) {
      if (this.#buffer.toString('latin1').endsWith('0\r\n\r\n')) this.#finish();
      return;
    }
    const taken = Math.min(this.#left, this.#buffer.length);
    this.#left -= taken;
    this.#buffer = this.#buffer.subarray(taken);
    if (this.#left === 0) this.#finish();
  }

  #finish(): void {
    this.#left = -1;
    this.#chunked = false;
    this.#buffer = Buffer.alloc(0);
    this.#onAnswer(this.#status, this.#head);
  }
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * Keeps the generator's event loop from sleeping. On a virtual machine the write that wakes a sleeping peer costs the
 * writer more than everything else a small request does: it would be charged to whichever server is slower than the
 * generator, and not to the bare one, which never lets it sleep. It takes a processor of its own, so it is only for
 * servers of one busy thread on a machine with two.
 */
function stayAwake(): () => void {
  let awake = true;
  const turn = (): void => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => {
    awake = false;
  };
}

/** Sends `requests`, each once, over `connections` connections, each waiting for its answer before its next. */
export function runLoad(
  port: number,
  connections: number,
  requests: readonly Buffer[],
  awake = false,
): Promise<LoadResult> {
  return new Promise((resolve) => {
    const took = new Float64Array(requests.length);
    let next = 0;
    let done = 0;
    let errors = 0;
    let firstError: string | undefined;
    const started = performance.now();
    const open: Connection[] = [];
    const sleep = awake ? stayAwake() : () => {};
    for (let i = 0; i < Math.min(connections, requests.length); i++) {
      let sentAt = 0;
      const sendNext = (): void => {
        const request = requests[next++];
        if (request === undefined) return;
        sentAt = performance.now();
        connection.send(request);
      };
      const connection = new Connection(port, (status, head) => {
        took[done++] = performance.now() - sentAt;
        if (status < 200 || status > 299) {
          errors++;
          firstError ??= head.toString('utf8');
        }
        if (done < requests.length) return sendNext();
        const seconds = (performance.now() - started) / 1000;
        for (const each of open) each.close();
        sleep();
        const sorted = took.sort();
        resolve({
          requests: requests.length,
          seconds,
          perSecond: requests.length / seconds,
          p50: percentile(sorted, 0.5),
          p99: percentile(sorted, 0.99),
          errors,
          firstError,
        });
      });
      open.push(connection);
      sendNext();
    }
  });
}
