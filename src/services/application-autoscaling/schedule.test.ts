import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseSchedule } from './schedule.ts';

const at = (text: string) => Date.parse(text);

function next(schedule: string, after: string, zone = 'UTC'): string | undefined {
  const atMs = parseSchedule(schedule, zone)?.next(at(after), at(after));
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

test('a moment comes once', () => {
  assert.equal(next('at(2026-03-01T08:00:00)', '2026-02-01T00:00:00Z'), '2026-03-01T08:00:00.000Z');
  assert.equal(next('at(2026-03-01T08:00:00)', '2026-03-01T08:00:00Z'), undefined);
  assert.equal(
    next('at(2026-07-01T08:00:00)', '2026-02-01T00:00:00Z', 'Europe/Berlin'),
    '2026-07-01T06:00:00.000Z',
  );
});

test('rates count from their beginning', () => {
  const schedule = parseSchedule('rate(5 minutes)', 'UTC');
  const since = at('2026-01-01T00:01:30Z');
  assert.equal(schedule?.next(since, since), since + 300_000);
  assert.equal(schedule?.next(since + 300_000, since), since + 600_000);
  assert.equal(schedule?.next(since + 299_999, since), since + 300_000);
});

test('cron fields: lists, ranges, steps, names, last days and weekdays', () => {
  const after = '2026-01-15T10:07:30Z'; // A Thursday.
  assert.equal(next('cron(0/15 * * * ? *)', after), '2026-01-15T10:15:00.000Z');
  assert.equal(next('cron(0 8 ? * MON-FRI *)', after), '2026-01-16T08:00:00.000Z');
  assert.equal(next('cron(0 8 ? * 1 *)', after), '2026-01-18T08:00:00.000Z');
  assert.equal(next('cron(30 9,18 1 * ? *)', after), '2026-02-01T09:30:00.000Z');
  assert.equal(next('cron(0 0 L FEB ? *)', after), '2026-02-28T00:00:00.000Z');
  assert.equal(next('cron(0 0 ? * 6L *)', after), '2026-01-30T00:00:00.000Z');
  assert.equal(next('cron(0 0 ? * TUE#2 *)', after), '2026-02-10T00:00:00.000Z');
  assert.equal(next('cron(0 0 1W 2 ? *)', after), '2026-02-02T00:00:00.000Z');
  assert.equal(next('cron(0 0 29 2 ? *)', after), '2028-02-29T00:00:00.000Z');
  assert.equal(next('cron(0 0 1 1 ? 2026)', after), undefined);
});

test('cron in a zone follows its clocks, and leaves out the hour they skip', () => {
  assert.equal(
    next('cron(0 9 * * ? *)', '2026-03-28T12:00:00Z', 'Europe/Berlin'),
    '2026-03-29T07:00:00.000Z',
  );
  assert.equal(
    next('cron(30 2 * * ? *)', '2026-03-28T12:00:00Z', 'Europe/Berlin'),
    '2026-03-30T00:30:00.000Z',
  );
});

test('what is no schedule is none', () => {
  for (const text of [
    'at(2026-03-01)',
    'at(2026-02-30T00:00:00)',
    'rate(1 minutes)',
    'rate(2 minute)',
    'rate(0 days)',
    'cron(0 8 * * * *)',
    'cron(0 8 ? * ? *)',
    'cron(60 8 * * ? *)',
    'cron(0 8 * FOO ? *)',
    'cron(* * * * ?)',
    'every day',
  ]) {
    assert.equal(parseSchedule(text, 'UTC'), undefined, text);
  }
});
