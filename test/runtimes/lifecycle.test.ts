import { strict as assert } from 'node:assert';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRuntimes } from '../../src/runtimes/runtimes.ts';
import { plainProcesses } from '../../src/runtimes/sandbox.ts';
import { isHere } from '../support/programs.ts';
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

bothWays((run, runtimes) => {
  test('ends what runs too long', async () => {
    const spec = specOf(
      code({ 'index.js': "exports.handler = async () => { console.log('on it'); while (true); };" }),
      {
        timeoutMs: 300,
      },
    );
    const result = await run(spec, {}, { requestId: 'r-late' });
    assert.deepEqual(json(result), {
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: r-late Error: Task timed out after 0.30 seconds',
    });
    assert.deepEqual(result.failure, { status: 'timeout' });
    const lines = logged.filter(({ requestId }) => requestId === 'r-late').map(({ text }) => text);
    assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z\tr-late\tINFO\ton it\n$/);
    assert.match(lines[1] ?? '', /^\S+ r-late Task timed out after 0\.30 seconds\n\n$/);
  });

  test('logs belong to their request and are there when it ends', async () => {
    const spec = specOf(
      code({
        'index.js': `exports.handler = async (event) => { console.warn('two\\nlines %j', event); process.stdout.write('raw ' + event); require('child_process').execSync('echo child', { stdio: 'inherit' }); };`,
      }),
    );
    await run(spec, 1, { requestId: 'log-1' });
    const texts = () => logged.filter(({ requestId }) => requestId === 'log-1').map(({ text }) => text);
    assert.match(texts()[0] ?? '', /\tlog-1\tWARN\ttwo\nlines 1\n$/);
    assert.equal(texts()[1], 'raw 1child\n');
  });

  test('runs invocations side by side, each environment one at a time', async () => {
    const spec = specOf(
      code({
        'index.js': `let running = 0; exports.handler = async () => { const now = ++running; await new Promise((r) => setTimeout(r, 60)); running--; return now; };`,
      }),
    );
    const results = await Promise.all(Array.from({ length: 6 }, () => run(spec, {})));
    assert.deepEqual(results.map(json), [1, 1, 1, 1, 1, 1]);
    const environments = new Set(results.map(({ environmentId }) => environmentId));
    assert.ok(environments.size >= 2 && environments.size <= 6);
  });

  test('when there is no room, idle environments make it and others wait', async () => {
    const small = await createRuntimes({
      world,
      folder: join(folder, world.random.uuid()),
      sandbox: runtimes().isolation.sandboxed ? sandbox : plainProcesses('tests'),
      mostEnvironments: 2,
    });
    try {
      const source =
        'exports.handler = async () => { await new Promise((r) => setTimeout(r, 30)); return 1; };';
      const specs = [1, 2, 3].map(() => specOf(code({ 'index.js': source })));
      const wanted = [...specs, ...specs, ...specs];
      const results = await Promise.all(wanted.map((spec) => small.invoke(spec, invocationOf(spec, {}))));
      assert.deepEqual(
        results.map(({ payload }) => Buffer.from(payload).toString()),
        wanted.map(() => '1'),
      );
    } finally {
      await small.close();
    }
  });

  test('a new revision takes new environments, an eviction ends idle ones', async () => {
    const spec = specOf(code({ 'index.js': 'exports.handler = async () => process.pid + Math.random();' }));
    const first = await run(spec, {});
    const second = await run({ ...spec, revision: '2' }, {});
    assert.notEqual(second.environmentId, first.environmentId);
    await runtimes().evict(spec.functionKey);
    assert.notEqual((await run({ ...spec, revision: '2' }, {})).environmentId, second.environmentId);
  });

  test('what has closed has left nothing behind, whatever its environments were at', async () => {
    const own = join(folder, world.random.uuid());
    const closing = await createRuntimes({
      world,
      folder: own,
      sandbox: runtimes().isolation.sandboxed ? sandbox : plainProcesses('tests'),
    });
    const source = 'exports.handler = async (ms) => { await new Promise((r) => setTimeout(r, ms)); };';
    const [idle, busy, starting] = [1, 2, 3].map(() => specOf(code({ 'index.js': source })));
    assert.ok(idle !== undefined && busy !== undefined && starting !== undefined);
    await Promise.all([idle, busy].map((spec) => closing.invoke(spec, invocationOf(spec, 0))));
    const environments = async () =>
      (await readdir(join(own, 'environments'))).filter((name) => /^[0-9a-f]{32}$/.test(name));
    assert.ok((await environments()).length >= 2);
    const cutShort = [busy, starting].map((spec) =>
      assert.rejects(closing.invoke(spec, invocationOf(spec, 60_000)), /the server stops/),
    );
    await closing.close();
    assert.deepEqual(await environments(), []);
    await Promise.all(cutShort);
  });

  test('a credential failure is the invocation’s', async () => {
    const spec = specOf(code({ 'index.js': 'exports.handler = async () => 1;' }), {
      credentials: async () => {
        throw new Error('cannot be assumed');
      },
    });
    await assert.rejects(run(spec, {}), /cannot be assumed/);
  });

  test('runs a program of the user’s own', { skip: isHere('curl') ? false : 'no curl' }, async () => {
    const spec = specOf(
      code(
        {
          bootstrap: `#!/bin/sh
while true; do
headers=/tmp/headers.$$
event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
id=$(grep -i '^lambda-runtime-aws-request-id' "$headers" | tr -d '\\r' | cut -d' ' -f2)
echo "got $event"
curl -sS -o /dev/null -d "{\\"echo\\":$event}" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
`,
        },
        0o755,
      ),
      { runtime: 'provided.al2023', handler: 'x' },
    );
    assert.deepEqual(json(await run(spec, 5)), { echo: 5 });
    assert.deepEqual(json(await run(spec, [6])), { echo: [6] });
  });

  test('says why a program cannot be started', async (context) => {
    if (!runtimes().isolation.sandboxed) return context.skip('only a sandbox tells');
    const provided = (files: Readonly<Record<string, string>>) =>
      run(specOf(code(files), { runtime: 'provided.al2023', handler: 'x' }), {}, { requestId: 'entry' });
    assert.deepEqual(json(await provided({ other: '' })), {
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage:
        "RequestId: entry Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
    });
    const closed = await provided({ bootstrap: '#!/bin/sh\n' });
    assert.deepEqual(json(closed), {
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage: 'RequestId: entry Error: fork/exec /var/task/bootstrap: permission denied',
    });
    assert.equal(closed.failure?.errorType, 'Runtime.InvalidEntrypoint');
  });

  test('ends what holds too much memory', { skip: process.platform !== 'linux' }, async () => {
    const spec = specOf(
      code({
        'index.js':
          'exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(16 << 20, 1)); await new Promise((r) => setTimeout(r, 10)); } };',
      }),
    );
    const result = await run(spec, {});
    assert.equal((json(result) as { errorType: string }).errorType, 'Runtime.OutOfMemory');
    assert.equal(result.maxMemoryMb, 128);
  });
});
