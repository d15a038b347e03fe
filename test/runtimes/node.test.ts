import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { bothWays, code, json, specOf, world } from '../support/runtimes.ts';

bothWays((run, runtimes) => {
  test('answers, stays warm and shows the context', async () => {
    const spec = specOf(
      code({
        'index.js': `let n = 0;
exports.handler = async (event, context) => ({ n: ++n, event, greeting: process.env.GREETING, key: process.env.AWS_ACCESS_KEY_ID,
id: context.awsRequestId, left: context.getRemainingTimeInMillis(), name: context.functionName, memory: context.memoryLimitInMB,
arn: context.invokedFunctionArn, group: context.logGroupName, trace: process.env._X_AMZN_TRACE_ID, client: context.clientContext });`,
      }),
    );
    const first = await run(spec, { a: 1 }, { requestId: 'r-1', clientContext: '{"custom":{"é":1}}' });
    const answer = json(first) as Record<string, unknown>;
    assert.deepEqual(
      { ...answer, left: undefined },
      {
        n: 1,
        event: { a: 1 },
        greeting: 'hello',
        key: 'ASIA',
        id: 'r-1',
        left: undefined,
        name: 'f',
        memory: '128',
        arn: spec.functionArn,
        group: '/aws/lambda/f',
        trace: 'Root=1-5-6',
        client: { custom: { é: 1 } },
      },
    );
    assert.ok(Number(answer['left']) > 5_000 && Number(answer['left']) <= 10_000);
    assert.ok(first.initDurationMs !== undefined && first.error === undefined);
    assert.ok(first.maxMemoryMb > 10);
    const second = await run(spec, null);
    assert.equal((json(second) as { n: number }).n, 2);
    assert.equal(second.initDurationMs, undefined);
    assert.equal(second.environmentId, first.environmentId);
  });

  test('takes modules, callbacks and values that never come', async () => {
    const esm = specOf(
      code({ 'src/app.mjs': 'export const lambda = async () => import.meta.url.slice(-7);' }),
      { handler: 'src/app.lambda' },
    );
    assert.equal(json(await run(esm, {})), 'app.mjs');
    const typed = specOf(
      code({
        'package.json': '{"type":"module"}',
        'index.js': 'export const handler = (e, c, cb) => setTimeout(cb, 5, null, e);',
      }),
    );
    assert.deepEqual(json(await run(typed, [1, 'ü'])), [1, 'ü']);
    const never = specOf(code({ 'index.js': 'exports.handler = () => new Promise(() => {});' }));
    assert.equal(json(await run(never, {})), null);
    const done = specOf(code({ 'index.js': 'exports.handler = (e, context) => context.done(null, 7);' }));
    assert.equal(json(await run(done, {})), 7);
    assert.equal(json(await run(done, {})), 7);
  });

  test('brings the SDK for require and for import', async () => {
    const cjs = specOf(
      code({
        'index.js':
          "exports.handler = async () => typeof require('@aws-sdk/client-dynamodb').DynamoDBClient;",
      }),
    );
    assert.equal(json(await run(cjs, {})), 'function');
    const esm = specOf(
      code({
        'index.mjs':
          "import { S3Client } from '@aws-sdk/client-s3';\nexport const handler = async () => typeof S3Client;",
      }),
    );
    assert.equal(json(await run(esm, {})), 'function');
  });

  test('reports errors as AWS does', async () => {
    const spec = specOf(
      code({
        'index.js': `exports.handler = async (event) => {
if (event === 'throw') throw new TypeError('no');
if (event === 'text') throw 'just text';
if (event === 'exit') process.exit(3);
if (event === 'crash') { setTimeout(() => { throw new Error('late'); }, 1); await new Promise((r) => setTimeout(r, 1000)); }
return 'fine';
};`,
      }),
    );
    const thrown = await run(spec, 'throw');
    assert.equal(thrown.error, 'Unhandled');
    const { trace, ...rest } = json(thrown) as { trace: string[] };
    assert.deepEqual(rest, { errorType: 'TypeError', errorMessage: 'no' });
    assert.equal(trace[0], 'TypeError: no');
    assert.deepEqual(json(await run(spec, 'text')), {
      errorType: 'string',
      errorMessage: 'just text',
      trace: [],
    });
    const exited = await run(spec, 'exit', { requestId: 'r-exit' });
    assert.deepEqual(json(exited), {
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: r-exit Error: Runtime exited with error: exit status 3',
    });
    assert.deepEqual(exited.failure, { status: 'error', errorType: 'Runtime.ExitError' });
    assert.equal(((await json(await run(spec, 'crash'))) as { errorMessage: string }).errorMessage, 'late');
    assert.equal(json(await run(spec, 'again')), 'fine');
  });

  test('time begins when the function does, not with its start', async () => {
    const slow = specOf(
      code({
        'index.mjs':
          'await new Promise((r) => setTimeout(r, 600)); export const handler = async (e, c) => c.getRemainingTimeInMillis();',
      }),
      { timeoutMs: 1_000 },
    );
    const left = Number(json(await run(slow, {})));
    assert.ok(left > 700 && left <= 1_000, String(left));
  });

  test('reports a start that fails', async () => {
    const absent = await run(specOf(code({ 'other.js': '' })), {});
    assert.equal((json(absent) as { errorType: string }).errorType, 'Runtime.ImportModuleError');
    assert.match(
      (json(absent) as { errorMessage: string }).errorMessage,
      /^Error: Cannot find module 'index'/,
    );
    const unnamed = await run(specOf(code({ 'index.js': 'exports.other = 1;' })), {});
    assert.deepEqual(
      (json(unnamed) as { errorMessage: string }).errorMessage,
      'index.handler is undefined or not exported',
    );
    const { trace } = json(unnamed) as { trace: string[] };
    assert.equal(trace[0], 'Runtime.HandlerNotFound: index.handler is undefined or not exported');
    assert.match(trace[1] ?? '', /^ {4}at /);
    // The invocation that waited for the start is named, as if it had been run.
    const gone = await run(specOf(code({ 'index.js': 'process.exit(2);' })), {}, { requestId: 'gone' });
    assert.deepEqual(json(gone), {
      errorType: 'Runtime.ExitError',
      errorMessage: 'RequestId: gone Error: Runtime exited with error: exit status 2',
    });
    const broken = await run(specOf(code({ 'index.js': 'exports.handler = (' })), {});
    assert.equal((json(broken) as { errorType: string }).errorType, 'Runtime.UserCodeSyntaxError');
  });

  test('old clients that call AWS’s hosts reach the endpoint', async () => {
    const server = createServer((request, response) =>
      response.end(`${request.headers.host} ${request.url}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const plain = specOf(
      code({
        'index.js': `const https = require('https');
const read = (...args) => new Promise((resolve, reject) => https.get(...args, (r) => { let t = ''; r.on('data', (d) => { t += d; }).on('end', () => resolve(t)); }).on('error', reject));
exports.handler = async () => [await read('https://sqs.eu-west-1.amazonaws.com/a?b=c'), await read({ host: 'b.s3.amazonaws.com', path: '/k', agent: new https.Agent() })];`,
      }),
    );
    const spec = {
      ...plain,
      environment: (id: string) => ({
        ...plain.environment(id, 'on-demand'),
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      }),
    };
    try {
      assert.deepEqual(json(await run(spec, {})), [
        'sqs.eu-west-1.amazonaws.com /a?b=c',
        'b.s3.amazonaws.com /k',
      ]);
    } finally {
      server.close();
    }
  });

  test('carries megabytes both ways', async () => {
    const spec = specOf(code({ 'index.js': 'exports.handler = async (event) => event + event;' }), {
      memoryMb: 512,
    });
    const text = 'ä'.repeat(1_000_000);
    assert.equal((json(await run(spec, text)) as string).length, 2_000_000);
  });

  test('shows the virtual time', async () => {
    const spec = specOf(
      code({
        'index.js': `exports.handler = async (e, c) => ({ now: Date.now(), made: new Date().getTime(), is: new Date(0) instanceof Date, text: Date().slice(-30), left: c.getRemainingTimeInMillis() });`,
      }),
    );
    await run(spec, {});
    world.clock.setOffset(86_400_000);
    try {
      const seen = json(await run(spec, {})) as { now: number; made: number; is: boolean; left: number };
      assert.ok(Math.abs(seen.now - world.clock.now()) < 5_000);
      assert.ok(Math.abs(seen.made - world.clock.now()) < 5_000);
      assert.equal(seen.is, true);
      assert.ok(seen.left > 0 && seen.left <= 10_000);
    } finally {
      world.clock.setOffset(0);
    }
  });

  test('a layer is under the code, the later over the earlier', async () => {
    const one = code({
      'nodejs/node_modules/a/index.js': 'module.exports = 1',
      'nodejs/node_modules/b/index.js': 'module.exports = 1',
    });
    const two = code({ 'nodejs/node_modules/b/index.js': 'module.exports = 2' });
    const spec = specOf(code({ 'index.js': "exports.handler = async () => [require('a'), require('b')];" }), {
      layerFolders: [one, two],
    });
    assert.deepEqual(json(await run(spec, {})), [1, 2]);
  });

  test('environments that cannot be kept are given up, and do not keep the server from anything else', async () => {
    let asked = 0;
    const credentials = () => {
      // A loop that nothing ends would take the test with it.
      if (++asked > 10_000) process.exit(1);
      return Promise.reject(new Error('no such role'));
    };
    const spec = specOf(code({ 'index.js': 'exports.handler = async () => 1;' }), { credentials });
    runtimes().keepReady(spec, 64);
    const patience = AbortSignal.timeout(10_000);
    while (!runtimes().kept(spec.functionKey).failed) {
      patience.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(asked <= 64);
    runtimes().keepReady(spec, 0);
  });

  test('a layer has modules of its own for one major of Node.js', async () => {
    const layer = code({
      'nodejs/node_modules/a/index.js': 'module.exports = 1',
      'nodejs/node20/node_modules/a/index.js': 'module.exports = 20',
      'nodejs/node22/node_modules/a/index.js': 'module.exports = 22',
    });
    for (const major of [20, 22]) {
      const spec = specOf(code({ 'index.js': "exports.handler = async () => require('a');" }), {
        runtime: `nodejs${major}.x`,
        layerFolders: [layer],
      });
      assert.equal(json(await run(spec, {})), major);
    }
  });
});
