import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Flights } from './flights.ts';

test('no more than 120,000 messages are in flight, and those whose time has ended are not', () => {
  const flights = new Flights();
  for (let i = 0; i < 120_000; i++) flights.took(`m${i}`, undefined, i < 10 ? 5_000 : 90_000);
  assert.equal(flights.isFull(0), true);
  flights.landed('m50');
  assert.equal(flights.isFull(10), false);
  flights.took('m50', undefined, 90_000);
  assert.equal(flights.isFull(20), true);
  assert.equal(flights.isFull(5_001), false);
});

test('a group is noisy with thirty messages in flight, more than a tenth of all', () => {
  const flights = new Flights();
  const take = (group: string | undefined, count: number) => {
    for (let i = 0; i < count; i++) flights.took(`${group}-${i}`, group, 10_000);
  };
  take('a', 29);
  take('b', 5);
  assert.equal(flights.noisy(0), undefined);
  take('a', 30);
  assert.deepEqual(flights.noisy(1), new Set(['a']));
  take(undefined, 270);
  assert.equal(flights.noisy(2), undefined);
  for (let i = 0; i < 100; i++) flights.landed(`undefined-${i}`);
  assert.deepEqual(flights.noisy(3), new Set(['a']));
  flights.landed('a-0');
  assert.equal(flights.noisy(4), undefined);
});
