import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { anonymousMemory, type Started, startServer } from '../support/process.ts';
import { scaled } from '../support/tier.ts';

const MiB = 1024 ** 2;
const SIZE = scaled(200, 100) * MiB;
/** What may lie in sockets, streams and uncollected buffers at once, in MiB: far from {@link SIZE}. */
const SLACK = 60;
const CHUNK = Buffer.alloc(MiB, 'streams through ');

let server: Started;
let s3: S3Client;
before(async () => {
  server = await startServer(['--ephemeral']);
  s3 = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  await s3.send(new CreateBucketCommand({ Bucket: 'streams' }));
});
after(async () => {
  s3.destroy();
  await server.stop();
});

function* chunks(size: number): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += CHUNK.length) yield CHUNK;
}

async function roundTrip(size: number, seen: () => void): Promise<void> {
  const sent = createHash('md5');
  const body = Readable.from(
    (function* () {
      for (const chunk of chunks(size)) {
        seen();
        sent.update(chunk);
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  const place = { Bucket: 'streams', Key: 'k' };
  const { ETag } = await s3.send(new PutObjectCommand({ ...place, Body: body, ContentLength: size }));
  const expected = sent.digest('hex');
  assert.equal(ETag, `"${expected}"`);
  const { Body } = await s3.send(new GetObjectCommand(place));
  const received = createHash('md5');
  let read = 0;
  for await (const chunk of Body as Readable) {
    received.update(chunk);
    if (Math.floor(read / MiB) !== Math.floor((read += chunk.length) / MiB)) seen();
  }
  assert.equal(received.digest('hex'), expected);
}

test('a large object streams in and out without being held in memory', async (t) => {
  const memory = () => anonymousMemory(server.child.pid ?? 0)?.own;
  if (memory() === undefined) return t.skip('needs /proc');
  await roundTrip(8 * MiB, () => {});
  const before = memory() ?? 0;
  let peak = 0;
  await roundTrip(SIZE, () => {
    peak = Math.max(peak, memory() ?? 0);
  });
  assert.ok(peak - before < SLACK, `grew by ${Math.round(peak - before)} MiB for ${SIZE / MiB} MiB`);
});
