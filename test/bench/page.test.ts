import { expect, test } from 'vitest';
import type { Measure, Result } from '../../bench/measure.ts';
import { page } from '../../bench/report/page.ts';
import { resultText } from '../../bench/report/text.ts';
import { once, spread } from '../../bench/statistics.ts';

const RESULT: Result = {
  figures: [
    { name: 'a.ratio', what: 'ours ÷ L1', unit: 'ratio', value: spread([0.9, 0.95, 0.99]), bar: { atLeast: 0.95 } },
    { name: 'a.memory', what: 'memory', unit: 'MB', value: once(212), bar: { atMost: 200 } },
    { name: 'a.batches', what: 'batches', unit: 'ratio', value: null, bar: { atLeast: 0.85 } },
    { name: 'a.rate', what: 'rows', unit: '/s', value: once(123_456) },
  ],
  tables: [{ title: 'By columns', columns: ['columns', 'µs'], rows: [['2 | 3', '1.5']] }],
  charts: [{ name: 'by-columns', title: 'Cost by columns', x: 'columns', y: 'µs', lines: [] }],
  notes: ['L1 is the resting reader.'],
};
const MEASURE: Measure = { name: 'a', title: 'decode and build', run: () => Promise.resolve(RESULT) };
const OTHER: Measure = { ...MEASURE, name: 'b', title: 'never measured' };

test('the page has every figure, with its bar and whether it is met', () => {
  const record = { machine: { CPU: 'a fast one' }, measures: { a: { date: '2026-11-21', command: 'npm run bench', result: RESULT } }, quick: {} };
  const text = page(record, [MEASURE, OTHER], 'plots');
  expect(text).toContain('| CPU | a fast one |');
  expect(text).toContain('| [decode and build](#a) | ours ÷ L1 | 0.95 (0.90 … 0.99) | ≥ 0.95 | met |');
  expect(text).toContain('| memory | 212 MB | ≤ 200 MB | **not met** |');
  expect(text).toContain('| batches | not measured | ≥ 0.85 | – |');
  expect(text).toContain('| rows | 123,456/s |  |  |');
  expect(text).toContain(String.raw`| 2 \| 3 | 1.5 |`);
  expect(text).toContain('![Cost by columns](plots/by-columns.svg)');
  expect(text).toContain('L1 is the resting reader.');
  expect(text).not.toContain('never measured');
});

test('the terminal has the same', () => {
  const text = resultText(MEASURE, RESULT, 12.4);
  expect(text).toContain('a: decode and build (12 s)');
  expect(text).toMatch(/memory\s+212 MB\s+≤ 200 MB: not met/);
});
