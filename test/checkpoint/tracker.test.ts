import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import { type Position, START } from '../../src/position.ts';

function at(lsn: number): Position {
  return { lsn: BigInt(lsn), within: null };
}

/** The same, without any cleverness. */
class NaiveTracker {
  safe: Position = START;
  readonly #marks: { readonly before: readonly number[]; readonly position: Position }[] = [];
  readonly #settled = new Set<number>();
  #next = 0;

  take(): number {
    return this.#next++;
  }

  settle(ticket: number): void {
    this.#settled.add(ticket);
    this.#pass();
  }

  mark(position: Position): void {
    this.#marks.push({ before: Array.from({ length: this.#next }, (_, ticket) => ticket), position });
    this.#pass();
  }

  #pass(): void {
    this.safe = this.#marks.findLast(({ before }) => before.every((ticket) => this.#settled.has(ticket)))?.position ?? START;
  }
}

test('begins where it is told to', () => {
  const start = at(7);
  expect(new Tracker(start).safe).toBe(start);
});

test('a position is safe once every delivery below it is settled', () => {
  const tracker = new Tracker(START);
  const [first, second] = [tracker.take(), tracker.take()];
  tracker.mark(at(10));
  const third = tracker.take();
  tracker.mark(at(20));
  tracker.settle(second);
  tracker.settle(third);
  expect(tracker.safe).toBe(START);
  expect(tracker.open).toBe(3);
  tracker.settle(first);
  expect(tracker.safe).toEqual(at(20));
  expect(tracker.open).toBe(0);
});

test('with nothing in flight a mark is safe at once', () => {
  const tracker = new Tracker(START);
  for (let lsn = 1; lsn <= 5000; lsn++) tracker.mark(at(lsn));
  expect(tracker.safe).toEqual(at(5000));
});

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('take' as const) },
    { weight: 4, arbitrary: fc.nat().map((which) => ({ which })) },
    { weight: 2, arbitrary: fc.constant('mark' as const) },
  ),
  { maxLength: 120 },
);

test('agrees with a naive model, settled in any order', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const tracker = new Tracker(START);
      const model = new NaiveTracker();
      const open: number[] = [];
      let lsn = 0;
      for (const step of script) {
        if (step === 'take') {
          const ticket = tracker.take();
          expect(ticket).toBe(model.take());
          open.push(ticket);
        } else if (step === 'mark') {
          lsn++;
          tracker.mark(at(lsn));
          model.mark(at(lsn));
        } else if (open.length > 0) {
          const [ticket = 0] = open.splice(step.which % open.length, 1);
          tracker.settle(ticket);
          model.settle(ticket);
        }
        expect(tracker.safe).toEqual(model.safe);
      }
    }),
  );
});

test('with many thousands open at once, in a ring that grows, it still reaches the last mark and no further', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6000 }), fc.integer({ min: 0, max: 3000 }), fc.infiniteStream(fc.nat()), (count, before, which) => {
      const tracker = new Tracker(START);
      // So that the ring does not begin at ticket 0.
      for (let i = 0; i < before; i++) tracker.settle(tracker.take());
      const tickets = Array.from({ length: count }, () => {
        const ticket = tracker.take();
        tracker.mark(at(ticket + 1));
        return ticket;
      });
      const [held] = tickets.splice((which.next().value ?? 0) % count, 1);
      if (held === undefined) return;
      for (const ticket of shuffled(tickets, which.next().value ?? 0)) tracker.settle(ticket);
      expect(tracker.safe).toEqual(held === before ? START : at(held));
      tracker.settle(held);
      expect(tracker.safe).toEqual(at(before + count));
      expect(tracker.open).toBe(0);
    }),
    { numRuns: 30 },
  );
});

function shuffled(tickets: readonly number[], seed: number): number[] {
  return tickets
    .map((ticket) => ({ ticket, order: Math.imul(ticket ^ seed, 2_654_435_761) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ ticket }) => ticket);
}

test('a ticket that stays open for long costs a byte for each that follows, and a bounded number of marks; then all of it is safe', () => {
  const tracker = new Tracker(START);
  const first = tracker.take();
  tracker.mark(at(1));
  const before = process.memoryUsage().heapUsed;
  const many = 300_000;
  for (let i = 2; i <= many; i++) {
    tracker.settle(tracker.take());
    tracker.mark(at(i));
  }
  expect(tracker.safe).toBe(START);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  tracker.settle(first);
  expect(tracker.safe).toEqual(at(many));
});

test('what waits is untouched from the mark on behind which nothing else is', () => {
  const tracker = new Tracker(START);
  const waiting = new Set<number>();
  expect(tracker.untouchedFrom(waiting)).toBe(0);
  for (let lsn = 1; lsn <= 5; lsn++) {
    for (let i = 0; i < 10; i++) tracker.take();
    tracker.mark(at(lsn));
  }
  for (let ticket = 13; ticket < 50; ticket++) waiting.add(ticket);
  expect(tracker.untouchedFrom(waiting)).toBe(20);
  // One that has been overtaken does not count.
  waiting.delete(35);
  tracker.settle(35);
  expect(tracker.untouchedFrom(waiting)).toBe(40);
  // What is behind the last mark can be left to nobody.
  tracker.take();
  expect(tracker.untouchedFrom(waiting)).toBe(51);
  waiting.add(50);
  expect(tracker.untouchedFrom(waiting)).toBe(40);
  for (let ticket = 0; ticket < 40; ticket++) if (ticket !== 35) tracker.settle(ticket);
  expect(tracker.safe).toEqual(at(4));
});
