import { expect, inject, onTestFinished, test } from 'vitest';
import { describeKafka } from '../../support/kafka.ts';
import { KafkaBroker } from '../../support/kafka/broker.ts';
import { serverUrl } from '../../support/postgres.ts';
import { broken, moduleOf } from '../suite/breakages.ts';
import { ENGINE_BREAKAGES } from './engine-breakages.ts';
import { FLEET_SCENES } from './fleet-scenes.ts';
import { playFleet } from './fleet-suite.ts';

/*
 * The suite finds what it is there to find: the processes are broken on purpose, a text of one module replaced as it is
 * loaded, and the judge must name what does not hold any more.
 */

/** The others take longer, or several rounds: `npm run test:fault -- --engine --break NAME --rounds 3`. */
const SHORT: ReadonlySet<string> = new Set(['commit', 'forward']);

describeKafka('a fleet that is broken', () => {
  test.each(Object.entries(ENGINE_BREAKAGES).filter(([name]) => SHORT.has(name)))('%s: the suite finds it', async (name, breakage) => {
    const lines: string[] = [];
    const scene = FLEET_SCENES.find(({ fault }) => breakage.scenes.test(fault));
    if (scene === undefined) throw new Error(`no scene for ${name}`);
    const broker = scene.harmsBroker === true ? await KafkaBroker.start() : null;
    if (broker !== null) onTestFinished(() => broker.stop());
    const brokers = broker?.brokers ?? inject('kafkaBrokers') ?? [];
    const { findings } = await playFleet({ postgres: serverUrl(), brokers, broker, seed: 1, breakage: name, workers: 2, scenes: [scene], onLine: (line) => lines.push(line) });
    const conditions = [...new Set(findings.map(({ condition }) => condition))];
    console.log(`${name}: ${conditions.join(', ')}; first: ${findings[0]?.what}`);
    expect(conditions.filter((condition) => breakage.breaks.includes(condition)), lines.join('\n')).not.toEqual([]);
  });

  test.each(Object.entries(ENGINE_BREAKAGES))('%s: its text is there', (_name, breakage) => {
    const { source } = moduleOf(breakage);
    expect(broken(breakage, source)).not.toBe(source);
  });
});
