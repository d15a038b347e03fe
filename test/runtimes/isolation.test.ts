import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { code, folder, json, sandbox, specOf, suite, world } from '../support/runtimes.ts';

if (sandbox.sandboxed) {
  suite(sandbox, (run, runtimes) => {
    test('sees its own code and nothing of ours', async () => {
      const spec = specOf(
        code({
          'index.js': `const fs = require('fs'); const { execSync } = require('child_process');
const attempt = (f) => { try { return f(); } catch (e) { return e.code ?? e.message; } };
exports.handler = async () => ({
  task: fs.readdirSync('/var/task'), data: attempt(() => fs.readdirSync(${JSON.stringify(folder)})), home: attempt(() => fs.readdirSync(${JSON.stringify(process.env['HOME'] ?? '/home')})),
  shadow: attempt(() => fs.readFileSync('/etc/shadow', 'utf8')), write: attempt(() => fs.writeFileSync('/var/task/x', '')), root: attempt(() => fs.writeFileSync('/x', '')),
  uid: process.getuid(), processes: fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).length, tmp: attempt(() => fs.writeFileSync('/tmp/big', Buffer.alloc(9 << 20))), variables: Object.keys(process.env).filter((n) => /npm|HOME|USER|TOKEN_/.test(n)),
});`,
        }),
        { ephemeralStorageMb: 8 },
      );
      const seen = json(await run(spec, {})) as Record<string, unknown>;
      assert.deepEqual(seen['task'], ['index.js']);
      assert.equal(seen['data'], 'ENOENT');
      assert.ok(
        seen['home'] === 'ENOENT' || (seen['home'] as string[]).every((name) => name.startsWith('.')),
      );
      assert.equal(seen['shadow'], 'ENOENT');
      assert.equal(seen['write'], 'EROFS');
      assert.equal(seen['root'], 'EROFS');
      assert.equal(seen['uid'], 993);
      assert.ok(Number(seen['processes']) <= 3);
      assert.equal(seen['tmp'], 'ENOSPC');
      assert.deepEqual(seen['variables'], []);
    });

    test('a worker that stands by answers in milliseconds and holds only its function', async () => {
      const profile = { runtime: 'nodejs20.x', memoryMb: 192, ephemeralStorageMb: 512 };
      let initMs = Number.POSITIVE_INFINITY;
      // 3–5 ms when the machine is free; a fresh process cannot start in this time even then.
      for (let attempt = 0; attempt < 5 && initMs >= 60; attempt++) {
        runtimes().prepare(profile);
        await world.timers.sleep(400);
        const spec = specOf(
          code({
            'index.js':
              "exports.handler = async () => [require('fs').readdirSync('/var/task'), Object.keys(require.cache)];",
          }),
          profile,
        );
        const result = await run(spec, {});
        assert.deepEqual(json(result), [['index.js'], ['/var/runtime/node.cjs', '/var/task/index.js']]);
        initMs = result.initDurationMs ?? initMs;
      }
      assert.ok(initMs < 60, String(initMs));
    });
  });
} else test('isolation', { skip: sandbox.lack ?? '' }, () => {});
