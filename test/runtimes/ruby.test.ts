import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isHere } from '../support/programs.ts';
import { bothWays, code, json, logged, specOf, world } from '../support/runtimes.ts';

const RUBY = { runtime: 'ruby3.4', handler: 'main.handler' };

if (isHere('ruby')) {
  bothWays((run, runtimes) => {
    test('answers, logs and fails as AWS’s runtime', async () => {
      const spec = specOf(
        code({
          'main.rb': `require 'json'
require 'logger'
LOG = Logger.new($stdout)
def handler(event:, context:)
  raise ArgumentError, 'bad' if event == 'fail'
  exit(3) if event == 'exit'
  puts "printed #{event.class}"
  LOG.info('hello')
  { event: event, id: context.aws_request_id, left: context.get_remaining_time_in_millis > 0, memory: context.memory_limit_in_mb,
    name: context.function_name, client: context.client_context, greeting: ENV['GREETING'], trace: ENV['_X_AMZN_TRACE_ID'], now: Time.now.to_f, folder: Dir.pwd }
end
`,
        }),
        RUBY,
      );
      const more = { requestId: 'rb-1', clientContext: '{"custom":{"a":1}}' };
      const answer = json(await run(spec, { ä: 1 }, more)) as Record<string, unknown>;
      assert.ok(Math.abs(Number(answer['now']) - world.clock.now() / 1000) < 5);
      assert.deepEqual(
        { ...answer, now: 0, folder: '' },
        {
          event: { ä: 1 },
          id: 'rb-1',
          left: true,
          memory: '128',
          name: 'f',
          client: { custom: { a: 1 } },
          greeting: 'hello',
          trace: 'Root=1-5-6',
          now: 0,
          folder: '',
        },
      );
      const lines = logged.filter(({ requestId }) => requestId === 'rb-1').map(({ text }) => text);
      assert.ok(lines.includes('printed Hash\n'), JSON.stringify(lines));
      assert.ok(lines.some((text) => /^I, \[\S+ #\d+\] {2}INFO rb-1 -- : hello\n$/.test(text)));
      assert.match(runtimes().standIn('ruby3.4') ?? 'Ruby 3.4', /Ruby \d\.\d/);

      const failed = await run(spec, 'fail', { requestId: 'rb-2' });
      assert.equal(failed.error, 'Unhandled');
      const { stackTrace, ...rest } = json(failed) as { stackTrace: string[] };
      assert.deepEqual(rest, { errorMessage: 'bad', errorType: 'Function<ArgumentError>' });
      assert.equal(stackTrace.length, 1);
      assert.match(stackTrace[0] ?? '', /main\.rb:5:in .*handler'$/);
      const [errorLine] = logged.filter(({ requestId }) => requestId === 'rb-2').map(({ text }) => text);
      assert.match(errorLine ?? '', /^Error raised from handler method\n\{\n {2}"errorMessage": "bad"/);

      world.clock.setOffset(86_400_000);
      try {
        const later = json(await run(spec, 1)) as { now: number };
        assert.ok(Math.abs(later.now - world.clock.now() / 1000) < 5);
      } finally {
        world.clock.setOffset(0);
      }
      assert.deepEqual(json(await run(spec, 'exit', { requestId: 'rb-3' })), {
        errorType: 'Runtime.ExitError',
        errorMessage: 'RequestId: rb-3 Error: Runtime exited with error: exit status 3',
      });
    });

    test('finds methods of classes, gems of the package and layers', async () => {
      const layer = code({ 'ruby/lib/from_layer.rb': 'FROM_LAYER = 7\n' });
      const spec = specOf(
        code({
          'lib/app.rb': `require 'from_layer' if File.exist?('/opt/ruby/lib')
require 'bundled'
module Shop
  class Orders
    def self.process(event:, context:) = [event, Bundled::VALUE, defined?(FROM_LAYER) ? FROM_LAYER : 7]
  end
end
`,
          'vendor/bundle/ruby/9.9.0/gems/bundled-1.0.0/lib/bundled.rb': 'module Bundled; VALUE = 42; end\n',
          'vendor/bundle/ruby/9.9.0/specifications/bundled-1.0.0.gemspec':
            "Gem::Specification.new { |s| s.name = 'bundled'; s.version = '1.0.0'; s.summary = 's'; s.authors = ['a']; s.require_paths = ['lib'] }\n",
        }),
        { ...RUBY, handler: 'lib/app.Shop::Orders.process', layerFolders: [layer] },
      );
      assert.deepEqual(json(await run(spec, 'x')), ['x', 42, 7]);
    });

    test('says what is wrong with a package', async () => {
      const failing = async (source: string, handler: string) =>
        json(await run(specOf(code({ 'main.rb': source }), { ...RUBY, handler }), {})) as Record<
          string,
          string
        >;
      assert.equal((await failing('require "nowhere"', 'main.handler'))['errorType'], 'Init<LoadError>');
      assert.equal((await failing('def (', 'main.handler'))['errorType'], 'Init<SyntaxError>');
      assert.deepEqual(await failing('', 'main.handler'), {
        errorMessage: "Handler 'main.handler': undefined method 'handler'",
        errorType: 'Runtime.HandlerNotFound',
        stackTrace: [],
      });
      assert.equal((await failing('', 'main'))['errorType'], 'Runtime.MalformedHandlerName');
    });
  });
} else test('Ruby functions', { skip: 'no ruby on the PATH' }, () => {});
