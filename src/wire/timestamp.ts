import type { Shape, ShapeRef } from '../model/model.ts';

export type TimestampFormat = 'iso8601' | 'rfc822' | 'unixTimestamp';

/** The latest instant a `Date` holds, in milliseconds from the epoch. */
const MAX_MS = 8.64e15;
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/;
const RFC_822 =
  /^(?:[A-Za-z]{3,9},? )?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4}) (\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)? (?:GMT|UTC|Z|([+-])(\d\d)(\d\d))$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A member's own format, else its shape's, else what its place on the wire defaults to. */
export function timestampFormat(ref: ShapeRef, shape: Shape, otherwise: TimestampFormat): TimestampFormat {
  return ref.timestampFormat ?? shape.timestampFormat ?? otherwise;
}

export function formatTimestamp(at: Date, format: TimestampFormat): string {
  switch (format) {
    case 'unixTimestamp':
      return String(at.getTime() / 1000);
    case 'rfc822':
      return at.toUTCString();
    case 'iso8601': {
      const text = at.toISOString();
      return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
    }
  }
}

/** The instant so many seconds after the epoch, to the millisecond; undefined beyond what a `Date` holds. */
export function fromEpochSeconds(seconds: number): Date | undefined {
  const ms = Math.round(seconds * 1000);
  return Math.abs(ms) <= MAX_MS ? new Date(ms) : undefined;
}

/** Reads any of AWS's three spellings, as its services do whichever one a member declares; undefined if none fits. */
export function parseTimestamp(text: string): Date | undefined {
  if (NUMBER.test(text)) return fromEpochSeconds(Number(text));
  const iso = ISO.exec(text);
  if (iso) {
    const [, year, month, day, hour, minute, second, fraction, , sign, offsetHours, offsetMinutes] = iso;
    return instant(
      year,
      Number(month) - 1,
      day,
      hour,
      minute,
      second,
      fraction,
      sign,
      offsetHours,
      offsetMinutes,
    );
  }
  const rfc = RFC_822.exec(text);
  if (!rfc) return undefined;
  const [, day, monthName = '', year, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = rfc;
  const month = MONTHS.indexOf(monthName.toLowerCase());
  if (month < 0) return undefined;
  return instant(year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes);
}

function instant(
  year: string | undefined,
  month: number,
  day: string | undefined,
  hour = '0',
  minute = '0',
  second = '0',
  fraction = '0',
  sign: string | undefined,
  offsetHours = '0',
  offsetMinutes = '0',
): Date | undefined {
  // Beyond their range Date would carry them over; a leap second is the one that does.
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const at = new Date(0);
  at.setUTCFullYear(Number(year), month, Number(day));
  if (at.getUTCMonth() !== month || at.getUTCDate() !== Number(day)) return undefined;
  at.setUTCHours(Number(hour), Number(minute), Number(second), Math.floor(Number(`0.${fraction}`) * 1000));
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  if (sign !== undefined) at.setTime(at.getTime() - (sign === '-' ? -offset : offset));
  return Number.isNaN(at.getTime()) ? undefined : at;
}
