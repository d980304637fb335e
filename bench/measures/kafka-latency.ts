import { Fleet } from '../kafka/fleet.ts';
import { missing } from '../kafka/missing.ts';
import { beatsDatabase } from '../load/beats.ts';
import { type Load, steadily, warm } from '../load/steadily.ts';
import type { Figure, Measure } from '../measure.ts';
import { inTurn } from '../rounds.ts';
import { percentile, type Spread, spread } from '../statistics.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

/** What leaves the cores room: a tail, a broker, a worker, Postgres, the writer and the receiver share them. */
const PER_SECOND = 200;
/** Two processes and the broker take longer to be warm. */
const LONGER = 2;
const ADDED: Omit<Figure, 'value'> = { name: 'kafka-latency.added', what: 'p50 with the engine − without it', unit: 'ms', bar: { atMost: 10 } };

/** What the way through the broker, and a second process, adds to a row's way. */
export const kafkaLatency: Measure = {
  name: 'kafka-latency',
  title: 'commit → received through the engine, 200 events/s',
  async run(suite) {
    const kafka = await suite.kafka();
    if (kafka === null) return missing([ADDED]);
    const { seconds, rounds } = suite.options;
    const database = await beatsDatabase(suite, 'kafka_latency');
    const receiver = await suite.receiver();
    const config = await walhookConfig({ database, endpoints: { bench: endpoint(receiver.port) }, hooks: [{ name: 'bench', table: 'beats', events: ['insert'], to: 'bench' }] });
    const load: Load = { database, receiver, rows: PER_SECOND * seconds * LONGER, perSecond: PER_SECOND };
    const { through, alone } = await inTurn(rounds, {
      through: async () => {
        const fleet = new Fleet({ suite, kafka, config });
        const latencies = await steadily(suite, { ...load, start: async () => [await fleet.start('tail'), await fleet.start('deliver')] });
        await fleet.close();
        return warm(latencies);
      },
      alone: async () => warm(await steadily(suite, { ...load, config })),
    });
    return {
      figures: [
        { ...ADDED, value: difference(of(through, 0.5), of(alone, 0.5)) },
        figure('p50', 'tail, broker and worker, p50', spread(of(through, 0.5))),
        figure('p99', 'tail, broker and worker, p99', spread(of(through, 0.99))),
        figure('alone_p50', 'one process, p50', spread(of(alone, 0.5))),
        figure('alone_p99', 'one process, p99', spread(of(alone, 0.99))),
      ],
      notes: ['As [above](#latency), in turn with and without the engine: a tail, one broker and a worker, all on the same cores as everything else.'],
    };
  },
};

/** A percentile of each round. */
function of(rounds: readonly (readonly number[])[], share: number): number[] {
  return rounds.map((latencies) => percentile(latencies, share));
}

function figure(name: string, what: string, value: Spread): Figure {
  return { name: `kafka-latency.${name}`, what, unit: 'ms', value };
}

/** Of two that were measured in turn: of the medians, and the least and the greatest of a single round. */
function difference(ours: readonly number[], others: readonly number[]): Spread {
  const rounds = spread(ours.map((value, round) => value - (others[round] ?? Number.NaN)));
  const ofMedians = spread(ours).median - spread(others).median;
  return { ...rounds, median: ofMedians, min: Math.min(rounds.min, ofMedians), max: Math.max(rounds.max, ofMedians) };
}
