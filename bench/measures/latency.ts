import { type Database, WALHOOK } from '../database.ts';
import type { BareStreamAnswer, BareStreamInput } from '../limits/bare-stream.ts';
import { BARE_STREAM } from '../limits/stream.ts';
import { beatsDatabase, STAMP_COLUMN, writeBeats } from '../load/beats.ts';
import { steadily, warm } from '../load/steadily.ts';
import type { Figure, Measure } from '../measure.ts';
import type { Receiver } from '../receiver/receiver.ts';
import { inTurn } from '../rounds.ts';
import { percentile, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

const PER_SECOND = 1_000;
const SLOT = 'bench_bare';

interface Load {
  readonly database: Database;
  readonly receiver: Receiver;
  readonly rows: number;
}

/** How long after its commit a row is received, by webhook and by a bare reader of the stream. */
export const latency: Measure = {
  name: 'latency',
  title: 'commit → received, 1,000 events/s',
  async run(suite) {
    const { seconds, rounds } = suite.options;
    const load = { database: await beatsDatabase(suite, 'latency'), receiver: await suite.receiver(), rows: PER_SECOND * seconds };
    const { walhook, bare } = await inTurn(rounds, { walhook: () => byWebhook(suite, load), bare: () => byStream(suite, load) });
    return {
      figures: [
        figure('latency.p50', 'walhook, p50', { rounds: walhook, share: 0.5, atMost: 3 }),
        figure('latency.p99', 'walhook, p99', { rounds: walhook, share: 0.99, atMost: 15 }),
        figure('latency.bare_p50', 'bare stream, p50', { rounds: bare, share: 0.5 }),
        figure('latency.bare_p99', 'bare stream, p99', { rounds: bare, share: 0.99 }),
      ],
      notes: [
        'Single-row transactions, evenly, written by a process of its own. A row carries `clock_timestamp()`, taken just before its commit; the receiver, and the bare reader, stamp when it is there.',
      ],
    };
  },
};

async function byWebhook(suite: Suite, { database, receiver, rows }: Load): Promise<readonly number[]> {
  const hooks = [{ name: 'bench', table: 'beats', events: ['insert'], to: 'bench' }];
  const config = await walhookConfig({ database, endpoints: { bench: endpoint(receiver.port) }, hooks });
  const latencies = await steadily(suite, { config, database, receiver, rows, perSecond: PER_SECOND });
  return warm(latencies);
}

async function byStream(suite: Suite, { database, rows }: Load): Promise<readonly number[]> {
  await database.beginSlot(SLOT);
  const input: BareStreamInput = { url: database.url, slot: SLOT, warmUpSlot: null, publication: WALHOOK, rows, rests: false, stampColumn: STAMP_COLUMN };
  const reader = suite.task<BareStreamAnswer>(BARE_STREAM, input);
  await reader.ready;
  await writeBeats(suite, { url: database.url, rows, perSecond: PER_SECOND });
  const { latencies } = await reader.answer;
  return warm(latencies);
}

function figure(name: string, what: string, { rounds, share, atMost }: { rounds: readonly (readonly number[])[]; share: number; atMost?: number }): Figure {
  const value = spread(rounds.map((latencies) => percentile(latencies, share)));
  return { name, what, unit: 'ms', value, ...(atMost === undefined ? {} : { bar: { atMost } }) };
}
