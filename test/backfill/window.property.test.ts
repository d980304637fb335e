import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Breakage, type Step, World } from './window.world.ts';

const who = fc.nat({ max: 3 });

/** What seldom falls together by chance: a whole chunk while nothing else happens, and a kill just after the stream has told of a commit. */
const CHUNK: Step[] = [{ do: 'backfill' }, { do: 'stream', count: 4 }, { do: 'backfill' }, { do: 'backfill' }, { do: 'stream', count: 4 }];
const KILL: Step[] = [{ do: 'commit', who: 0 }, { do: 'stream', count: 4 }, { do: 'kill' }];

function steps(wanted: fc.Arbitrary<boolean>): fc.Arbitrary<Step[]> {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ do: 'begin' } as const) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), who, key: fc.nat({ max: 7 }), kind: fc.constantFrom('put', 'put', 'delete'), wanted }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), who }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('commit', 'commit', 'show', 'abort'), who }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('stream' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 6, arbitrary: fc.constant({ do: 'backfill' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'kill' } as const) },
  );
  const phrase = fc.oneof({ weight: 20, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: fc.constant(CHUNK) }, { weight: 1, arbitrary: fc.constant(KILL) });
  return fc.array(phrase, { maxLength: 100 }).map((phrases) => phrases.flat());
}

const KEYS = ['k0', 'k2', 'k3', 'k5', 'k6', 'k7'];

function play(script: readonly Step[], breakage: Breakage = null): World {
  const world = new World(KEYS, breakage);
  for (const step of script) world.take(step);
  world.finish();
  return world;
}

function byKey([a]: readonly (string | number)[], [b]: readonly (string | number)[]): number {
  return (a ?? 0) < (b ?? 0) ? -1 : 1;
}

/** What the receiver has of the rows that it thinks are there. */
function there(world: World): Record<string, number> {
  return Object.fromEntries([...world.received].flatMap(([key, { version, isThere }]) => (isThere ? [[key, version]] : [])).toSorted(byKey));
}

test('however stream, marks, reads, late commits and kills fall together, the receiver ends with the table, and no row goes back', () => {
  fc.assert(
    fc.property(steps(fc.constant(true)), (script) => {
      const world = play(script);
      expect(world.violations).toEqual([]);
      expect(world.isDone).toBe(true);
      expect(there(world)).toEqual(Object.fromEntries([...world.table].toSorted(byKey)));
    }),
    { numRuns: 3_000 },
  );
});

test('a hook that does not send every change still gets each row that was there all the time, and none goes back', () => {
  fc.assert(
    fc.property(steps(fc.boolean()), (script) => {
      const world = play(script);
      expect(world.violations).toEqual([]);
      expect(world.isDone).toBe(true);
      const isDisturbed = script.some((step) => step.do === 'truncate' || (step.do === 'write' && step.kind === 'delete'));
      for (const key of isDisturbed ? [] : KEYS) expect(world.received.has(key)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test.each(['touched', 'torn', 'doubtful', 'again'] as const)('a merge without the rule for what is %s is found out', (breakage) => {
  const result = fc.check(
    fc.property(steps(breakage === 'again' ? fc.boolean() : fc.constant(true)), (script) => {
      const world = play(script, breakage);
      const isDisturbed = script.some((step) => step.do === 'truncate' || (step.do === 'write' && step.kind === 'delete'));
      if (breakage === 'again') return isDisturbed || KEYS.every((key) => world.received.has(key));
      return world.violations.length === 0 && JSON.stringify(there(world)) === JSON.stringify(Object.fromEntries([...world.table].toSorted(byKey)));
    }),
    { numRuns: 20_000, seed: 1 },
  );
  expect(result.failed).toBe(true);
});
