import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { WireResponse } from '../wire/protocol.ts';
import { createLane, type Lane } from './lane.ts';

const call = (body: string) =>
  `POST / HTTP/1.1\r\nhost: a\r\nx-amz-target: T.O\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const answerOf = (body: string | Uint8Array): WireResponse => ({
  status: 200,
  headers: { 'x-amzn-requestid': 'id' },
  body,
});

interface Harness {
  readonly lane: Lane;
  readonly handedOver: Socket[];
  readonly errors: unknown[];
  /** The server's ends. */
  readonly taken: Socket[];
  open(): Promise<Socket>;
}

async function harness(
  t: TestContext,
  serve: (body: string) => Promise<WireResponse> | undefined,
): Promise<Harness> {
  const handedOver: Socket[] = [];
  const errors: unknown[] = [];
  const lane = createLane({
    serve: ({ body }) => serve(body.toString()),
    handOver: (socket) => {
      handedOver.push(socket);
      socket.end(`elsewhere: ${(socket.read() as Buffer | null)?.toString()}`);
    },
    onError: (error) => errors.push(error),
    keepAliveMs: 75_000,
    now: () => 1_000,
  });
  const taken: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    taken.push(socket);
    lane.take(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients: Socket[] = [];
  t.after(() => {
    lane.destroy();
    for (const socket of [...clients, ...taken]) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    clients.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { lane, handedOver, errors, taken, open };
}

/** All that comes until the server ends the connection. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
}

async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) text += String((await once(socket, 'data'))[0]);
  return text;
}

test('an answer leaves with its length, the date and the connection kept', async (t) => {
  const { open } = await harness(t, async (body) => answerOf(body));
  const socket = await open();
  socket.write(call('one'));
  assert.equal(
    await readUntil(socket, 'one'),
    'HTTP/1.1 200 OK\r\nx-amzn-requestid: id\r\ncontent-length: 3\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\none',
  );
  socket.destroy();
});

test('text beyond ASCII and bytes are counted in bytes', async (t) => {
  const { open } = await harness(t, async (body) =>
    answerOf(body === 'text' ? 'gr\u00fcn \u20ac' : Buffer.from('gr\u00fcn \u20ac')),
  );
  for (const kind of ['text', 'data']) {
    const socket = await open();
    socket.end(call(kind));
    assert.match(await readAll(socket), /content-length: 9\r\n[\s\S]*\r\n\r\ngr\u00fcn \u20ac$/);
  }
});

test('a head takes the room in front of its body when it fits, and not a byte before it', async (t) => {
  const rooms = { ample: 300, scant: 20 };
  const buffers: Buffer[] = [];
  const { open } = await harness(t, async (kind) => {
    const room = rooms[kind as keyof typeof rooms];
    const buffer = Buffer.from(`${'.'.repeat(300)}${'r'.repeat(room)}a page`);
    buffers.push(buffer);
    return { ...answerOf(buffer.subarray(300 + room)), room };
  });
  for (const kind of ['ample', 'scant']) {
    const socket = await open();
    socket.end(call(kind));
    assert.match(await readAll(socket), /^HTTP\/1\.1 200 OK\r\n[^.]*\r\n\r\na page$/);
  }
  for (const buffer of buffers) assert.equal(buffer.toString('latin1', 0, 300), '.'.repeat(300));
});

test('calls sent ahead are answered one after the other, in order', async (t) => {
  let running = 0;
  const { open } = await harness(t, async (body) => {
    assert.equal(++running, 1);
    await new Promise((resolve) => setTimeout(resolve, body === 'a' ? 20 : 1));
    running--;
    return answerOf(body);
  });
  const socket = await open();
  socket.end(call('a') + call('b') + call('c'));
  const text = await readAll(socket);
  assert.deepEqual(text.match(/\r\n\r\n([abc])/g)?.join(''), '\r\n\r\na\r\n\r\nb\r\n\r\nc');
});

test('answers of one turn leave at its end, or when there are sixteen', async (t) => {
  const ready: (() => void)[] = [];
  const { open, taken } = await harness(
    t,
    (body) => new Promise((resolve) => ready.push(() => resolve(answerOf(body)))),
  );
  const sockets = await Promise.all(Array.from({ length: 19 }, open));
  for (const socket of sockets) socket.write(call('one'));
  while (ready.length < sockets.length) await new Promise((resolve) => setTimeout(resolve, 1));
  const answered = () => taken.filter(({ bytesWritten }) => bytesWritten > 0).length;
  for (const each of ready) each();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(answered(), 16);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered(), 19);
  for (const socket of sockets) socket.destroy();
});

test('a call in two pieces is put together', async (t) => {
  const { open, handedOver } = await harness(t, async (body) => answerOf(body));
  const socket = await open();
  socket.write(call('whole').slice(0, 30));
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write(call('whole').slice(30));
  await readUntil(socket, 'whole');
  assert.equal(handedOver.length, 0);
  socket.destroy();
});

test('a call in many pieces goes elsewhere, with every byte', async (t) => {
  const { open, handedOver } = await harness(t, async (body) => answerOf(body));
  const socket = await open();
  const received = readAll(socket);
  const slow = call('slow');
  socket.setNoDelay(true);
  for (let i = 0; i < slow.length && handedOver.length === 0; i++) {
    socket.write(slow.slice(i, i + 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const text = await received;
  assert.ok(text.length > 'elsewhere: '.length + 8, text);
  assert.ok(`elsewhere: ${slow}`.startsWith(text), text);
});

test('what the lane does not serve goes elsewhere, whole', async (t) => {
  const { open, handedOver } = await harness(t, () => undefined);
  const socket = await open();
  socket.write(call('other'));
  assert.equal(await readAll(socket), `elsewhere: ${call('other')}`);
  assert.equal(handedOver.length, 1);
});

test('a client that sends half a call and no more is let go', async (t) => {
  const { open } = await harness(t, async (body) => answerOf(body));
  const half = await open();
  half.end(call('half').slice(0, 40));
  assert.equal(await readAll(half), '');
  const more = await open();
  more.end(call('one') + call('half').slice(0, 40));
  assert.match(await readAll(more), /\r\n\r\none$/);
});

test('a failure ends the connection and is told; no header can be split', async (t) => {
  const { open, errors } = await harness(t, async (body) => {
    if (body === 'fails') throw new Error('by intent');
    return { status: 200, headers: { x: 'a\r\nset-cookie: b' }, body: '' };
  });
  for (const body of ['fails', 'splits']) {
    const socket = await open();
    socket.write(call(body));
    assert.equal(await readAll(socket), '');
  }
  assert.match(String(errors[0]), /by intent/);
  assert.match(String(errors[1]), /cannot be sent/);
});

test('closing lets the call under way have its answer', async (t) => {
  let release = () => {};
  const { open, lane } = await harness(
    t,
    (body) =>
      new Promise((resolve) => {
        release = () => resolve(answerOf(body));
      }),
  );
  const idle = await open();
  const busy = await open();
  busy.write(call('last'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  lane.close();
  assert.equal(await readAll(idle).catch(() => ''), '');
  release();
  assert.match(await readAll(busy), /Connection: close\r\n\r\nlast$/);
});
