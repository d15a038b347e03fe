import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Lambent, startLambent } from 'lambent/testing';
import { dynamodbCall, plainRequest, signedRequest } from '../support/signed.ts';

let lambent: Lambent;
let list: Buffer;
before(async () => {
  lambent = await startLambent();
  list = signedRequest(lambent.port, lambent.credentials, dynamodbCall('ListTables', {}));
});
after(() => lambent.stop());

async function open(): Promise<Socket> {
  const socket = connect({ port: lambent.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setEncoding('latin1');
  await once(socket, 'connect');
  return socket;
}

async function exchange(socket: Socket, request: Buffer | string, end: RegExp): Promise<string> {
  socket.write(request);
  let text = '';
  while (!end.test(text)) text += String((await once(socket, 'data'))[0]);
  return text;
}

const LISTED = /\{"TableNames":\[\]\}$/;
const page = () =>
  plainRequest('GET', '/_lambent/inbox', { host: '127.0.0.1', accept: 'application/json' }, '');

test('a connection serves calls, then anything else, then calls again', async () => {
  const socket = await open();
  assert.match(await exchange(socket, list, LISTED), /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(await exchange(socket, page(), /\r\n\r\n[\s\S]+$/), /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(await exchange(socket, list, LISTED), /^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});

test('a call and another request in one piece are both answered, in order', async () => {
  const socket = await open();
  const text = await exchange(
    socket,
    Buffer.concat([list, page(), list]),
    /TableNames[\s\S]*TableNames":\[\]\}$/,
  );
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 3);
  socket.destroy();
});

test('a call that trickles in is answered all the same', async () => {
  const socket = await open();
  socket.setNoDelay(true);
  const answered = exchange(socket, '', LISTED);
  for (let at = 0; at < list.length; at += 40) {
    socket.write(list.subarray(at, at + 40));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.match(await answered, /^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});

test('a client that asks to continue, or to close, is heard', async () => {
  const patient = await open();
  const text = list.toString('latin1');
  const asking = text.replace('content-length', 'expect: 100-continue\r\ncontent-length');
  assert.match(await exchange(patient, asking, LISTED), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  patient.destroy();
  const last = await open();
  const ended = once(last, 'end');
  await exchange(last, text.replace('content-length', 'connection: close\r\ncontent-length'), LISTED);
  await ended;
  last.end();
});

test('an unknown target and a broken signature get their errors', async () => {
  const socket = await open();
  const text = list.toString('latin1');
  const forged = text.replace(/Signature=./, 'Signature=g');
  assert.match(
    await exchange(socket, forged, /\}$/),
    /^HTTP\/1\.1 400 [\s\S]*InvalidSignatureException|IncompleteSignature/,
  );
  assert.match(
    await exchange(socket, text.replace('ListTables', 'Nothing'), /\}$/),
    /^HTTP\/1\.1 400 [\s\S]*UnknownOperationException/,
  );
  socket.destroy();
});
