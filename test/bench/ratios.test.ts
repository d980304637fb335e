import { describe, expect, test } from 'vitest';
import type { Figure, Result } from '../../bench/measure.ts';
import { ratiosOf, worse } from '../../bench/report/ratios.ts';
import { once } from '../../bench/statistics.ts';

function results(...figures: readonly Figure[]): ReadonlyMap<string, Result> {
  return new Map([['some', { figures }]]);
}

function least(value: number): Figure {
  return { name: 'some.ratio', what: 'ours ÷ limit', unit: 'ratio', value: once(value), bar: { atLeast: 0.85 } };
}

function most(value: number): Figure {
  return { name: 'some.memory', what: 'memory', unit: 'MB', value: once(value), bar: { atMost: 200 } };
}

describe('worse', () => {
  test('a ratio that fell by more than 10 %', () => {
    expect(worse(results(least(0.8)), { 'some.ratio': 0.9 })).toMatchObject([{ before: 0.9, figure: { name: 'some.ratio' } }]);
  });

  test('not one that fell by less, or rose', () => {
    expect(worse(results(least(0.82)), { 'some.ratio': 0.9 })).toEqual([]);
    expect(worse(results(least(1.8)), { 'some.ratio': 0.9 })).toEqual([]);
  });

  test('where less is better, what rose', () => {
    expect(worse(results(most(120)), { 'some.memory': 100 })).toHaveLength(1);
    expect(worse(results(most(80)), { 'some.memory': 100 })).toEqual([]);
  });

  test('a figure may allow for more chance', () => {
    expect(worse(results({ ...least(0.7), tolerance: 0.3 }), { 'some.ratio': 0.9 })).toEqual([]);
    expect(worse(results({ ...least(0.6), tolerance: 0.3 }), { 'some.ratio': 0.9 })).toHaveLength(1);
  });

  test('not what was not measured, now or then', () => {
    expect(worse(results({ ...least(0), value: null }), { 'some.ratio': 0.9 })).toEqual([]);
    expect(worse(results(least(0.1)), {})).toEqual([]);
  });
});

test('only figures that hold on another machine are kept', () => {
  const rate: Figure = { name: 'some.rate', what: 'deliveries', unit: '/s', value: once(20_000), bar: { atLeast: 10_000 } };
  const limit: Figure = { name: 'some.limit', what: 'no bar', unit: 'ratio', value: once(1) };
  expect(ratiosOf(results(least(0.91234), most(120), rate, limit))).toEqual({ 'some.ratio': 0.912, 'some.memory': 120 });
});
