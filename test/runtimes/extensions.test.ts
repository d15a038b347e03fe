import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { isHere } from '../support/programs.ts';
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

function extension(name: string, events: string): string {
  return `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
dir=$(mktemp -d)
curl -sS -D "$dir/h" -o "$dir/b" -H 'Lambda-Extension-Name: ${name}' -d '{"events":${events}}' "$api/register"
id=$(grep -i '^lambda-extension-identifier' "$dir/h" | tr -d '\\r' | cut -d' ' -f2)
echo "started ${name}"
while true; do
event=$(curl -sS -H "Lambda-Extension-Identifier: $id" "$api/event/next")
curl -sS -d "${name} $event" "$REPORT"
case "$event" in *SHUTDOWN*) exit 0;; esac
done
`;
}

if (isHere('curl')) {
  bothWays((run, runtimes) => {
    test('extensions hear of each invocation and of the end', async () => {
      heard.length = 0;
      const layer = code(
        {
          'extensions/one': extension('one', '["INVOKE","SHUTDOWN"]'),
          'extensions/two': extension('two', '[]'),
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
} else test('extensions', { skip: 'no curl' }, () => {});
