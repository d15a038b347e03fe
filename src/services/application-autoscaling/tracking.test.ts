import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Tracking, track } from './tracking.ts';

const NEW: Tracking = { readAtMs: 0, consumed: 0, above: 0, below: 0, quiet: 0 };
const MINUTE_MS = 60_000;

interface Seen {
  readonly tracking: Tracking;
  readonly wanted: readonly (number | undefined)[];
}

/** Minutes in which so many units were taken, of a table that keeps its capacity. */
function run(
  units: readonly number[],
  provisioned: number,
  more: Partial<Parameters<typeof track>[2]> = {},
  start: Tracking = NEW,
): Seen {
  let tracking = start;
  let consumed = start.consumed;
  const wanted = units.map((taken, minute) => {
    consumed += taken;
    const atMs = start.readAtMs + (minute + 1) * MINUTE_MS;
    const verdict = track(tracking, { atMs, consumed, provisioned }, { TargetValue: 50, ...more });
    tracking = verdict.tracking;
    return verdict.wanted?.units;
  });
  return { tracking, wanted };
}

const times = (count: number, units: number): readonly number[] => Array.from({ length: count }, () => units);

test('two minutes in a row above the target ask for what meets it', () => {
  // 6 units a second of 10: the target of 50 % is met by 12.
  assert.deepEqual(run([360, 360, 360, 360], 10).wanted, [undefined, 12, undefined, 12]);
  assert.deepEqual(run([360, 60, 360, 60], 10).wanted, [undefined, undefined, undefined, undefined]);
});

test('fifteen minutes well below the target ask for less, unless that is switched off', () => {
  const calm = times(15, 60);
  assert.deepEqual(run(calm, 10).wanted, [...times(14, 0).map(() => undefined), 2]);
  assert.ok(run(calm, 10, { DisableScaleIn: true }).wanted.every((units) => units === undefined));
  // Between 90 % of the target and the target nothing happens.
  assert.ok(run(times(40, 285), 10).wanted.every((units) => units === undefined));
});

test('a minute without consumption begins the count below the target again', () => {
  const units = [...times(14, 60), 0, ...times(14, 60)];
  assert.ok(run(units, 10).wanted.every((wanted) => wanted === undefined));
  assert.ok(run(times(60, 0), 10).wanted.every((wanted) => wanted === undefined));
});

test('a counter that began anew, as after a restart, is not taken for less than nothing', () => {
  const before = run([360], 10).tracking;
  const after = track(before, { atMs: 2 * MINUTE_MS, consumed: 350, provisioned: 10 }, { TargetValue: 50 });
  assert.equal(after.wanted?.units, 12);
});

test('a job that runs twice for one moment changes nothing', () => {
  const { tracking } = run([360], 10);
  const again = track(tracking, { atMs: MINUTE_MS, consumed: 9999, provisioned: 10 }, { TargetValue: 50 });
  assert.deepEqual(again, { tracking });
});

test('cooldowns: out after out, in after either', () => {
  const slow = { ScaleOutCooldown: 300, ScaleInCooldown: 1800 };
  assert.deepEqual(run([360, 360, 360, 360, 360, 360, 360], 10, slow).wanted, [
    undefined,
    12,
    undefined,
    undefined,
    undefined,
    undefined,
    12,
  ]);
  const grown = run([360, 360], 10, slow).tracking;
  const later = run(times(40, 60), 12, slow, grown).wanted;
  assert.equal(
    later.findIndex((units) => units !== undefined),
    29,
  );
});
