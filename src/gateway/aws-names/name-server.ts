import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server } from 'node:net';
import type { Cancel, World } from '../../world/world.ts';

const AWS_NAME = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;
const PORT = 53;
const HEADER_BYTES = 12;
const TYPE_A = 1;
const TTL_SECONDS = 60;
const FORWARD_MS = 5_000;

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends. */
  readonly end: number;
}

/** The first question of a message; undefined when it is none. RFC 1035, 4.1 */
export function questionOf(message: Buffer): Question | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(4) === 0) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at), end: at + 4 };
}

/** `address` for AWS's names, and for nothing but IPv4; undefined for names that are not AWS's. */
export function answerOf(message: Buffer, address: string): Buffer | undefined {
  const question = questionOf(message);
  if (question === undefined || !AWS_NAME.test(question.name)) return undefined;
  const answers = question.type === TYPE_A ? 1 : 0;
  const head = Buffer.from(message.subarray(0, question.end));
  // An answer, as recursive as it was asked for; one question, nothing else.
  head.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x7900), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers, 6);
  head.writeUInt32BE(0, 8);
  if (answers === 0) return head;
  const record = Buffer.alloc(16);
  // The name stands where the question has it.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_SECONDS, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(record, 12);
  return Buffer.concat([head, record]);
}

/**
 * A resolver for sandboxes: AWS's names are `address`, all others are asked of the machine's own name server, each
 * from a socket of its own. RFC 1035, RFC 7766.
 */
export class NameServer {
  readonly #world: World;
  readonly #address: string;
  readonly #upstream: string | undefined;
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly #asking = new Set<() => void>();

  private constructor(world: World, address: string, upstream: string | undefined) {
    this.#world = world;
    this.#address = address;
    this.#upstream = upstream;
    this.#udp = createSocket('udp4');
    this.#udp.on('message', (message, from) => {
      const answer = answerOf(message, address);
      if (answer !== undefined) this.#udp.send(answer, from.port, from.address);
      else this.#forward(message, (reply) => this.#udp.send(reply, from.port, from.address));
    });
    this.#tcp = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (first: Buffer) => {
        const answer = first.length > 2 ? answerOf(first.subarray(2), address) : undefined;
        if (answer !== undefined) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          socket.end(Buffer.concat([length, answer]));
        } else if (upstream === undefined) socket.destroy();
        else {
          const ahead = connect(PORT, upstream);
          ahead.on('error', () => socket.destroy());
          socket.on('close', () => ahead.destroy());
          ahead.write(first);
          socket.pipe(ahead).pipe(socket);
        }
      });
    });
  }

  /** Rejects when the port is taken, or not this process's to take. */
  static async listen(world: World, address: string, upstream: string | undefined): Promise<NameServer> {
    const server = new NameServer(world, address, upstream);
    await server.#listen();
    return server;
  }

  async #listen(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#udp.once('error', reject);
        this.#udp.bind(PORT, this.#address, resolve);
      });
      await new Promise<void>((resolve, reject) => {
        this.#tcp.once('error', reject);
        this.#tcp.listen(PORT, this.#address, resolve);
      });
    } catch (error) {
      this.close();
      throw error;
    }
    // Somebody who has gone, or a name server that has: the one who asked asks again.
    this.#udp.on('error', () => {});
    this.#udp.unref();
    this.#tcp.unref();
  }

  #forward(message: Buffer, reply: (answer: Buffer) => void): void {
    if (this.#upstream === undefined) return;
    const socket = createSocket(this.#upstream.includes(':') ? 'udp6' : 'udp4');
    let cancel: Cancel | undefined;
    const end = () => {
      cancel?.();
      if (this.#asking.delete(end)) socket.close();
    };
    this.#asking.add(end);
    cancel = this.#world.timers.after(FORWARD_MS, end);
    socket.on('error', end);
    socket.connect(PORT, this.#upstream, () => socket.send(message));
    socket.on('message', (answer: Buffer) => {
      reply(answer);
      end();
    });
  }

  close(): void {
    for (const end of this.#asking) end();
    this.#udp.close();
    this.#tcp.close();
  }
}
