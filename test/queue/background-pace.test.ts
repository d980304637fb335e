import { onTestFinished, test, expect } from 'vitest';
import { BackgroundPace } from '../../src/queue/background-pace.ts';

/** A pace whose ticks the test makes. */
function paceOf() {
  const clock = { at: 0, part: 0 };
  const pace = new BackgroundPace({ now: () => clock.at, busy: () => clock.part });
  onTestFinished(() => pace.stop());
  /** How many are sent in so many milliseconds, if as many wait as may. */
  const sent = (ms: number): number => {
    let count = 0;
    for (const end = clock.at + ms; clock.at < end; clock.at += 2) {
      pace.live();
      pace.tick();
      for (; pace.isOpen && count < 1e6; count++) pace.took();
    }
    return count;
  };
  return { clock, pace, sent };
}

test('while nothing comes with the stream, all may be sent', () => {
  const { clock, pace } = paceOf();
  for (let i = 0; i < 10_000; i++) {
    expect(pace.isOpen).toBe(true);
    pace.took();
  }
  pace.live();
  expect([pace.isHurried, pace.isOpen]).toEqual([true, false]);
  clock.at = 1000;
  expect([pace.isHurried, pace.isOpen]).toEqual([false, true]);
});

test('else more and more are, until the process is busy, and then fewer', () => {
  const { clock, pace, sent } = paceOf();
  pace.live();
  const first = sent(1000);
  expect(first).toBeGreaterThan(400);
  expect(sent(1000)).toBeGreaterThan(2 * first);
  clock.part = 0.9;
  sent(3000);
  expect(sent(1000)).toBeLessThan(300);
  expect(sent(1000)).toBeGreaterThanOrEqual(200);
});

test('who has to wait is told when it may be sent', () => {
  const { pace } = paceOf();
  let told = 0;
  pace.onOpen(() => told++);
  pace.live();
  expect(pace.isOpen).toBe(false);
  pace.tick();
  expect(told).toBe(1);
});
