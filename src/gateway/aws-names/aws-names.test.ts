import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { realWorld } from '../../world/real.ts';
import { Authority } from './authority.ts';
import { answerOf, questionOf } from './name-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'lambent-names-'));
after(() => rm(folder, { recursive: true, force: true }));

/** A question for one name, with room for what clients add to it. */
function question(name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = [0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  return Buffer.from([...head, ...labels, 0, 0, type, 0, 1, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]);
}

test('AWS’s names are ours, and no others', () => {
  const answer = answerOf(question('S3.us-east-1.amazonaws.com', 1), '127.76.1.2');
  assert.equal(answer?.readUInt16BE(0), 0x1234);
  assert.equal(answer?.readUInt16BE(2), 0x8180);
  assert.equal(answer?.readUInt16BE(6), 1);
  assert.deepEqual([...(answer?.subarray(-4) ?? [])], [127, 76, 1, 2]);
  assert.equal(answerOf(question('s3.amazonaws.com', 28), '127.76.1.2')?.readUInt16BE(6), 0);
  assert.notEqual(answerOf(question('sts.cn-north-1.amazonaws.com.cn', 1), '127.76.1.2'), undefined);
  for (const name of ['example.com', 'notamazonaws.com', 'amazonaws.com.example.org']) {
    assert.equal(answerOf(question(name, 1), '127.76.1.2'), undefined);
  }
  for (let length = 0; length < 30; length++) {
    assert.doesNotThrow(() => questionOf(question('s3.amazonaws.com', 1).subarray(0, length)));
  }
});

test('the authority vouches for AWS’s names alone, and stays the same', async () => {
  const world = realWorld();
  const authority = await Authority.open(folder, world);
  assert.equal((await Authority.open(folder, world)).pem, authority.pem);
  const own = new X509Certificate(authority.pem);
  assert.equal(own.ca, true);
  assert.equal(own.verify(own.publicKey), true);

  const server = createServer(
    { SNICallback: (name, done) => done(null, authority.contextOf(name)) },
    (socket) => socket.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const open = (servername: string) =>
    new Promise<string>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', servername, ca: authority.pem }, () => {
        resolve(socket.authorized ? 'trusted' : String(socket.authorizationError));
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  try {
    assert.equal(await open('a.b.s3.us-east-1.amazonaws.com'), 'trusted');
    assert.notEqual(await open('example.com'), 'trusted');
  } finally {
    server.close();
  }
});

test('what the authority signs is as RFC 5280 has it', { skip: !hasOpenssl() }, async () => {
  const world = realWorld();
  const authority = await Authority.open(folder, world);
  await writeFile(join(folder, 'ca.pem'), authority.pem);
  const text = execFileSync(
    'openssl',
    ['verify', '-x509_strict', '-CAfile', join(folder, 'ca.pem'), join(folder, 'ca.pem')],
    { encoding: 'utf8' },
  );
  assert.match(text, /OK/);
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
