import { strict as assert } from 'node:assert';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Lambent, startLambent } from 'lambent/testing';

let lambent: Lambent;
before(async () => {
  lambent = await startLambent();
});
after(() => lambent.stop());

const MiB = 1024 * 1024;

/** Sends a whole body of `size` bytes and reads what comes back until the connection ends. */
function post(headers: Readonly<Record<string, string>>, size: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: lambent.port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => {
      socket.end();
      resolve(text);
    });
    socket.on('error', reject);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST / HTTP/1.1\r\nhost: 127.0.0.1:${lambent.port}\r\nconnection: close\r\ncontent-length: ${size}\r\n${lines.join('')}\r\n`,
    );
    socket.write(Buffer.alloc(size, 'x'));
  });
}

test('a body over its protocol limit gets 413 in full, also on a connection that closes', async () => {
  const json = await post(
    { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.PutItem' },
    17 * MiB,
  );
  assert.match(json, /^HTTP\/1\.1 413 /);
  assert.match(json, /"__type":"[^"]*RequestEntityTooLarge/);
  const form = await post({ 'content-type': 'application/x-www-form-urlencoded' }, 5 * MiB);
  assert.match(form, /^HTTP\/1\.1 413 [\s\S]*<Code>RequestEntityTooLarge<\/Code>/);
});
