import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from '../../src/queue/pace.ts';

/** Sends as often as the pace allows, with timers that are late by up to `late`; gives the times. */
function send(perSecond: number, count: number, late: () => number): number[] {
  const pace = new Pace(perSecond);
  let now = 0;
  return Array.from({ length: count }, () => {
    const wait = pace.wait(now);
    if (wait > 0) now += wait + late();
    expect(pace.wait(now)).toBeCloseTo(0);
    pace.sent(now);
    return now;
  });
}

test('without a limit nothing waits', () => {
  const pace = new Pace(null);
  pace.sent(5);
  expect(pace.wait(5)).toBe(0);
});

test.for([0.01, 0.5, 1, 14, 15, 200, 333, 20_000])('%s a second are that, but for the ten milliseconds that are made up for', (rate) => {
  const last = send(rate, 1000, () => 0).at(-1) ?? 0;
  const share = (999 * 1000) / rate;
  expect(share - last).toBeGreaterThan(-1e-3);
  expect(share - last).toBeLessThan(10 + 1e-3);
});

test('timers that are late cost nothing, and no second has more than its share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.infiniteStream(fc.double({ min: 0, max: 5, noNaN: true })), (rate, late) => {
      const times = send(rate, 2 * rate + 10, () => late.next().value ?? 0);
      // All but the last few milliseconds' worth of lateness is made up for.
      expect(times.at(-1)).toBeLessThan(((times.length - 1) * 1000) / rate + 10);
      for (const [i, from] of times.entries()) {
        const inSecond = times.findIndex((at) => at >= from + 1000) - i;
        if (inSecond > 0) expect(inSecond).toBeLessThanOrEqual(rate + Math.ceil(rate / 100) + 1);
      }
    }),
    { numRuns: 20 },
  );
});

test('what was not sent in a quiet time is not sent in a burst after it', () => {
  const pace = new Pace(10);
  pace.sent(0);
  pace.sent(10_000);
  expect(pace.wait(10_000)).toBeGreaterThanOrEqual(90);
});
