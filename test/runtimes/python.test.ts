import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isHere } from '../support/programs.ts';
import { bothWays, code, json, logged, specOf, world } from '../support/runtimes.ts';

if (isHere('python3')) {
  bothWays((run) => {
    test('answers, logs and fails as AWS’s runtime', async () => {
      const spec = specOf(
        code({
          'app/main.py': `import logging, time, datetime
log = logging.getLogger()
log.setLevel('INFO')
def handler(event, context):
    if event == 'fail':
        raise ValueError('bad')
    if event == 'set':
        return {1}
    print('printed')
    log.info('hello %s', event)
    return {'event': event, 'id': context.aws_request_id, 'left': context.get_remaining_time_in_millis() > 0, 'now': time.time(), 'utc': datetime.datetime.now(datetime.timezone.utc).timestamp()}
`,
        }),
        { runtime: 'python3.12', handler: 'app/main.handler' },
      );
      const answer = json(await run(spec, { ä: 1 }, { requestId: 'py-1' })) as Record<string, unknown>;
      assert.deepEqual(
        { ...answer, now: 0, utc: 0 },
        { event: { ä: 1 }, id: 'py-1', left: true, now: 0, utc: 0 },
      );
      const lines = logged.filter(({ requestId }) => requestId === 'py-1').map(({ text }) => text);
      assert.ok(lines.includes('printed\n'));
      assert.ok(lines.some((text) => /^\[INFO\]\t\S+Z\tpy-1\thello \{'ä': 1\}\n$/.test(text)));
      const failed = await run(spec, 'fail', { requestId: 'py-2' });
      const { stackTrace, ...rest } = json(failed) as { stackTrace: string[] };
      assert.deepEqual(rest, { errorMessage: 'bad', errorType: 'ValueError', requestId: 'py-2' });
      assert.match(stackTrace[0] ?? '', /main\.py", line 6, in handler\n {4}raise ValueError\('bad'\)\n$/);
      assert.match(
        (json(await run(spec, 'set')) as { errorMessage: string }).errorMessage,
        /^Unable to marshal response: Object of type set is not JSON serializable/,
      );
      world.clock.setOffset(86_400_000);
      try {
        const later = json(await run(spec, 1)) as { now: number; utc: number };
        assert.ok(Math.abs(later.now - world.clock.now() / 1000) < 5);
        assert.ok(Math.abs(later.utc - world.clock.now() / 1000) < 5);
      } finally {
        world.clock.setOffset(0);
      }
    });

    test('reports an import that fails', async () => {
      const spec = specOf(code({ 'main.py': 'import nowhere_to_be_found' }), {
        runtime: 'python3.12',
        handler: 'main.handler',
      });
      assert.equal(
        (json(await run(spec, {})) as { errorMessage: string }).errorMessage,
        "Unable to import module 'main': No module named 'nowhere_to_be_found'",
      );
    });
  });
} else test('Python functions', { skip: 'no python3 on the PATH' }, () => {});
