import { setTimeout as sleep } from 'node:timers/promises';
import { WALHOOK } from '../database.ts';
import { Fleet } from '../kafka/fleet.ts';
import { missing } from '../kafka/missing.ts';
import type { Figure, Measure } from '../measure.ts';
import { cpuTime } from '../process/usage.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { ratio, spread } from '../statistics.ts';
import { endpoint } from '../walhook-config.ts';
import { warmUp } from '../warm-up.ts';

const LATENCY = 50;
/** Of each worker. Four of them are far from what two cores can do: it is the endpoint's time that each has only so much of. */
const CONCURRENCY = 20;
const ALLOWED = (CONCURRENCY * 1000) / LATENCY;
/** Of each worker. What it would take more than 30 s to send, it parks. */
const IN_FLIGHT = 2_000;
const COUNTS = [1, 2, 4] as const;
const MOST = 4;
/** Seconds that the tail may take, during which workers send already. */
const FILLING = 3;
/** How often the topic is asked how many records it has, in milliseconds. */
const ASK_EVERY = 50;
/** Part of what each worker allows that a fleet of `count` must bring. */
const WANTED = 0.9;

interface Measured {
  readonly perSecond: number;
  /** Of all workers, for each delivery, in microseconds. */
  readonly cpu: number;
  readonly answeredAfter: number;
  readonly parked: number;
}

/** Deliveries a second of one, two and four workers, from a topic that has more than they can send. */
export const kafkaWorkers: Measure = {
  name: 'kafka-workers',
  title: 'workers of a fleet against endpoints of 50 ms',
  async run(suite) {
    const kafka = await suite.kafka();
    if (kafka === null) return missing(COUNTS.slice(1).map(bar));
    const { seconds, rounds } = suite.options;
    // Partitions hold unlike numbers of lanes: the last worker must still have some when all have been counted.
    const rows = ALLOWED * MOST * (seconds + FILLING) * 2;
    const { database } = await profilesBacklog(suite, 'kafka_workers', rows);
    const receiver = await suite.receiver();
    const whole = await profilesConfig(database, receiver.port, { endpoints: { bench: endpoint(receiver.port, { concurrency: CONCURRENCY }) } });
    const config = { ...whole, data: { ...whole.data, limits: { in_flight: IN_FLIGHT } } };
    receiver.delay(LATENCY);
    const drainWith = (count: number) => async (): Promise<Measured> => {
      await database.rewind(WALHOOK);
      await database.forget();
      const fleet = new Fleet({ suite, kafka, config });
      const workers = await Promise.all(Array.from({ length: count }, () => fleet.start('deliver')));
      await fill(fleet, rows);
      const until = ALLOWED * count * seconds;
      const counting = receiver.count({ what: 'requests', skip: warmUp(until), until });
      const failed = Promise.race(workers.map((worker) => worker.failed));
      await Promise.race([counting.began, failed]);
      const cpu = (): number => workers.reduce((sum, { pid }) => sum + cpuTime(pid), 0);
      const before = cpu();
      const { ms, answeredAfter } = await Promise.race([counting.counted, failed]);
      const used = cpu() - before;
      await Promise.all(workers.map((worker) => worker.close()));
      await fleet.close();
      const counted = until - warmUp(until);
      return { perSecond: (counted * 1000) / ms, cpu: (used * 1000) / counted, answeredAfter, parked: await database.parked() };
    };
    const { one, two, four } = await inTurn(rounds, { one: drainWith(1), two: drainWith(2), four: drainWith(4) });
    const all = [one, two, four].flat();
    const figures: Figure[] = [
      { ...bar(2), value: ratio(rates(two), rates(one)) },
      { ...bar(4), value: ratio(rates(four), rates(one)) },
      ...([one, two, four] as const).map((measured, index): Figure => {
        const count = COUNTS[index] ?? 0;
        return { name: `kafka-workers.rate_${count}`, what: `deliveries with ${count}, of ${(ALLOWED * count).toLocaleString('en')}/s that their connections allow`, unit: '/s', value: spread(rates(measured)) };
      }),
      { name: 'kafka-workers.cpu', what: "four workers' CPU a delivery", unit: 'µs', value: spread(four.map(({ cpu }) => cpu)) },
    ];
    const slowest = Math.max(...all.map(({ answeredAfter }) => answeredAfter));
    return {
      figures,
      notes: [
        `Each worker is a process of its own with ${CONCURRENCY} connections and \`in_flight: ${IN_FLIGHT.toLocaleString('en')}\`. They have their share of 24 partitions before a tail fills them with ${rows.toLocaleString('en')} deliveries, and ends. Asked to wait ${LATENCY} ms, the receiver answered after ${slowest.toFixed(2)} ms at most in the mean of a round.`,
        `The workers parked at most ${Math.max(...all.map(({ parked }) => parked)).toLocaleString('en')} deliveries of a round.`,
      ],
    };
  },
};

function rates(measured: readonly Measured[]): number[] {
  return measured.map(({ perSecond }) => perSecond);
}

function bar(count: number): Omit<Figure, 'value'> {
  return { name: `kafka-workers.${count}`, what: `deliveries with ${count} workers ÷ with one`, unit: 'ratio', bar: { atLeast: WANTED * count } };
}

/** Has a tail produce the backlog, and ends it. */
async function fill(fleet: Fleet, rows: number): Promise<void> {
  const tail = await fleet.start('tail');
  while ((await fleet.produced()) < rows) await Promise.race([sleep(ASK_EVERY), tail.failed]);
  await tail.stop();
}
