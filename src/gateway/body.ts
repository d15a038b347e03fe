import type { IncomingMessage } from 'node:http';
import type { OperationModel, ProtocolName, ServiceModel } from '../model/model.ts';

const MiB = 1024 * 1024;

/**
 * The largest buffered body each protocol takes, in bytes; DynamoDB's is 16 MiB, Lambda's zip in base64 nearly 70. A
 * form spells a byte with up to three, so a batch of SQS's or SNS's messages that is just too long is read and told so.
 */
const LIMITS: Readonly<Record<ProtocolName, number>> = {
  json: 16 * MiB,
  'smithy-rpc-v2-cbor': 16 * MiB,
  query: 4 * MiB,
  ec2: MiB,
  'rest-json': 70_167_211,
  'rest-xml': 2 * MiB,
};

export function bodyLimit(protocol: ProtocolName): number {
  return LIMITS[protocol];
}

/** True when the operation's payload reaches its handler as a stream. */
export function streamsBody(model: ServiceModel, operation: OperationModel): boolean {
  if (operation.input === undefined) return false;
  const shape = model.shapes[operation.input.shape];
  const payload = shape?.payload === undefined ? undefined : shape.members?.[shape.payload];
  if (payload === undefined) return false;
  const target = model.shapes[payload.shape];
  return target?.type === 'blob' && (payload.streaming === true || target.streaming === true);
}

const inEvents = new WeakMap<OperationModel, boolean>();

/** True when the operation answers with a stream of events. */
export function answersInEvents(model: ServiceModel, operation: OperationModel): boolean {
  let answer = inEvents.get(operation);
  if (answer === undefined) {
    const members = operation.output === undefined ? {} : model.shapes[operation.output.shape]?.members;
    answer = Object.values(members ?? {}).some(({ shape }) => model.shapes[shape]?.eventstream === true);
    inEvents.set(operation, answer);
  }
  return answer;
}

/** The client went away before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** The body is longer than its protocol allows. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

const EMPTY = new Uint8Array(0);

/** Reads a whole body of at most `limit` bytes. Rejects with {@link BodyTooLarge} or {@link ClientGone}. */
export function readBody(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  const declared = incoming.headers['content-length'];
  if (declared === '0' || (declared === undefined && incoming.headers['transfer-encoding'] === undefined)) {
    incoming.resume();
    return Promise.resolve(EMPTY);
  }
  if (Number(declared) > limit) return Promise.reject(new BodyTooLarge());
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        incoming.removeAllListeners('data');
        incoming.pause();
        reject(new BodyTooLarge());
      } else if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    incoming.on('end', () => resolve(rest === undefined ? (first ?? EMPTY) : Buffer.concat(rest, size)));
    incoming.on('close', () => {
      if (!incoming.complete) reject(new ClientGone());
    });
  });
}
