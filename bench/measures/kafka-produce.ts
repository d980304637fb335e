import { setTimeout as sleep } from 'node:timers/promises';
import { WALHOOK } from '../database.ts';
import { Fleet } from '../kafka/fleet.ts';
import type { Kafka } from '../kafka/kafka.ts';
import { missing } from '../kafka/missing.ts';
import { againstStream, type Backlog } from '../limits/stream.ts';
import type { Figure, Measure } from '../measure.ts';
import { cpuTime, mainThreadTime } from '../process/usage.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { warmUp } from '../warm-up.ts';

/** How often the topic is asked how many records it has, in milliseconds. */
const ASK_EVERY = 100;
/** What fits into the socket's buffers, 10 MB, is no backlog. */
const LEAST = 300_000;
/** A broker lives for long: its code is compiled once it has had so many records. */
const WARM = 1_000_000;
const RATIO: Omit<Figure, 'value'> = { name: 'kafka-produce.ratio', what: 'records produced ÷ L1', unit: 'ratio', bar: { atLeast: 0.6 } };

interface Produced {
  readonly perSecond: number;
  /** The tail's, all threads and its main thread, and the broker's, for each record, in microseconds. */
  readonly cpu: number;
  readonly mainCpu: number;
  readonly brokerCpu: number;
}

/** A tail reads a backlog and produces all of it, acknowledged by the broker. */
export const kafkaProduce: Measure = {
  name: 'kafka-produce',
  title: 'the tail of a fleet: from the slot to the broker',
  async run(suite) {
    const kafka = await suite.kafka();
    if (kafka === null) return missing([RATIO]);
    const backlog = await profilesBacklog(suite, 'kafka_produce', Math.max(LEAST, suite.options.rows));
    for (let had = 0; had < WARM; had += backlog.rows) await produce(suite, kafka, backlog);
    const { ours, limit } = await againstStream(suite, backlog, () => produce(suite, kafka, backlog));
    const rates = ours.map(({ perSecond }) => perSecond);
    return {
      figures: [
        { ...RATIO, value: ratio(rates, limit.rates) },
        { name: 'kafka-produce.rate', what: 'records produced, acknowledged', unit: '/s', value: spread(rates) },
        { name: 'kafka-produce.limit', what: 'L1, rows', unit: '/s', value: spread(limit.rates) },
        { name: 'kafka-produce.cpu', what: "the tail's CPU a record, reading included", unit: 'µs', value: spread(ours.map(({ cpu }) => cpu)) },
        { name: 'kafka-produce.main_cpu', what: 'of it, its main thread', unit: 'µs', value: spread(ours.map(({ mainCpu }) => mainCpu)) },
        { name: 'kafka-produce.broker_cpu', what: "the broker's CPU a record", unit: 'µs', value: spread(ours.map(({ brokerCpu }) => brokerCpu)) },
      ],
      notes: [
        'One broker, one copy, 24 partitions, `acks=all`, an idempotent producer. Postgres, the tail and the broker share the cores. Rows that waited in buffers when the tail was warm are not counted.',
        limit.note,
      ],
    };
  },
};

async function produce(suite: Suite, kafka: Kafka, { database, rows, end }: Backlog): Promise<Produced> {
  await database.rewind(WALHOOK);
  await database.forget();
  const fleet = new Fleet({ suite, kafka, config: await profilesConfig(database, 9) });
  const tail = await fleet.launch('tail');
  await tail.ready();
  await reach(warmUp(rows));
  const began = performance.now();
  const arrived = Math.max(await fleet.produced(), Math.ceil(rows * (await database.sentOf(WALHOOK, end))));
  const pids = [tail.pid, kafka.pid] as const;
  const before = pids.map(cpuTime);
  const mainBefore = mainThreadTime(tail.pid);
  const from = await fleet.produced();
  await reach(rows);
  const ms = performance.now() - began;
  const [cpu = 0, brokerCpu = 0] = pids.map((pid, index) => ((cpuTime(pid) - (before[index] ?? 0)) * 1000) / (rows - from));
  const mainCpu = ((mainThreadTime(tail.pid) - mainBefore) * 1000) / (rows - from);
  await tail.close();
  await fleet.close();
  return { perSecond: ((rows - arrived) * 1000) / ms, cpu, mainCpu, brokerCpu };

  async function reach(records: number): Promise<void> {
    while ((await fleet.produced()) < records) await Promise.race([sleep(ASK_EVERY), tail.failed]);
  }
}
