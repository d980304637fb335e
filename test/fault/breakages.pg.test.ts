import { describe, expect, test } from 'vitest';
import { serverUrl } from '../support/postgres.ts';
import { BREAKAGES, broken, moduleOf } from './suite/breakages.ts';
import { runSuite } from './suite/suite.ts';

/*
 * The suite finds what it is there to find: the daemon is broken on purpose, a text of one of its modules replaced as it
 * is loaded, and the oracle must name the condition that does not hold any more.
 */

/** The others take longer: `npm run test:fault -- --break NAME`. */
const SHORT: ReadonlySet<string> = new Set(['acknowledge', 'ids', 'lanes']);

describe.each(Object.entries(BREAKAGES).filter(([name]) => SHORT.has(name)))('broken: %s', (name, breakage) => {
  test(`the suite finds that ${breakage.what}`, { timeout: 120_000 }, async () => {
    const lines: string[] = [];
    const { findings } = await runSuite({
      server: { url: serverUrl(), own: null, stop: async () => {} },
      rounds: 3,
      seed: 1,
      breakage: name,
      only: breakage.scenes,
      episode: 1,
      untilFound: true,
      onLine: (line) => lines.push(line),
    });
    const conditions = [...new Set(findings.map(({ condition }) => condition))];
    console.log(`${name}: ${conditions.join(', ')}; ${lines.length} lines; first: ${findings[0]?.what}`);
    expect(conditions.filter((condition) => breakage.breaks.includes(condition)), lines.join('\n')).not.toEqual([]);
  });
});

test('a breakage whose text is not there fails loudly', () => {
  const [breakage] = Object.values(BREAKAGES);
  if (breakage === undefined) throw new Error('there are breakages');
  const { source } = moduleOf(breakage);
  expect(broken(breakage, source)).not.toBe(source);
  expect(() => broken({ ...breakage, find: 'what nobody would write' }, source)).toThrow(/has no what nobody would write any more/);
});
