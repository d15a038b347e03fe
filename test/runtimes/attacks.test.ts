import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { isHere } from '../support/programs.ts';
import { bothWays, code, folder, json, sandbox, specOf, suite, world } from '../support/runtimes.ts';

/** Processes of this machine whose command line holds `mark`. */
function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark);
      } catch {
        return false;
      }
    });
}

async function gone(mark: string): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (processesWith(mark).length === 0) return true;
    await world.timers.sleep(20);
  }
  return false;
}

/** Ticks of processor time that a process has used. proc(5) */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const skip = process.platform === 'linux' ? false : 'needs /proc';

if (sandbox.sandboxed) {
  suite(sandbox, (run, runtimes) => {
    test('finds nothing of another function, of ours, or of the user', async () => {
      const secret = `secret-${world.random.uuid()}`;
      const victim = specOf(
        code({
          'index.js': `require('fs').writeFileSync('/tmp/own', '${secret}'); exports.handler = async () => '${secret}';`,
        }),
      );
      const victimSpec = {
        ...victim,
        environment: (id: string) => ({ ...victim.environment(id, 'on-demand'), SECRET: secret }),
      };
      await run(victimSpec, {});
      const attacker = specOf(
        code({
          'index.js': `const fs = require('fs'); const path = require('path');
const seen = [];
const look = (file) => { try { if (fs.statSync(file).size < 1 << 20 && fs.readFileSync(file, 'latin1').includes(process.env.WANTED)) seen.push(file); } catch {} };
const walk = (at, depth) => { let entries = []; try { entries = fs.readdirSync(at, { withFileTypes: true }); } catch { return; }
  for (const e of entries) { const f = path.join(at, e.name); if (e.isDirectory()) { if (depth > 0) walk(f, depth - 1); } else if (e.isFile()) look(f); } };
exports.handler = async () => {
  for (const at of ['/tmp', '/var', '/home', '/root', '/run', '/mnt', '/opt', '/dev/shm', process.env.DATA]) walk(at, 6);
  const pids = fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n));
  const environments = pids.map((pid) => { try { return fs.readFileSync('/proc/' + pid + '/environ', 'latin1'); } catch (e) { return ''; } }).join();
  const roots = pids.map((pid) => { try { return fs.readdirSync('/proc/' + pid + '/root' + process.env.DATA); } catch (e) { return e.code; } });
  const threads = new Set(fs.readdirSync('/proc/self/task')); const kills = []; for (let pid = 2; pid < 70; pid++) { if (threads.has(String(pid))) continue; try { process.kill(pid, 0); kills.push(pid); } catch {} }
  return { seen, leaks: environments.includes(process.env.LEAK), roots, commands: pids.map((pid) => { try { return fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1').split('\\0')[0]; } catch { return ''; } }), kills };
};`,
        }),
      );
      const seen = json(
        await run(
          {
            ...attacker,
            environment: (id) => ({
              ...attacker.environment(id, 'on-demand'),
              WANTED: secret.slice(1),
              LEAK: secret.slice(2),
              DATA: folder,
            }),
          },
          {},
        ),
      ) as { seen: string[]; leaks: boolean; roots: unknown[]; commands: string[]; kills: number[] };
      assert.deepEqual(seen.seen, []);
      assert.ok(seen.roots.every((root) => root === 'ENOENT' || root === 'EACCES'));
      assert.deepEqual(seen.kills, []);
      assert.equal(seen.commands.length, 2);
      assert.equal(runtimes().isolation.sandboxed, true);
    });

    test('cannot take more than its /tmp', async () => {
      const spec = specOf(
        code({
          'index.js': `const fs = require('fs');
exports.handler = async () => { let n = 0; try { for (;;) { fs.writeFileSync('/tmp/f' + n, Buffer.alloc(1 << 20)); n++; } } catch (e) { return [n, e.code]; } };`,
        }),
        { ephemeralStorageMb: 4 },
      );
      const [written, error] = json(await run(spec, {})) as [number, string];
      assert.equal(error, 'ENOSPC');
      assert.ok(written <= 4);
    });

    test('a Runtime API answers its own environment alone', async () => {
      const node = process.execPath.startsWith('/usr/') ? process.execPath : '/usr/bin/env node';
      const victim = specOf(
        code(
          {
            bootstrap: `#!${node}
const http = require('node:http');
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
const agent = new http.Agent({ keepAlive: true });
function call(method, path, body) {
  return new Promise((resolve) => {
    const request = http.request(api + path, { method, agent }, (response) => { response.resume(); response.on('end', () => resolve(response)); });
    request.end(body);
  });
}
(async () => {
  for (;;) {
    const { headers, socket } = await call('GET', 'next');
    await call('POST', headers['lambda-runtime-aws-request-id'] + '/response', JSON.stringify([process.env.AWS_LAMBDA_RUNTIME_API, socket?.localPort ?? 0]));
  }
})();
`,
          },
          0o755,
        ),
        { runtime: 'provided.al2023' },
      );
      const [address] = json(await run(victim, {})) as [string];
      const attacker = specOf(
        code({
          'index.js': `const net = require('node:net'); const fs = require('node:fs');
const attempt = (port, local) => new Promise((resolve) => {
  const socket = net.connect({ host: '127.0.0.1', port, ...local });
  let text = '';
  socket.on('connect', () => socket.write('GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'));
  socket.on('data', (chunk) => { text += chunk; });
  socket.on('error', () => {});
  socket.on('close', () => resolve(text));
  setTimeout(() => resolve(text + 'still open'), 1000);
});
exports.handler = async (port) => {
  const hex = ':' + port.toString(16).toUpperCase().padStart(4, '0');
  const rows = fs.readFileSync('/proc/net/tcp', 'latin1').split('\\n').map((line) => line.trim().split(/\\s+/));
  const theirs = rows.filter((row) => row[2]?.endsWith(hex)).map((row) => Number.parseInt(row[1].split(':')[1], 16));
  const answers = [await attempt(port, {}), await attempt(port, { localAddress: '127.0.0.2' })];
  for (const localPort of theirs) answers.push(await attempt(port, { localAddress: '127.0.0.3', localPort }));
  return [theirs.length > 0, answers];
};`,
        }),
      );
      const [found, answers] = json(await run(attacker, Number(address.split(':')[1]))) as [
        boolean,
        string[],
      ];
      assert.equal(found, true);
      assert.deepEqual(answers, ['', '', ''].concat(answers.slice(3).map(() => '')));
      // It was not disturbed.
      assert.deepEqual((json(await run(victim, {})) as [string])[0], address);
    });

    test('a connection is a function’s, whatever it does with its socket', {
      skip: !isHere('python3'),
    }, async () => {
      const asked: [string, boolean][] = [];
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (chunk: Buffer) => {
          asked.push([chunk.toString(), runtimes().ownsConnection(socket)]);
          socket.end('x');
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const spec = specOf(
        code({
          'main.py': `import array, os, socket, struct, time
def connected(word, source=None):
    s = socket.socket()
    if source: s.bind((source, 0))
    s.connect(('127.0.0.1', PORT))
    return s
def handler(event, context):
    global PORT
    PORT = event
    os.close(0)
    s = connected('d'); s.sendall(b'descriptor 0'); s.recv(1); s.close()
    s = connected('a', '127.0.0.2'); s.sendall(b'address'); s.recv(1); s.close()
    s = connected('c'); s.sendall(b'closed'); s.close()
    s = connected('r'); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.sendall(b'reset'); s.close()
    a, b = socket.socketpair()
    s = connected('p')
    a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [s.fileno()]))])
    s.send(b'passed'); s.close(); time.sleep(0.3)
    b.close()
    if os.fork() == 0:
        s = connected('f')
        if os.fork() == 0:
            s.sendall(b'forked'); s.recv(1)
        os._exit(0)
    s6 = socket.socket(socket.AF_INET6); s6.connect(('::ffff:127.0.0.1', PORT)); s6.sendall(b'six'); s6.recv(1)
    time.sleep(0.2)
`,
        }),
        { runtime: 'python3.12', handler: 'main.handler' },
      );
      const own = async () => {
        const socket = connect(port, '127.0.0.1');
        socket.write('ours');
        await once(socket, 'data');
        socket.destroy();
      };
      try {
        await run(spec, port);
        await runtimes().evict(spec.functionKey);
        await own();
        await once(
          spawn(process.execPath, [
            '-e',
            `const s = require('net').connect(${port}, '127.0.0.1'); s.write('another'); s.on('data', () => s.destroy())`,
          ]),
          'exit',
        );
        const answers = Object.fromEntries(asked);
        // What resets its connection may never be heard.
        assert.equal(answers['reset'] ?? true, true);
        delete answers['reset'];
        assert.deepEqual(answers, {
          'descriptor 0': true,
          address: true,
          closed: true,
          passed: true,
          forked: true,
          six: true,
          ours: false,
          another: false,
        });
      } finally {
        server.close();
      }
    });
  });
}

bothWays((run, runtimes) => {
  const kind = () => (runtimes().isolation.sandboxed ? 'sandboxed' : 'plain');

  test('what a function starts ends with its environment', { skip }, async () => {
    const mark = `lingers-${kind()}-${world.random.uuid()}`;
    const spec = specOf(
      code({
        'index.js': `const { spawn } = require('child_process');
exports.handler = async () => { spawn('sh', ['-c', 'while true; do sleep 1; done', '${mark}'], { detached: true, stdio: 'ignore' }).unref(); return 1; };`,
      }),
    );
    await run(spec, {});
    assert.equal(processesWith(mark).length > 0, true);
    await runtimes().evict(spec.functionKey);
    assert.equal(await gone(mark), true);
  });

  test('idle environments, and what they left running, use no processor', { skip }, async () => {
    const mark = `spins-${kind()}-${world.random.uuid()}`;
    const spec = specOf(
      code({
        'index.js': `const { spawn } = require('child_process'); let ticks = 0; setInterval(() => { ticks++; }, 1);
exports.handler = async (event) => { if (event === 1) spawn('sh', ['-c', 'while true; do :; done', '${mark}'], { detached: true, stdio: 'ignore' }).unref(); return ticks; };`,
      }),
    );
    const before = json(await run(spec, 1)) as number;
    await world.timers.sleep(700);
    const pid = processesWith(mark).at(-1) ?? 0;
    const used = ticksOf(pid);
    await world.timers.sleep(300);
    assert.equal(ticksOf(pid), used);
    // It is the same environment that goes on, and its child does.
    const after = json(await run(spec, 2)) as number;
    assert.ok(after >= before);
    await world.timers.sleep(100);
    assert.ok(ticksOf(pid) > used);
    await runtimes().evict(spec.functionKey);
    assert.equal(await gone(mark), true);
  });

  test('memory taken at once ends the environment as AWS reports it', { skip }, async () => {
    const spec = specOf(
      code({
        'index.js': `const { spawnSync } = require('child_process');
exports.handler = async (event) => {
  if (event === 'child') return spawnSync(process.execPath, ['-e', 'Buffer.alloc(3e9, 1)']).signal;
  return Buffer.alloc(3e9, 1).length;
};`,
      }),
    );
    for (const event of ['itself', 'child']) {
      const requestId = `greedy-${kind()}-${event}`;
      const result = await run(spec, event, { requestId });
      // The kernel may end the one process that asked for too much; the others may live.
      if (event === 'child' && result.error === undefined) {
        assert.equal(json(result), 'SIGKILL');
        continue;
      }
      assert.deepEqual(json(result), {
        errorType: 'Runtime.OutOfMemory',
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
      });
      assert.deepEqual(result.failure, { status: 'error', errorType: 'Runtime.OutOfMemory' });
      assert.equal(result.maxMemoryMb, 128);
    }
  });

  test('a busy loop ends with its time', { skip }, async () => {
    const spec = specOf(code({ 'index.js': 'exports.handler = async () => { for (;;); };' }), {
      timeoutMs: 300,
    });
    const result = await run(spec, {});
    assert.deepEqual(result.failure, { status: 'timeout' });
    assert.ok(result.durationMs >= 300 && result.durationMs < 2_000);
  });

  test('a fork bomb ends at its limit', { skip }, async () => {
    const mark = `bomb-${kind()}-${world.random.uuid()}`;
    const spec = specOf(
      code({
        'index.js': `const { spawn } = require('child_process');
exports.handler = async () => { spawn('sh', ['-c', 'while true; do sh -c "sleep 30; :" ${mark} & done', '${mark}'], { stdio: 'ignore' }); await new Promise(() => setInterval(() => {}, 1000)); };`,
      }),
      { timeoutMs: 3_000 },
    );
    const result = await run(spec, {});
    assert.equal(result.error, 'Unhandled');
    assert.equal(await gone(mark), true);
    // Nobody else is hurt.
    assert.equal(json(await run(specOf(code({ 'index.js': 'exports.handler = async () => 1;' })), {})), 1);
  });
});
