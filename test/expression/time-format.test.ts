import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileTimeFormat, isoTime, TIME_DIRECTIVES } from '../../src/expression/time-format.ts';

const ALL = TIME_DIRECTIVES.join('|');

test('every directive', () => {
  const at = new Date('2026-02-03T04:05:06.007Z');
  expect(compileTimeFormat(ALL)(at, 'UTC').split('|')).toEqual([
    '2026', '26', '02', '03', ' 3', '04', '04', '05', '06', '007', 'AM', '034', '2', 'Tue', 'Tuesday', 'Feb', 'February', '1770091506', '+0000', '+00:00', '2026-02-03', '04:05:06', '%',
  ]);
});

test('the clock of half a day, and Sunday', () => {
  const format = compileTimeFormat('%I %p %u %j');
  expect(format(new Date('2024-12-29T00:00:00Z'), 'UTC')).toBe('12 AM 7 364');
  expect(format(new Date('2024-12-31T12:30:00Z'), 'UTC')).toBe('12 PM 2 366');
  expect(format(new Date('2024-12-31T23:30:00Z'), 'UTC')).toBe('11 PM 2 366');
});

test('summer time begins and ends', () => {
  const format = compileTimeFormat('%F %T %z');
  const amsterdam = (iso: string): string => format(new Date(iso), 'Europe/Amsterdam');
  expect(amsterdam('2026-03-29T00:59:59Z')).toBe('2026-03-29 01:59:59 +0100');
  expect(amsterdam('2026-03-29T01:00:00Z')).toBe('2026-03-29 03:00:00 +0200');
  expect(amsterdam('2026-10-25T00:30:00Z')).toBe('2026-10-25 02:30:00 +0200');
  expect(amsterdam('2026-10-25T01:30:00Z')).toBe('2026-10-25 02:30:00 +0100');
  expect(isoTime(new Date('2026-01-01T02:00:00.5Z'), 'America/St_Johns')).toBe('2025-12-31T22:30:00.500-03:30');
  expect(isoTime(new Date('2026-01-01T20:00:00Z'), 'Asia/Kathmandu')).toBe('2026-01-02T01:45:00.000+05:45');
});

test('years before the common era, and far ahead', () => {
  const format = compileTimeFormat('%F');
  expect(format(new Date('-000043-03-15T12:00:00Z'), 'UTC')).toBe('-0043-03-15');
  expect(format(new Date('-000043-03-15T12:00:00Z'), 'Etc/GMT')).toBe('-0043-03-15');
  expect(format(new Date('+012345-06-07T12:00:00Z'), 'Etc/GMT-1')).toBe('12345-06-07');
});

test('the same moment in any zone', () => {
  const moment = fc.date({ min: new Date('1900-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true });
  fc.assert(
    fc.property(moment, fc.constantFrom('UTC', 'Etc/UTC', 'Europe/Amsterdam', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'), (at, zone) => {
      // Before 1970 offsets have seconds, which ISO 8601 has no place for.
      const offset = at.getUTCFullYear() < 1980 ? null : isoTime(at, zone);
      if (offset !== null) expect(new Date(offset).getTime()).toBe(at.getTime());
      expect(compileTimeFormat('%FT%T.%LZ')(at, 'Etc/UTC')).toBe(at.toISOString());
      expect(compileTimeFormat('%s')(at, zone)).toBe(String(Math.floor(at.getTime() / 1000)));
    }),
  );
});
