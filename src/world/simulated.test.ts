import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { SIMULATED_EPOCH_MS, seededRandom, simulatedWorld } from './simulated.ts';

test('one seed is one sequence', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return [random.uuid(), random.below(1000), random.id(8, 'abc'), [...random.bytes(4)]];
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.match(
    seededRandom(1).uuid(),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('draws fill their range evenly enough', () => {
  const random = seededRandom(1);
  const drawn = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const value = random.below(10);
    drawn[value] = (drawn[value] ?? 0) + 1;
  }
  for (const count of drawn) assert.ok(count > 1800 && count < 2200, `${count} of 20000`);
});

test('time stands still until it is moved; timers fire in order', async () => {
  const { clock, timers, advance } = simulatedWorld(1);
  const fired: string[] = [];
  const note = (what: string) => fired.push(`${what}@${clock.realNow() - SIMULATED_EPOCH_MS}`);
  timers.after(30, () => note('c'));
  timers.after(10, () => {
    note('a');
    timers.after(5, () => note('b'));
  });
  timers.after(30, () => note('d'));
  timers.after(20, () => note('never'))();
  timers.sleep(12).then(() => note('slept'));
  await advance(29);
  assert.deepEqual(fired, ['a@10', 'slept@12', 'b@15']);
  await advance(1);
  assert.deepEqual(fired.slice(3), ['c@30', 'd@30']);
  assert.equal(clock.monotonic(), 30);
});

test('a sleep ends with its signal', async () => {
  const { timers, fireNext } = simulatedWorld(1);
  const controller = new AbortController();
  const sleeping = timers.sleep(1000, controller.signal);
  controller.abort();
  await sleeping;
  await timers.sleep(1000, controller.signal);
  assert.equal(fireNext(), false);
});

test('what users see can run ahead', () => {
  const { clock } = simulatedWorld(1);
  clock.setOffset(5000);
  assert.equal(clock.now() - clock.realNow(), 5000);
});
