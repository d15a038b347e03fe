import { strict as assert } from 'node:assert';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startLambent } from 'lambent/testing';
import { signRequest } from '../../src/wire/sigv4-client.ts';
import { seededRandom } from '../../src/world/simulated.ts';
import { scaled } from '../support/tier.ts';
import { badBody, type FuzzedRequest, type Rng, spoil, TARGETS } from './fuzz-cases.ts';

const COUNT = scaled(100_000, 2_000);
const CONNECTIONS = 16;
/** A server that keeps a connection open without answering has hung. */
const PATIENCE_MS = 8_000;

type Outcome = 'answered' | 'closed' | 'hung';

/** Sends raw bytes; `half` closes our side at once, `slow` writes in two parts. */
function deliver(
  port: number,
  bytes: Buffer,
  { manner, method }: FuzzedRequest,
): Promise<{ readonly outcome: Outcome; readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ outcome, status: Number(text.slice(9, 12)) || 0, text });
    };
    const timer = setTimeout(() => finish('hung'), PATIENCE_MS);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (complete(text, method)) finish('answered');
    });
    socket.on('end', () => finish(text === '' ? 'closed' : 'answered'));
    socket.on('error', () => finish(text === '' ? 'closed' : 'answered'));
    socket.on('connect', () => {
      if (manner === 'half') socket.end(bytes);
      else if (manner === 'slow') {
        const cut = bytes.length >> 1;
        socket.write(bytes.subarray(0, cut));
        setTimeout(() => socket.write(bytes.subarray(cut)), 5);
      } else socket.write(bytes);
    });
  });
}

function complete(text: string, method: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  if (method === 'HEAD' || text.startsWith('HTTP/1.1 204 ')) return true;
  const length = /content-length: (\d+)/i.exec(text.slice(0, end));
  return length === null ? /0\r\n\r\n$/.test(text) : text.length >= end + 4 + Number(length[1]);
}

/** The bytes of a request, signed for real half of the time. */
function render(port: number, request: FuzzedRequest): Buffer {
  const headers: Record<string, string> = { ...request.headers, host: `127.0.0.1:${port}` };
  const signed = request.sign
    ? signRequest(
        { method: request.method, path: request.path, query: request.query, headers, body: request.body },
        {
          credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
          region: 'us-east-1',
          service: request.service,
          nowMs: Date.now() + request.skewMs,
        },
      )
    : headers;
  const lines = Object.entries({
    ...signed,
    'content-length': String(request.declaredLength ?? request.body.length),
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const target = request.query === '' ? request.path : `${request.path}?${request.query}`;
  return Buffer.concat([
    Buffer.from(`${request.method} ${target} HTTP/1.1\r\n${lines}\r\n`, 'latin1'),
    request.body,
  ]);
}

test(`${COUNT} malformed requests in every protocol get an error of AWS's or a clean close`, async () => {
  const seed = Number(process.env['LAMBENT_SEED'] ?? Date.now() % 1_000_000_007);
  const random: Rng = seededRandom(seed);
  let internal = '';
  const lambent = await startLambent({
    log: (text) => {
      if (text.includes('internal failure') || text.includes('error:')) internal ||= text;
    },
  });
  const counts: Record<string, number> = {};
  let sent = 0;
  async function worker(): Promise<void> {
    while (sent < COUNT) {
      sent++;
      const target = TARGETS[random.below(TARGETS.length)];
      assert.ok(target);
      const request = spoil(random, target, badBody(random, target));
      const answer = await deliver(lambent.port, render(lambent.port, request), request);
      const shown = `seed ${seed}: ${request.method} ${request.path}?${request.query} ${request.why} → ${answer.outcome} ${answer.text.slice(0, 300)}`;
      assert.notEqual(answer.outcome, 'hung', shown);
      assert.ok(answer.status < 500 || answer.status === 501, shown);
      counts[answer.status || 'closed'] = (counts[answer.status || 'closed'] ?? 0) + 1;
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    const health = await fetch(`${lambent.endpoint}/_lambent/health`);
    assert.equal(health.status, 200, 'the server lives');
    assert.equal(internal, '', `seed ${seed}`);
    assert.ok((counts['400'] ?? 0) > COUNT / 10, `most are refused: ${JSON.stringify(counts)}`);
  } finally {
    await lambent.stop();
  }
});
