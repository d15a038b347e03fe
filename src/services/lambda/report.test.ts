import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { InvocationResult } from '../../service/runtimes.ts';
import type { FunctionVersion } from './layout.ts';
import { endLines, startLine } from './report.ts';

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
