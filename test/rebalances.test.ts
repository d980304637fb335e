import { expect, test } from 'vitest';
import { Rebalances } from '../src/rebalances.ts';

test('counts how often it was dealt to, what it lost, and the time in between', () => {
  let now = 1_000;
  const rebalances = new Rebalances(() => now);
  rebalances.dealt();
  expect(rebalances.facts).toEqual({ rebalances: 1, lost: 0, last_pause: null, paused: 0 });
  now = 2_000;
  rebalances.ended('released');
  now = 2_300;
  rebalances.dealt();
  expect(rebalances.facts).toEqual({ rebalances: 2, lost: 0, last_pause: 300, paused: 300 });
  rebalances.ended('lost');
  now = 3_000;
  expect(rebalances.facts).toEqual({ rebalances: 2, lost: 1, last_pause: 300, paused: 300 });
  rebalances.dealt();
  expect(rebalances.facts).toEqual({ rebalances: 3, lost: 1, last_pause: 700, paused: 1_000 });
});
