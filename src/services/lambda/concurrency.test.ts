import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Fault } from '../../service/faults.ts';
import { Rates } from './rates.ts';
import { Slots } from './slots.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:one';
const request = {
  functionArn,
  versionArn: `${functionArn}:1`,
  scope: '000000000000/us-east-1',
  reserved: undefined,
  provisioned: 0,
  provisionedInFunction: 0,
};

function reasonOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.ok(Fault.is(error));
    return error.detail['Reason'];
  }
}

test('what is provisioned for a version serves it alone; the rest of the reserved serves all', () => {
  const slots = new Slots();
  const reserved = { ...request, reserved: 3, provisionedInFunction: 2 };
  const version = { ...reserved, provisioned: 2 };
  const latest = { ...reserved, versionArn: `${functionArn}:$LATEST` };
  const giveBack = slots.take(latest, 0);
  assert.equal(
    reasonOf(() => slots.take(latest, 0)),
    'ReservedFunctionConcurrentInvocationLimitExceeded',
  );
  slots.take(version, 0);
  slots.take(version, 0);
  assert.equal(
    reasonOf(() => slots.take(version, 0)),
    'ReservedFunctionConcurrentInvocationLimitExceeded',
  );
  giveBack();
  assert.equal(
    reasonOf(() => slots.take(version, 0)),
    undefined,
  );
});

test('functions that reserve nothing share what is left', () => {
  const slots = new Slots();
  const taken = 999;
  const giveBack = slots.take(request, taken);
  assert.equal(
    reasonOf(() => slots.take({ ...request, functionArn: 'two' }, taken)),
    'ConcurrentInvocationLimitExceeded',
  );
  giveBack();
  slots.take(request, taken);
});

test('a function answers ten requests a second for each environment it may have', () => {
  const rates = new Rates();
  const admit = (reserved: number | undefined, nowMs: number) =>
    reasonOf(() => rates.admit({ functionArn, reserved }, nowMs));
  for (let i = 0; i < 10; i++) assert.equal(admit(1, 5_000 + i), undefined);
  assert.equal(admit(1, 5_999), 'ReservedFunctionInvocationRateLimitExceeded');
  assert.equal(admit(1, 6_000), undefined);
  for (let i = 1; i < 10_000; i++) assert.equal(admit(undefined, 6_500), undefined);
  assert.equal(admit(undefined, 6_999), 'FunctionInvocationRateLimitExceeded');
  // That nothing may run is said in other words.
  assert.equal(admit(0, 6_999), undefined);
});
