import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRuntimes } from '../../src/runtimes/runtimes.ts';
import { plainProcesses } from '../../src/runtimes/sandbox.ts';
import type { EnvironmentSpec } from '../../src/service/runtimes.ts';
import {
  bothWays,
  code,
  folder,
  invocationOf,
  json,
  logged,
  sandbox,
  specOf,
  world,
} from '../support/runtimes.ts';

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

/** A program that registers for `events` and tells the listener of each; `more` runs once it has registered. */
function extension(name: string, events: readonly string[], sandboxed: boolean, more = ''): string {
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
  ${more}
  for (;;) {
    const { text } = await call('GET', api + '/event/next', headers);
    await call('POST', process.env.REPORT, {}, '${name} ' + text);
    if (text.includes('SHUTDOWN')) process.exit(0);
  }
})();
`;
}

const subscribe = (wish: string) =>
  `await call('PUT', 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2022-07-01/telemetry', headers, JSON.stringify(${wish}))`;

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
      environment: (id: string) => ({ ...plain.environment(id, 'on-demand'), REPORT: report }),
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

  /** A function with one extension, which tells the listener what it hears. */
  function accompanied(source: string, more = '', options: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
    const { sandboxed } = runtimes().isolation;
    const layer = code({ 'extensions/one': extension('one', ['SHUTDOWN'], sandboxed, more) }, 0o755);
    const spec = specOf(code({ 'index.js': source }), { layerFolders: [layer], ...options });
    return { ...spec, environment: (id) => ({ ...spec.environment(id, 'on-demand'), REPORT: report }) };
  }
  const reasons = () =>
    heard
      .filter((text) => text.includes('SHUTDOWN'))
      .map((text) => /"shutdownReason":"(\w+)"/.exec(text)?.[1]);

  test('extensions hear why the environment ends', async () => {
    heard.length = 0;
    const late = accompanied(
      'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 60_000));',
      '',
      {
        timeoutMs: 1_000,
      },
    );
    assert.deepEqual((await run(late, {})).failure, { status: 'timeout' });
    await until(() => reasons().length === 1);
    assert.deepEqual(reasons(), ['timeout']);
    const crashing = accompanied('exports.handler = () => process.exit(3);');
    assert.deepEqual(json(await run(crashing, {}, { requestId: 'crash-1' })), {
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: crash-1 Error: Runtime exited with error: exit status 3',
    });
    await until(() => reasons().length === 2);
    assert.deepEqual(reasons(), ['timeout', 'failure']);
    // The next one finds a new environment.
    assert.equal((await run(crashing, {})).error, 'Unhandled');
  });

  test('an extension that ends takes the environment with it', async () => {
    const early = accompanied('exports.handler = async () => 1;', 'process.exit(7);');
    assert.deepEqual(json(await run(early, {}, { requestId: 'ext-early' })), {
      errorType: 'Extension.Crash',
      errorMessage: 'RequestId: ext-early Error: exit code 7',
    });
    const later = accompanied(
      'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 60_000));',
      'setTimeout(() => process.exit(8), 1_000);',
    );
    const result = await run(later, {}, { requestId: 'ext-crash' });
    assert.deepEqual(json(result), {
      errorType: 'Extension.Crash',
      errorMessage: 'RequestId: ext-crash Error: exit code 8',
    });
    assert.deepEqual(result.failure, { status: 'error', errorType: 'Extension.Crash' });
    const failing = accompanied(
      'exports.handler = async () => 1;',
      `await call('POST', api + '/init/error', { ...headers, 'Lambda-Extension-Function-Error-Type': 'Extension.NoKey' }, '{}');`,
    );
    assert.deepEqual(json(await run(failing, {}, { requestId: 'ext-init' })), {
      errorType: 'Extension.InitError',
      errorMessage: 'RequestId: ext-init Error: Extension.NoKey',
    });
  });

  test('subscribers are told of starts, invocations and what is written', async () => {
    heard.length = 0;
    const port = 20_000 + world.random.below(20_000);
    const spec = accompanied(
      `exports.handler = async (event) => { console.log('says ' + event); if (event === 3) throw new Error('bad'); return event; };`,
      `const refused = ${subscribe("{ schemaVersion: '2022-12-13', types: [], destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain' } }")};
  await call('POST', process.env.REPORT, {}, 'refused ' + refused.text);
  const elsewhere = ${subscribe(`{ schemaVersion: '2022-12-13', types: ['platform'], destination: { protocol: 'HTTP', URI: 'http://127.0.0.1:${port}/' } }`)};
  await call('POST', process.env.REPORT, {}, 'refused ' + elsewhere.text);
  const logs = await call('PUT', 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-08-15/logs', headers, '{}');
  await call('POST', process.env.REPORT, {}, 'refused ' + logs.text);
  await new Promise((resolve) => http.createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', async () => { response.end(); await call('POST', process.env.REPORT, {}, 'events ' + text); });
  }).listen(${port}, ${runtimes().isolation.sandboxed ? "'sandbox.localdomain'" : "'127.0.0.1'"}, resolve));
  const subscribed = ${subscribe(`{ schemaVersion: '2022-12-13', types: ['platform', 'function', 'extension'], buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 }, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:${port}/in?x=1' } }`)};
  await call('POST', process.env.REPORT, {}, 'subscribed ' + subscribed.text);
  console.log('listens');`,
    );
    await run(spec, 1, { requestId: 'told-1' });
    await run(spec, 3, { requestId: 'told-2' });
    const events = () =>
      heard
        .filter((text) => text.startsWith('events '))
        .flatMap((text) => JSON.parse(text.slice(7)) as { time: string; type: string; record: Facts }[]);
    await until(() => events().filter(({ type }) => type === 'platform.report').length === 2);
    const refusals = heard
      .filter((text) => text.startsWith('refused '))
      .map((text) => JSON.parse(text.slice(8)));
    assert.deepEqual(refusals, [
      { errorType: 'ValidationError', errorMessage: 'types should not be empty; URI port is not provided' },
      { errorType: 'ValidationError', errorMessage: 'URI host should be sandbox.localdomain' },
      { errorType: 'Logs.NotSupported', errorMessage: 'Logs API is not supported' },
    ]);
    assert.ok(heard.includes('subscribed "OK"'));
    const of = (type: string) => events().filter((event) => event.type === type);
    assert.deepEqual(
      events()
        .map(({ type }) => type)
        .filter((type) => type.startsWith('platform.init') || type === 'platform.telemetrySubscription'),
      [
        'platform.initStart',
        'platform.telemetrySubscription',
        'platform.initRuntimeDone',
        'platform.initReport',
      ],
    );
    assert.deepEqual(of('platform.telemetrySubscription')[0]?.record, {
      name: 'one',
      state: 'Subscribed',
      types: ['platform', 'function', 'extension'],
    });
    assert.deepEqual(of('platform.start')[0]?.record, {
      requestId: 'told-1',
      version: '$LATEST',
      tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-5-6' },
    });
    assert.deepEqual(
      of('platform.runtimeDone').map(({ record }) => [record['requestId'], record['status']]),
      [
        ['told-1', 'success'],
        ['told-2', 'error'],
      ],
    );
    const metrics = of('platform.report')[0]?.record['metrics'] as Record<string, number>;
    assert.equal(metrics['memorySizeMB'], 128);
    assert.ok(Number(metrics['billedDurationMs']) >= Number(metrics['durationMs']));
    assert.ok(Number(metrics['initDurationMs']) > 0);
    assert.match(String(of('function')[0]?.record), /^\S+Z\ttold-1\tINFO\tsays 1$/);
    assert.ok(of('extension').some(({ record }) => String(record) === 'listens'));
    assert.ok(logged.some(({ text }) => text === 'listens\n'));
    await runtimes().evict(spec.functionKey);
  });

  test('environments listen for telemetry on one port apart from each other', async (context) => {
    if (!runtimes().isolation.sandboxed) return context.skip('they share one address without a sandbox');
    heard.length = 0;
    const port = 20_000 + world.random.below(20_000);
    const spec = accompanied(
      'exports.handler = async (event) => { await new Promise((r) => setTimeout(r, 600)); console.log(event); };',
      `await new Promise((resolve) => http.createServer((request, response) => {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', async () => { response.end(); await call('POST', process.env.REPORT, {}, 'of ' + process.env.AWS_LAMBDA_LOG_STREAM_NAME + ' ' + text); });
  }).listen(${port}, 'sandbox.localdomain', resolve));
  ${subscribe(`{ schemaVersion: '2022-12-13', types: ['function'], buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 }, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:${port}/' } }`)};`,
    );
    const [one, two] = await Promise.all([run(spec, 'first'), run(spec, 'second')]);
    assert.notEqual(one?.environmentId, two?.environmentId);
    await until(() => heard.filter((text) => text.startsWith('of ')).length === 2);
    for (const [result, said] of [
      [one, 'first'],
      [two, 'second'],
    ] as const) {
      const own = heard.find((text) => text.startsWith(`of ${result?.environmentId} `));
      assert.ok(own?.includes(`\\tINFO\\t${said}`), String(heard));
    }
    await runtimes().evict(spec.functionKey);
  });

  test('at the end of the server extensions of busy functions hear of it too', async () => {
    heard.length = 0;
    logged.length = 0;
    const sandboxed = runtimes().isolation.sandboxed;
    const ending = await createRuntimes({
      world,
      folder: join(folder, `ending-${sandboxed}`),
      sandbox: sandboxed ? sandbox : plainProcesses('tests'),
    });
    const spec = accompanied(
      "exports.handler = () => { console.log('at work'); return new Promise(() => setInterval(() => {}, 1000)); };",
    );
    const busy = assert.rejects(ending.invoke(spec, invocationOf(spec, {})), /the server stops/);
    await until(() => logged.some(({ text }) => text.endsWith('\tat work\n')));
    await ending.close();
    await busy;
    assert.ok(
      heard.some((text) => text.includes('"SHUTDOWN"')),
      String(heard),
    );
  });
});

type Facts = Readonly<Record<string, unknown>>;
