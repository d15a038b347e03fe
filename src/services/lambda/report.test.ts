import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { InvocationResult } from '../../service/runtimes.ts';
import type { FunctionVersion } from './layout.ts';
import { endLines, initLines, initStartLine, startLine } from './report.ts';

const RESULT: InvocationResult = {
  environmentId: 'e',
  payload: Buffer.from('12'),
  error: undefined,
  failure: undefined,
  durationMs: 1.25,
  initDurationMs: undefined,
  maxMemoryMb: 40,
};
const FAILED: InvocationResult = { ...RESULT, error: 'Unhandled', failure: { status: 'timeout' } };

/** What of a function's log Lambda writes itself, by type. */
function typesAt(systemLevel: 'DEBUG' | 'INFO' | 'WARN', result: InvocationResult): readonly string[] {
  const version = {
    version: '$LATEST',
    memoryMb: 128,
    logging: { format: 'JSON', systemLevel, group: '/aws/lambda/f' },
  } as FunctionVersion;
  return [startLine(version, 'r', 0), ...endLines(version, 'r', result, 0)]
    .filter((line) => line !== undefined)
    .map((line) => (JSON.parse(line) as { type: string }).type.slice('platform.'.length));
}

test('Lambda’s own lines follow the system log level', () => {
  assert.deepEqual(typesAt('DEBUG', RESULT), ['start', 'runtimeDone', 'report']);
  assert.deepEqual(typesAt('INFO', RESULT), ['start', 'report']);
  assert.deepEqual(typesAt('WARN', RESULT), []);
  assert.deepEqual(typesAt('INFO', FAILED), ['start', 'runtimeDone', 'report']);
  assert.deepEqual(typesAt('WARN', FAILED), ['runtimeDone', 'report']);
});

test('starts of environments are told: the text says what failed, JSON what the level wants', () => {
  const version = (systemLevel?: 'DEBUG' | 'INFO' | 'WARN') =>
    ({
      name: 'f',
      version: '$LATEST',
      runtime: 'python3.12',
      logging: { format: systemLevel === undefined ? 'Text' : 'JSON', systemLevel, group: '/aws/lambda/f' },
    }) as FunctionVersion;
  const init = {
    environmentId: 'e',
    initialization: 'on-demand' as const,
    atMs: 0,
    durationMs: 12.3456,
    failure: undefined,
  };
  const failed = { ...init, failure: { status: 'error', errorType: 'Runtime.ImportModuleError' } as const };
  assert.match(
    initStartLine(version(), '3.11', 'us-east-1', 'on-demand', 0) ?? '',
    /^INIT_START Runtime Version: python:3\.11\.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n$/,
  );
  assert.deepEqual(initLines(version(), init), []);
  assert.deepEqual(initLines(version(), failed), [
    'INIT_REPORT Init Duration: 12.35 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n',
  ]);
  const { time, type, record } = JSON.parse(
    initStartLine(version('INFO'), '3.12', 'us-east-1', 'on-demand', 0) ?? '',
  );
  assert.deepEqual([time, type], ['1970-01-01T00:00:00.000Z', 'platform.initStart']);
  assert.equal(record.runtimeVersion, 'python:3.12.v1');
  assert.equal(record.initializationType, 'on-demand');
  assert.equal(initStartLine(version('WARN'), '3.12', 'us-east-1', 'on-demand', 0), undefined);
  const types = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).type);
  assert.deepEqual(types(initLines(version('INFO'), init)), []);
  assert.deepEqual(types(initLines(version('DEBUG'), init)), [
    'platform.initRuntimeDone',
    'platform.initReport',
  ]);
  assert.equal(initLines(version('WARN'), failed).length, 2);
  const kept = { ...init, initialization: 'provisioned-concurrency' as const };
  assert.deepEqual(types(initLines(version('INFO'), kept)), ['platform.initReport']);
});
