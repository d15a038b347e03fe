import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { runsInChain, withRun } from './lineage.ts';

test('a chain counts each function by itself', () => {
  const [one, two] = ['arn:aws:lambda:us-east-1:1:function:one', 'arn:aws:lambda:us-east-1:1:function:two'];
  let header = 'Root=1-5-6;Parent=7;Sampled=0';
  for (let i = 0; i < 3; i++) header = withRun(header, one);
  header = withRun(header, two);
  assert.equal(runsInChain(header, one), 3);
  assert.equal(runsInChain(header, two), 1);
  assert.match(header, /^Root=1-5-6;Parent=7;Sampled=0;Lineage=1:[0-9a-f]{8}:3\|[0-9a-f]{8}:1$/);
});

test('what is no lineage counts nothing', () => {
  for (const header of [undefined, '', 'Root=1', 'Lineage=', 'Root=1;Lineage=25:', 'Lineage=1:ab:c|:3']) {
    assert.equal(runsInChain(header, 'f'), 0);
  }
});
