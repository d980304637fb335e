import { expect, inject, onTestFinished, test } from 'vitest';
import { describeKafka } from '../../support/kafka.ts';
import { KafkaBroker } from '../../support/kafka/broker.ts';
import { serverUrl } from '../../support/postgres.ts';
import { seedOfRun } from '../../support/random.ts';
import { FLEET_SCENES } from './fleet-scenes.ts';
import { type FleetEpisode, type FleetResult, playFleet } from './fleet-suite.ts';

/*
 * A fleet of real processes against a real Postgres, a real broker and a receiver that outlives them all, judged by the
 * eight conditions and by whether a lane was ever in two workers. Once each here; as often as one likes:
 * npm run test:fault -- --engine
 */

async function play(what: Pick<FleetEpisode, 'broker' | 'brokers' | 'workers'>, faults: RegExp, crm: RegExp = /./): Promise<FleetResult> {
  const seed = seedOfRun();
  const lines = [`seed ${seed}`];
  const scenes = FLEET_SCENES.filter(({ fault, crm: mood, isLong }) => faults.test(fault) && crm.test(mood) && isLong !== true);
  const result = await playFleet({ ...what, postgres: serverUrl(), seed, breakage: null, scenes, onLine: (line) => lines.push(line) });
  console.log(lines.filter((line) => !line.includes('{')).join('\n'));
  expect(result.findings, lines.join('\n')).toEqual([]);
  expect(result.rounds).toHaveLength(scenes.length);
  return result;
}

describeKafka('a fleet', () => {
  const shared = { brokers: inject('kafkaBrokers') ?? [], broker: null };

  test('kill -9 of the tail and of one worker of three; and one that was stopped beyond its session sends nothing any more when it wakes', async () => {
    await play({ ...shared, workers: 3 }, /^kill -9 of the tail|^kill -9 of a worker|^SIGSTOP of a worker/, /^slow$|^very slow$/);
  });

  test('one that is tail and worker is killed, and one is stopped while it stores', async () => {
    await play({ ...shared, workers: 2 }, /is tail and worker|while it stores/);
  });

  test('from one worker to four and back: no lane is in two workers, and nothing comes twice', async () => {
    const { again, losses } = await play({ ...shared, workers: 1 }, /^from one worker to four/);
    // A machine that sleeps makes workers lose their place.
    if (losses === 0) expect(again.all).toBe(0);
  });

  test('the broker is killed, stopped for a while, has a full disk, or is slow: the tail confirms what it has taken and nothing else, says so, and goes on', async () => {
    const broker = await KafkaBroker.start();
    onTestFinished(() => broker.stop());
    await play({ brokers: broker.brokers, broker, workers: 2 }, /^kill -9 of the broker|^SIGSTOP of the broker$|disk is full|that is slow/);
  });
});
