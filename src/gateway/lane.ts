import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { WireResponse } from '../wire/protocol.ts';
import { type LaneRequest, readLaneRequest } from './lane-request.ts';

/**
 * Most calls are small JSON operations, from an SDK that keeps its connection: a POST with a short body. Node's HTTP
 * server makes streams and emitters for each, which costs as much as the rest of a read. The lane reads those calls off
 * the socket itself; a connection on which anything else arrives goes to Node's server, from that request on and for
 * good, so all but the plainest of HTTP is Node's.
 */
export interface Lane {
  take(socket: Socket): void;
  /** Ends connections that wait for a request; the others end with their answer. */
  close(): void;
  /** Ends all of them now. */
  destroy(): void;
}

export interface LaneOptions {
  /** Undefined when the request is not for the lane after all; nothing has happened then. */
  readonly serve: (request: LaneRequest, socket: Socket) => Promise<WireResponse> | undefined;
  /** Takes over a connection; what was read from it has been put back. */
  readonly handOver: (socket: Socket) => void;
  readonly onError: (error: unknown) => void;
  /** How long a connection may wait for its next request. */
  readonly keepAliveMs: number;
  readonly now: () => number;
}

/** A client that writes its request in more pieces is slow, and Node's server watches over those. */
const MOST_PIECES = 8;
/** Requests sent ahead of their answers are kept up to here. */
const MOST_AHEAD_BYTES = 256 * 1024;
/** So many answers leave together at the most: who waits for the first of them does not wait for all. */
const MOST_TOGETHER = 16;

export function createLane(options: LaneOptions): Lane {
  const connections = new Set<Connection>();
  const answers = new Answers(options);
  const departures = new Departures();
  let closing = false;

  class Connection {
    readonly #socket: Socket;
    #held: Buffer | undefined;
    #pieces = 0;
    #busy = false;
    #ended = false;
    #answer: WireResponse | undefined;

    constructor(socket: Socket) {
      this.#socket = socket;
      socket.on('data', this.#onData);
      socket.on('end', this.#onEnd);
      socket.on('drain', this.#onDrain);
      socket.on('timeout', this.#onTimeout);
      socket.on('error', this.#onError);
      socket.on('close', this.#onClose);
      socket.setTimeout(options.keepAliveMs);
    }

    close(): void {
      if (!this.#busy) this.#socket.destroy();
    }

    destroy(): void {
      this.#socket.destroy();
    }

    readonly #onData = (chunk: Buffer): void => {
      this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
      if (!this.#busy) this.#next();
      else if (this.#held.length > MOST_AHEAD_BYTES) this.#socket.pause();
    };

    /** The client sends nothing any more; it may still read. */
    readonly #onEnd = (): void => {
      this.#ended = true;
      if (!this.#busy) this.#socket.end();
    };

    readonly #onDrain = (): void => {
      if (!this.#busy) this.#next();
    };

    readonly #onTimeout = (): void => this.close();
    readonly #onError = (): void => this.destroy();
    readonly #onClose = (): void => {
      connections.delete(this);
    };

    #next(): void {
      // Who does not read its answers gets no more of them.
      if (this.#held === undefined || this.#socket.writableNeedDrain || this.#socket.destroyed) return;
      const request = readLaneRequest(this.#held);
      if (request === undefined) {
        if (++this.#pieces > MOST_PIECES) this.#handOver();
        return;
      }
      const answered = request === false ? undefined : options.serve(request, this.#socket);
      if (request === false || answered === undefined) {
        this.#handOver();
        return;
      }
      const { length } = request;
      this.#held = this.#held.length === length ? undefined : this.#held.subarray(length);
      this.#pieces = 0;
      this.#busy = true;
      answered.then(this.#onAnswer, this.#onFailure);
    }

    readonly #onAnswer = (response: WireResponse): void => {
      this.#answer = response;
      departures.add(this);
    };

    leave(): void {
      const response = this.#answer;
      this.#answer = undefined;
      this.#busy = false;
      if (response === undefined || this.#socket.destroyed) return;
      const last = closing || (this.#ended && this.#held === undefined);
      try {
        answers.write(this.#socket, response, last);
      } catch (error) {
        this.#onFailure(error);
        return;
      }
      if (last) {
        this.#socket.end();
        return;
      }
      if (this.#held === undefined) return;
      this.#socket.resume();
      this.#next();
      // What is left is the start of a request whose end will never come.
      if (this.#ended && !this.#busy && !this.#socket.writableNeedDrain) this.#socket.end();
    }

    readonly #onFailure = (error: unknown): void => {
      options.onError(error);
      this.#socket.destroy();
    };

    #handOver(): void {
      const socket = this.#socket;
      socket.off('data', this.#onData);
      socket.off('end', this.#onEnd);
      socket.off('drain', this.#onDrain);
      socket.off('timeout', this.#onTimeout);
      socket.off('error', this.#onError);
      socket.off('close', this.#onClose);
      socket.setTimeout(0);
      connections.delete(this);
      const held = this.#held;
      this.#held = undefined;
      if (held !== undefined) socket.unshift(held);
      options.handOver(socket);
    }
  }

  return {
    take: (socket) => {
      connections.add(new Connection(socket));
    },
    close: () => {
      closing = true;
      for (const connection of connections) connection.close();
    },
    destroy: () => {
      for (const connection of connections) connection.destroy();
    },
  };
}

/**
 * Holds answers until others of the same turn of the event loop are there. A write wakes whoever waits for it, and those
 * who wake take the processor and its caches from what is still to be answered: what leaves together disturbs once.
 */
class Departures {
  #waiting: { leave(): void }[] = [];
  #scheduled = false;

  add(connection: { leave(): void }): void {
    this.#waiting.push(connection);
    if (this.#waiting.length >= MOST_TOGETHER) this.#leave();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#endOfTurn);
    }
  }

  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#leave();
  };

  #leave(): void {
    const leaving = this.#waiting;
    if (leaving.length === 0) return;
    this.#waiting = [];
    for (const connection of leaving) connection.leave();
  }
}

/** Bytes that are sooner copied behind their head than written as a piece of their own. */
const MOST_COPIED = 64 * 1024;

function inOnePiece(head: string, body: Uint8Array): Buffer {
  const piece = Buffer.allocUnsafe(head.length + body.length);
  piece.write(head, 0, 'latin1');
  piece.set(body, head.length);
  return piece;
}

/** Where the body's buffer has room for the head. */
function inFront(head: string, { buffer, byteOffset, length }: Uint8Array): Buffer {
  const piece = Buffer.from(buffer, byteOffset - head.length, head.length + length);
  piece.write(head, 0, 'latin1');
  return piece;
}

/** Node's own rule for the values of headers. */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/;

/** Writes answers: head and body in one piece, as text where all of it is ASCII. */
class Answers {
  readonly #now: () => number;
  readonly #keepAlive: string;
  #second = Number.NaN;
  #date = '';

  constructor({ now, keepAliveMs }: LaneOptions) {
    this.#now = now;
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
  }

  write(socket: Socket, { status, headers, body, room = 0 }: WireResponse, last: boolean): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (const name in headers) {
      const value = String(headers[name]);
      if (UNSAFE.test(value)) throw new TypeError(`the header ${name} cannot be sent`);
      head += `${name}: ${value}\r\n`;
    }
    const text = typeof body === 'string';
    const bytes = text ? Buffer.byteLength(body) : (body as Uint8Array).byteLength;
    if (status !== 204 && headers['content-length'] === undefined) head += `content-length: ${bytes}\r\n`;
    head += `Date: ${this.#today()}\r\n`;
    head += last ? 'Connection: close\r\n\r\n' : this.#keepAlive;
    if (text && bytes === body.length) socket.write(head + body, 'latin1');
    else if (!text && room >= head.length) socket.write(inFront(head, body as Uint8Array));
    else if (!text && bytes <= MOST_COPIED) socket.write(inOnePiece(head, body as Uint8Array));
    else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body as Uint8Array | string);
      socket.uncork();
    }
  }

  #today(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    return this.#date;
  }
}
