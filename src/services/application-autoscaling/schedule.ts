import { instantOf, wallTime } from './calendar.ts';

/**
 * When a scheduled action runs: `at(…)`, `rate(…)` or `cron(…)`.
 * https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
 */
export interface Schedule {
  /** The first time after `afterMs`; undefined when there is none. `sinceMs` is what rates count from. */
  next(afterMs: number, sinceMs: number): number | undefined;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Undefined for what is no schedule. */
export function parseSchedule(text: string, zone: string): Schedule | undefined {
  const [, kind, inner = ''] = /^(at|rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === 'at') return parseAt(inner, zone);
  if (kind === 'rate') return parseRate(inner);
  return kind === 'cron' ? parseCron(inner, zone) : undefined;
}

function parseAt(text: string, zone: string): Schedule | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const atMs = instantOf({ year, month, day, hour, minute, second }, zone);
  if (atMs === undefined) return undefined;
  const shown = wallTime(atMs, zone);
  // The 30th of February is none, nor is 24:00.
  if (shown.day !== day || shown.hour !== hour || shown.minute !== minute) return undefined;
  return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
}

function parseRate(text: string): Schedule | undefined {
  const [, digits = '', unit = '', plural = ''] = /^(\d{1,9}) (minute|hour|day)(s?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (value === 0 || (value === 1) !== (plural === '')) return undefined;
  const everyMs = value * (UNITS[unit] ?? 0);
  return {
    next: (afterMs, sinceMs) =>
      sinceMs + Math.max(1, Math.floor((afterMs - sinceMs) / everyMs) + 1) * everyMs,
  };
}

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const WEEKDAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');
const FIRST_YEAR = 1970;
const LAST_YEAR = 2199;
const DAY_MS = 86_400_000;

/** A field's values in order; undefined for a field that is none. */
function valuesOf(
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
): readonly number[] | undefined {
  const found = new Set<number>();
  const number = (text: string): number => {
    const name = names.indexOf(text.toUpperCase());
    if (name >= 0) return name + least;
    return /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  };
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/');
    const [from = '', to] = range.split('-');
    const every = step === undefined ? 1 : number(step);
    const start = range === '*' ? least : number(from);
    const end = range === '*' || (to === undefined && step !== undefined) ? most : number(to ?? from);
    if (!(start >= least && end <= most && start <= end && every >= 1)) return undefined;
    for (let value = start; value <= end; value += every) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** Whether a day of a month fits; days are counted from 1, weekdays too, from Sunday. */
type DayRule = (year: number, month: number, day: number) => boolean;

function weekday(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

function lastDay(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function dayOfMonth(field: string): DayRule | undefined {
  if (field === 'L') return (year, month, day) => day === lastDay(year, month);
  const near = /^(\d{1,2})W$/.exec(field)?.[1];
  if (near !== undefined) {
    return (year, month, day) => {
      const wanted = Math.min(Number(near), lastDay(year, month));
      const on = weekday(year, month, wanted);
      if (on === 7) return day === (wanted > 1 ? wanted - 1 : wanted + 2);
      if (on === 1) return day === (wanted < lastDay(year, month) ? wanted + 1 : wanted - 2);
      return day === wanted;
    };
  }
  const values = valuesOf(field, 1, 31);
  return values && ((_year, _month, day) => values.includes(day));
}

function dayOfWeek(field: string): DayRule | undefined {
  const last = /^([1-7]|[A-Z]{3})L$/i.exec(field)?.[1];
  const nth = /^([1-7]|[A-Z]{3})#([1-5])$/i.exec(field);
  const [only] = valuesOf(last ?? nth?.[1] ?? '', 1, 7, WEEKDAYS) ?? [];
  if (last !== undefined || nth !== null) {
    if (only === undefined) return undefined;
    return (year, month, day) =>
      weekday(year, month, day) === only &&
      (nth === null ? day + 7 > lastDay(year, month) : Math.ceil(day / 7) === Number(nth[2]));
  }
  const values = valuesOf(field, 1, 7, WEEKDAYS);
  return values && ((year, month, day) => values.includes(weekday(year, month, day)));
}

/** Minutes, hours, day of month, month, day of week, year; one of the two days is `?`. */
function parseCron(text: string, zone: string): Schedule | undefined {
  const [minute = '', hour = '', monthDay = '', month = '', weekDay = '', year = '', ...more] = text
    .trim()
    .split(/\s+/);
  if (more.length > 0 || (monthDay === '?') === (weekDay === '?')) return undefined;
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const months = valuesOf(month, 1, 12, MONTHS);
  const years = valuesOf(year, FIRST_YEAR, LAST_YEAR);
  const fits = monthDay === '?' ? dayOfWeek(weekDay) : dayOfMonth(monthDay);
  if (!minutes || !hours || !months || !years || !fits) return undefined;
  return {
    next: (afterMs) => {
      const today = wallTime(afterMs, zone);
      let day = Date.UTC(today.year, today.month - 1, today.day);
      for (; ; day += DAY_MS) {
        const date = new Date(day);
        const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
        if (y > (years.at(-1) ?? 0)) return undefined;
        if (!years.includes(y) || !months.includes(m) || !fits(y, m, d)) continue;
        for (const h of hours) {
          for (const min of minutes) {
            const at = instantOf({ year: y, month: m, day: d, hour: h, minute: min, second: 0 }, zone);
            if (at !== undefined && at > afterMs) return at;
          }
        }
      }
    },
  };
}
