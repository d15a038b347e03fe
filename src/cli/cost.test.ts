import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { costLine, costOf, dollars } from './cost.ts';

test('an invocation costs its request and its gigabyte-seconds', () => {
  const report =
    'REPORT RequestId: r\tDuration: 99.10 ms\tBilled Duration: 100 ms\tMemory Size: 1024 MB\tMax Memory Used: 60 MB\t';
  assert.equal(dollars(costOf(report) ?? 0), '$0.0000018667');
  const json = '{"type":"platform.report","record":{"metrics":{"billedDurationMs":100,"memorySizeMB":1024}}}';
  assert.equal(costOf(json), costOf(report));
  assert.equal(costOf('2026-11-21T00:00:00Z r INFO Billed'), undefined);
});

test('calls are summed up', () => {
  assert.equal(costLine([]), undefined);
  assert.equal(costLine([0.5]), 'this call would have cost $0.5000 on AWS');
  assert.equal(costLine([0.000001, 0.000002]), 'these 2 calls would have cost $0.0000030000 on AWS');
});
