import { describe, expect, test } from 'vitest';
import type { Chart, Figure } from '../../bench/measure.ts';
import { barPlot } from '../../bench/plot/bar-plot.ts';
import { linePlot } from '../../bench/plot/line-plot.ts';
import { ticks, tickText } from '../../bench/plot/scale.ts';
import { spread } from '../../bench/statistics.ts';

describe('ticks', () => {
  test.for([0.003, 0.9, 1, 7, 10, 99, 1_000, 1_024, 300_000])('those of %d are round, from zero to it, and not many', (most) => {
    const all = ticks(most);
    expect(all[0]).toBe(0);
    expect(all.at(-1)).toBeGreaterThanOrEqual(most);
    expect(all.length).toBeGreaterThan(3);
    expect(all.length).toBeLessThan(11);
    for (const tick of all) expect(tickText(tick).length).toBeLessThan(7);
  });

  test('there are some where there is nothing to show', () => {
    expect(ticks(0)).toEqual([0, 1]);
    expect(ticks(Number.NEGATIVE_INFINITY)).toEqual([0, 1]);
  });
});

test('large numbers are short', () => {
  expect([500, 20_000, 1_500_000, 0.05].map(tickText)).toEqual(['500', '20k', '1.5M', '0.05']);
});

describe('linePlot', () => {
  const chart: Chart = { name: 'x', title: 'Cost & "growth" <here>', x: 'rows', y: 'µs', lines: [{ name: 'one', points: [[0, 0], [10, 5]] }, { name: 'two', points: [[0, 1], [10, 10]] }] };

  test('is well formed, whatever the title', () => {
    expect(linePlot(chart)).toContain('Cost &amp; &quot;growth&quot; &lt;here&gt;');
    expectWellFormed(linePlot(chart));
  });

  test('puts the largest at the top and the smallest at the bottom left', () => {
    expect(linePlot(chart)).toMatch(/points="56\.0,2\d\d\.\d 620\.0,52\.0"/);
  });

  test('has colours for a light and for a dark ground', () => {
    expect(linePlot(chart)).toContain('prefers-color-scheme: dark');
  });

  test('takes a logarithmic axis, and one point', () => {
    expectWellFormed(linePlot({ ...chart, isLogX: true, lines: [{ name: 'one', points: [[1_000, 5]] }] }));
  });
});

describe('barPlot', () => {
  const figure = (name: string, value: number, bar: Figure['bar'] & {}): Figure => ({ name, what: `what ${name} is`, unit: 'ratio', value: spread([value, value * 1.1]), bar });

  test('shows each that has a bar, and tells the good from the bad', () => {
    const svg = barPlot('Bars', [figure('a', 0.9, { atLeast: 0.85 }), figure('b', 0.9, { atLeast: 2 }), figure('c', 500, { atMost: 1 }), { name: 'd', what: 'd', unit: 'ms', value: null, bar: { atMost: 1 } }]);
    expectWellFormed(svg);
    expect(svg.match(/<rect /g)).toHaveLength(3);
    expect(svg.match(/fill="var\(--good\)"/g)).toHaveLength(1);
    expect(svg.match(/fill="var\(--bad\)"/g)).toHaveLength(2);
  });
});

/** Every element is closed, and no number is missing. */
function expectWellFormed(svg: string): void {
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  const open: string[] = [];
  for (const [, slash, name = '', end] of svg.replace(/<style>.*?<\/style>/s, '').matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (end !== '/') open.push(name);
  }
  expect(open).toEqual([]);
}
