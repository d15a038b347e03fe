import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isLinearisable, type Operation } from './linearisability.ts';
import { type Action, registers } from './registers.ts';

const NEVER = Number.POSITIVE_INFINITY;
const swap = (from: number, to: number, happened: boolean | undefined, register = 0): Action => ({
  kind: 'swap',
  changes: [{ register, from, to }],
  happened,
});
const read = (saw: number, register = 0): Action => ({ kind: 'read', register, saw });
const at = (calledAt: number, returnedAt: number, action: Action): Operation<Action> => ({
  action,
  calledAt,
  returnedAt,
});
const check = (...history: Operation<Action>[]) => isLinearisable(registers, history);

test('operations that overlap may have happened in either order', () => {
  assert.ok(check(at(0, 3, swap(0, 1, true)), at(1, 2, read(0))));
  assert.ok(check(at(0, 3, swap(0, 1, true)), at(1, 2, read(1))));
  assert.ok(check(at(0, 9, swap(1, 2, true)), at(1, 8, swap(0, 1, true)), at(2, 7, read(2))));
});

test('what was acknowledged is seen by those that come later', () => {
  assert.ok(!check(at(0, 1, swap(0, 1, true)), at(2, 3, read(0))));
  assert.ok(!check(at(0, 5, swap(0, 1, true)), at(1, 2, read(1)), at(3, 4, read(0))));
});

test('two conditional writes from one state do not both happen', () => {
  assert.ok(!check(at(0, 3, swap(0, 1, true)), at(1, 2, swap(0, 2, true))));
  assert.ok(check(at(0, 3, swap(0, 1, true)), at(1, 2, swap(0, 2, false))));
  assert.ok(!check(at(0, 1, swap(0, 1, false))));
});

test('a transaction happens at one moment', () => {
  const both: Action = {
    kind: 'swap',
    changes: [
      { register: 0, from: 0, to: 1 },
      { register: 1, from: 0, to: 2 },
    ],
    happened: true,
  };
  assert.ok(check(at(0, 3, both), at(1, 2, { kind: 'readAll', saw: [1, 2, 0] })));
  assert.ok(!check(at(0, 3, both), at(1, 2, { kind: 'readAll', saw: [1, 0, 0] })));
});

test('what was never answered may have happened or not', () => {
  const lost = at(0, NEVER, swap(0, 1, undefined));
  assert.ok(check(lost, at(1, 2, read(0)), at(3, 4, read(1))));
  assert.ok(check(lost, at(1, 2, read(0)), at(3, 4, read(0))));
  assert.ok(!check(lost, at(1, 2, read(1)), at(3, 4, read(0))));
});
