import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from './patience.ts';

function knows(processorMs: number, durationMs = processorMs, busy = 1): Patience {
  const patience = new Patience(2);
  for (let i = 0; i < 16; i++) patience.note({ processorMs, durationMs }, busy);
  return patience;
}

test('nobody waits while a processor has nothing to do', () => {
  assert.equal(knows(1).pays(2, 0), false);
  assert.equal(knows(1).pays(3, 0), true);
});

test('nobody waits for what is not known or takes long', () => {
  const patience = new Patience(2);
  for (let i = 0; i < 15; i++) {
    assert.equal(patience.pays(3, 0), false);
    patience.note({ processorMs: 1, durationMs: 1 }, 1);
  }
  assert.equal(patience.pays(3, 0), false);
  patience.note({ processorMs: 1, durationMs: 1 }, 1);
  assert.equal(patience.pays(3, 0), true);
  assert.equal(knows(26).pays(3, 0), false);
});

test('a queue that would take longer than the patience lasts is not joined', () => {
  assert.equal(knows(5).pays(3, 9), true);
  assert.equal(knows(5).pays(3, 10), false);
});

test('nobody waits for a function that waits itself', () => {
  assert.equal(knows(1, 4).pays(3, 0), true);
  assert.equal(knows(1, 5).pays(3, 0), false);
});

test('time lost to others at work is not taken for waiting', () => {
  assert.equal(knows(1, 16, 8).pays(8, 0), true);
  assert.equal(knows(1, 17, 8).pays(8, 0), false);
});

test('a function that has become slow is found out after a few invocations', () => {
  const patience = knows(0.5);
  for (let i = 0; i < 3; i++) patience.note({ processorMs: 100, durationMs: 100 }, 2);
  assert.equal(patience.pays(3, 0), false);
});
