import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { bothWays, code, json, logged, specOf, world } from '../support/runtimes.ts';

/** What the extensions of a test report, in order. */
const heard: string[] = [];
const listener = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    heard.push(Buffer.concat(parts).toString());
    response.end();
  });
});
let report = '';

before(async () => {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  report = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
});
after(() => listener.close());

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !condition(); attempt++) await world.timers.sleep(20);
  assert.ok(condition(), `heard ${JSON.stringify(heard)}`);
}

/** Node as a function's own programs find it. */
function node(sandboxed: boolean): string {
  return sandboxed && !process.execPath.startsWith('/usr/') ? '/var/lang/bin/node' : process.execPath;
}

/** A program that registers for `events` and tells the listener of each. */
function extension(name: string, events: readonly string[], sandboxed: boolean): string {
  return `#!${node(sandboxed)}
const http = require('node:http');
function call(method, address, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(address, { method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension';
(async () => {
  const registered = await call('POST', api + '/register', { 'Lambda-Extension-Name': '${name}' }, JSON.stringify({ events: ${JSON.stringify(events)} }));
  const headers = { 'Lambda-Extension-Identifier': registered.headers['lambda-extension-identifier'] };
  console.log('started ${name}');
  for (;;) {
    const { text } = await call('GET', api + '/event/next', headers);
    await call('POST', process.env.REPORT, {}, '${name} ' + text);
    if (text.includes('SHUTDOWN')) return;
  }
})();
`;
}

bothWays((run, runtimes) => {
  test('extensions hear of each invocation and of the end', async () => {
    heard.length = 0;
    const { sandboxed } = runtimes().isolation;
    const layer = code(
      {
        'extensions/one': extension('one', ['INVOKE', 'SHUTDOWN'], sandboxed),
        'extensions/two': extension('two', [], sandboxed),
      },
      0o755,
    );
    const plain = specOf(
      code({
        'index.js': `process.on('SIGTERM', () => { console.log('terminated'); process.exit(0); }); exports.handler = async (event) => event;`,
      }),
      { layerFolders: [layer] },
    );
    const spec = {
      ...plain,
      environment: (id: string) => ({ ...plain.environment(id), REPORT: report }),
    };
    assert.equal(json(await run(spec, 1, { requestId: 'ext-1' })), 1);
    assert.equal(json(await run(spec, 2, { requestId: 'ext-2' })), 2);
    await until(() => heard.length >= 2);
    const events = () => heard.map((text) => JSON.parse(text.slice(text.indexOf('{'))));
    const [first, second] = events();
    assert.ok(heard.every((text) => text.startsWith('one ')));
    assert.deepEqual(
      { ...first, deadlineMs: 0 },
      {
        eventType: 'INVOKE',
        deadlineMs: 0,
        requestId: 'ext-1',
        invokedFunctionArn: spec.functionArn,
        tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-5-6' },
      },
    );
    assert.ok(Math.abs(first.deadlineMs - Date.now() - 10_000) < 5_000);
    assert.equal(second.requestId, 'ext-2');
    assert.ok(logged.some(({ text }) => text === 'started two\n'));
    // Frozen by now, it is woken for its end.
    await world.timers.sleep(450);
    await runtimes().evict(spec.functionKey);
    await until(() => heard.length >= 3);
    assert.equal(events()[2].shutdownReason, 'spindown');
    await until(() => logged.some(({ text }) => /\tINFO\tterminated\n$/.test(text)));
    logged.length = 0;
  });
});
