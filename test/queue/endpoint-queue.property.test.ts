import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VirtualTime } from '../support/virtual-time.ts';
import { type Script, World } from './world.ts';

// Small bounds, so that a few hundred deliveries reach them all.
vi.mock(import('../../src/queue/blocked-lanes.ts'), async (original) => {
  const { BlockedLanes } = await original();
  return { BlockedLanes, MOST_BLOCKED_LANES: 6 as 10_000 };
});
vi.mock(import('../../src/queue/loaded.ts'), async (original) => {
  const { Loaded } = await original();
  return {
    Loaded: class extends Loaded {
      #size = new Set<string>();
      override get page(): number {
        return 4;
      }
      override get pageBytes(): number {
        return 1200;
      }
      override get hasRoom(): boolean {
        return this.#size.size < 6;
      }
      override add(delivery: Parameters<typeof Loaded.prototype.add>[0]): void {
        this.#size.add(delivery.id);
      }
      override has(id: string): boolean {
        return this.#size.has(id);
      }
      override remove(id: string): void {
        this.#size.delete(id);
      }
    },
  };
});
let overflow = (): boolean => false;
vi.mock(import('../../src/queue/overflow.ts'), () => ({ overflows: () => overflow() }));

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

const window = fc.tuple(fc.nat(1500), fc.integer({ min: 1, max: 1500 })).map(([from, length]): [number, number] => [from, from + length]);
const script: fc.Arbitrary<Script> = fc.record({
  seed: fc.integer(),
  deliveries: fc.integer({ min: 1, max: 150 }),
  background: fc.constantFrom(0, 5, 60),
  lanes: fc.integer({ min: 1, max: 20 }),
  concurrency: fc.integer({ min: 1, max: 8 }),
  batch: fc.option(fc.constantFrom(1, 2, 3, 10), { freq: 3 }),
  rate: fc.option(fc.integer({ min: 20, max: 500 }), { freq: 4 }),
  inFlight: fc.integer({ min: 4, max: 60 }),
  flaky: fc.constantFrom(0, 0.02, 0.2, 0.5),
  poison: fc.constantFrom(0, 7, 30),
  buried: fc.constantFrom(0, 0, 11),
  slowest: fc.constantFrom(0, 3, 30, 300),
  slowestStore: fc.constantFrom(0, 2, 20, 150),
  outages: fc.array(window, { maxLength: 2 }),
  storeOutages: fc.array(window, { maxLength: 2 }),
  overflow: fc.constantFrom(0, 0.01, 0.5),
  pauses: fc.array(window, { maxLength: 1 }),
  refreshes: fc.array(fc.nat(3000), { maxLength: 3 }),
  lates: fc.array(fc.nat(2000), { maxLength: 12 }),
  crashes: fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 3 }),
  handOvers: fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 3 }),
});

async function play(drawn: Script): Promise<World> {
  const world = new World(drawn, time);
  vi.spyOn(Math, 'random').mockImplementation(() => world.random());
  overflow = () => world.random() < drawn.overflow;
  const start = time.now;
  await Promise.race([world.start(), time.run(1000)]);
  const happenings = [
    ...drawn.crashes.map((at) => ({ at, happen: () => void world.crash() })),
    ...drawn.handOvers.map((at) => ({ at, happen: () => void world.handOver() })),
    ...drawn.refreshes.map((at) => ({ at, happen: () => world.meddle('refresh') })),
    ...drawn.lates.map((at) => ({ at, happen: () => world.meddle('late') })),
    ...drawn.pauses.map(([at]) => ({ at, happen: () => world.meddle('pause') })),
    // Once nothing else happens, so that it is not a process on its way up that misses it.
    ...drawn.pauses.map(() => ({ at: 10_000, happen: () => world.meddle('resume') })),
  ];
  for (const { at, happen } of happenings.toSorted((a, b) => a.at - b.at)) {
    await time.until(() => time.now - start >= at, at + 1);
    happen();
  }
  await time.until(() => world.isDone || world.violations.length > 0, 600_000);
  return world;
}

test('whatever happens, nothing is lost, lanes keep their order, nothing is settled early, and all drains', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (drawn) => {
      time.uninstall();
      time = VirtualTime.install();
      const world = await play(drawn);
      expect(world.violations).toEqual([]);
      expect(world.isDone, world.describe()).toBe(true);
      const canary = world.offerCanary();
      expect(await time.until(() => world.received.has(canary.id), 60_000), world.describe()).toBe(true);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 150) },
  );
}, 300_000);
