import { strict as assert } from 'node:assert';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { installedNode } from '../../src/base/installed-runtimes.ts';
import { createRuntimes } from '../../src/runtimes/runtimes.ts';
import { plainProcesses } from '../../src/runtimes/sandbox.ts';
import { code, folder, invocationOf, json, sandbox, specOf, world } from '../support/runtimes.ts';

/** Runtimes keep no process alive by themselves; in a server its sockets do. */
const alive = setInterval(() => {}, 60_000);
after(() => clearInterval(alive));

const own = process.versions.node.split('.')[0];
const other = own === '22' ? '24' : '22';

for (const chosen of sandbox.sandboxed ? [sandbox, plainProcesses('tests')] : [plainProcesses('tests')]) {
  const name = chosen.sandboxed ? 'sandboxed' : 'plain';
  test(`an installed major of Node.js runs the functions of its name, ${name}`, async () => {
    const installed = join(folder, `installed-${name}`);
    const runtimes = await createRuntimes({
      world,
      folder: join(folder, 'versions'),
      sandbox: chosen,
      installed,
    });
    try {
      const spec = specOf(
        code({ 'index.js': 'exports.handler = async () => [process.execPath, process.argv0];' }),
        { runtime: `nodejs${other}.x` },
      );
      const where = async () => json(await runtimes.invoke(spec, invocationOf(spec, {}))) as string[];
      const before = await where();
      assert.match(
        runtimes.standIn(spec.runtime) ?? '',
        new RegExp(`on Node\\.js ${own}, .*lambent runtimes install nodejs${other}\\.x$`),
      );
      const binary = installedNode(installed, other, process.platform, process.arch);
      mkdirSync(dirname(binary), { recursive: true });
      // Another name for the same program: what matters is which one is started.
      symlinkSync(process.execPath, binary);
      await runtimes.evict(spec.functionKey);
      const [path, given] = await where();
      if (chosen.sandboxed) assert.equal(path, '/var/lang/bin/node');
      else assert.equal(given, binary);
      assert.notDeepEqual([path, given], before);
      assert.equal(runtimes.standIn(spec.runtime), undefined);
      const listed = await runtimes.list();
      const of = (runtime: string) => listed.find((one) => one.runtime === runtime)?.runsOn;
      assert.equal(of(spec.runtime), `Node.js ${other}`);
      assert.equal(of('nodejs18.x'), `Node.js ${own}`);
      assert.equal(of('provided.al2023'), 'its own program');
      for (const { runsOn, note } of listed)
        assert.ok(runsOn !== undefined || note?.includes('install'), note);
    } finally {
      await runtimes.close();
    }
  });
}
