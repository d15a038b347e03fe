import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { ServiceModel } from '../model/model.ts';
import { eventBody, eventEncoder, eventMessage } from './event-stream.ts';
import { structureEncoder } from './json-encode.ts';

const MODEL = {
  name: 'example',
  shapes: {
    Events: {
      type: 'structure',
      eventstream: true,
      members: {
        Chunk: { shape: 'Chunk' },
        Progress: { shape: 'Progress' },
        End: { shape: 'End' },
        Broken: { shape: 'Broken' },
      },
    },
    Chunk: { type: 'structure', event: true, members: { Bytes: { shape: 'Blob', eventpayload: true } } },
    Progress: {
      type: 'structure',
      event: true,
      members: { Part: { shape: 'String', eventheader: true }, Done: { shape: 'Integer' } },
    },
    End: { type: 'structure', event: true, members: {} },
    Broken: { type: 'structure', exception: true, members: { message: { shape: 'String' } } },
    Blob: { type: 'blob' },
    String: { type: 'string' },
    Integer: { type: 'integer' },
  },
} as unknown as ServiceModel;

const encode = eventEncoder(MODEL, MODEL.shapes['Events'] as never, {
  contentType: 'application/json',
  structure: (model, _ref, members) => structureEncoder(model, members),
});

/** Takes a message apart and checks its lengths and checksums. */
function read(message: Buffer): { headers: Record<string, string>; payload: string } {
  assert.equal(message.readUInt32BE(0), message.length);
  assert.equal(message.readUInt32BE(8), crc32(message.subarray(0, 8)));
  assert.equal(message.readUInt32BE(message.length - 4), crc32(message.subarray(0, -4)));
  const headers: Record<string, string> = {};
  const end = 12 + message.readUInt32BE(4);
  for (let at = 12; at < end; ) {
    const nameEnd = at + 1 + message.readUInt8(at);
    const name = message.toString('utf8', at + 1, nameEnd);
    assert.equal(message.readUInt8(nameEnd), 7);
    const valueEnd = nameEnd + 3 + message.readUInt16BE(nameEnd + 1);
    headers[name] = message.toString('utf8', nameEnd + 3, valueEnd);
    at = valueEnd;
  }
  return { headers, payload: message.toString('utf8', end, message.length - 4) };
}

test('a message without anything is its two lengths and two checksums', () => {
  // The format's own example of an empty message.
  assert.equal(eventMessage({}, new Uint8Array(0)).toString('hex'), '000000100000000005c248eb7d98c8ff');
});

test('events are told by their headers', () => {
  assert.deepEqual(read(encode({ Chunk: { Bytes: Buffer.from('ü') } })), {
    headers: {
      ':event-type': 'Chunk',
      ':message-type': 'event',
      ':content-type': 'application/octet-stream',
    },
    payload: 'ü',
  });
  assert.deepEqual(read(encode({ Chunk: undefined, Progress: { Part: 'é', Done: 3 } })), {
    headers: {
      ':event-type': 'Progress',
      ':message-type': 'event',
      ':content-type': 'application/json',
      Part: 'é',
    },
    payload: '{"Done":3}',
  });
  assert.deepEqual(read(encode({ End: {} })), {
    headers: { ':event-type': 'End', ':message-type': 'event' },
    payload: '',
  });
  assert.deepEqual(read(encode({ Broken: { message: 'no' } })), {
    headers: {
      ':exception-type': 'Broken',
      ':message-type': 'exception',
      ':content-type': 'application/json',
    },
    payload: '{"message":"no"}',
  });
});

test('a body ends with its events, and fails with them', async () => {
  async function* events(fails: boolean): AsyncGenerator<unknown> {
    yield { End: {} };
    if (fails) throw new Error('cut');
    yield { End: {} };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of eventBody(encode, events(false))) chunks.push(chunk as Buffer);
  assert.equal(Buffer.concat(chunks).length, 2 * encode({ End: {} }).length);
  await assert.rejects(async () => {
    for await (const _chunk of eventBody(encode, events(true)));
  }, /cut/);
});
