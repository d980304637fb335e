import { expect, test } from 'vitest';
import { parseMoment } from '../../src/commands/moment.ts';
import { narrowing } from '../../src/commands/selecting.ts';
import { EXIT } from '../../src/errors.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

test.for([
  ['90m', '2026-11-22T10:30:00.000Z'],
  ['1h30m', '2026-11-22T10:30:00.000Z'],
  ['7d', '2026-11-15T12:00:00.000Z'],
  ['2026-11-20', '2026-11-20T00:00:00.000Z'],
  ['2026-11-20T10:00', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20 10:00:05', '2026-11-20T10:00:05.000Z'],
  ['2026-11-20T10:00:00.123Z', '2026-11-20T10:00:00.123Z'],
  ['2026-11-20t10:00z', '2026-11-20T10:00:00.000Z'],
  ['2026-11-20T10:00+02', '2026-11-20T08:00:00.000Z'],
  ['2026-11-20T10:00+02:00', '2026-11-20T08:00:00.000Z'],
  ['2026-11-20T10:00-0530', '2026-11-20T15:30:00.000Z'],
  ['yesterday', null],
  ['1', null],
  ['2026-13-40', null],
  ['2026-11-20T25:00', null],
  ['10:00', null],
  ['', null],
] satisfies [string, string | null][])('%s is %s', ([text, moment]) => {
  expect(parseMoment(text, NOW)).toBe(moment);
});

test('a time is the same wherever the process runs', ({ onTestFinished }) => {
  const zone = process.env['TZ'];
  onTestFinished(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
  process.env['TZ'] = 'America/New_York';
  expect(parseMoment('2026-11-20T10:00', NOW)).toBe('2026-11-20T10:00:00.000Z');
});

test('options make a selection', () => {
  expect(narrowing({ config: '', endpoint: 'crm', hook: 'h', table: ['app.t'], key: ['a=1', 'b=x=y'], since: '1h', before: '2026-11-22T11:30Z' }, NOW)).toEqual({
    endpoint: 'crm',
    hook: 'h',
    table: 'app.t',
    key: { a: '1', b: 'x=y' },
    since: '2026-11-22T11:00:00.000Z',
    before: '2026-11-22T11:30:00.000Z',
  });
  expect(narrowing({ config: '' })).toEqual({});
  expect(narrowing({ config: '', table: ['t'], key: ['__proto__=1'] }).key).toEqual(Object.fromEntries([['__proto__', '1']]));
});

test.for([
  [{ key: ['id=1'] }, '--key goes with --table'],
  [{ table: ['t'], key: ['42'] }, '--key: expected the column and the value, as in --key id=42'],
  [{ table: ['t'], key: ['id=1', 'id=2'] }, '--key: a column is given twice'],
  [{ table: ['t', 'u'] }, '--table may be given once'],
  [{ since: 'soon' }, '--since: expected how long ago, as in 90m or 7d, or a time in ISO 8601, as in 2026-11-20T10:00Z'],
  [{ before: '1x' }, '--before: expected how long ago, as in 90m or 7d, or a time in ISO 8601, as in 2026-11-20T10:00Z'],
] as const)('%j makes no sense', ([options, message]) => {
  expect(() => narrowing({ config: '', ...options })).toThrow(expect.objectContaining({ message, code: 'usage', exit: EXIT.usage }));
});
