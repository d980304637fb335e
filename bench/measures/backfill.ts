import { setTimeout as sleep } from 'node:timers/promises';
import { beginBackfill, showBackfill } from '../backfill/begin.ts';
import type { TableAnswer, TableInput } from '../backfill/main.ts';
import { type Database, WALHOOK } from '../database.ts';
import { copyOut, psqlVersion } from '../limits/copy-out.ts';
import { beatsDatabase } from '../load/beats.ts';
import { steadily, warm } from '../load/steadily.ts';
import type { Figure, Measure } from '../measure.ts';
import { growthOf, MemoryWatch } from '../process/memory-watch.ts';
import { createProfiles, INSERT_PROFILES, profilesConfig, profilesDatabase } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { once, percentile, ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

const TABLE = new URL('../backfill/main.ts', import.meta.url);
/** Rows a second that are written while a backfill runs. */
const PER_SECOND = 1_000;
const LOOK_EVERY_MS = 100;
/** A flat line may rise by so much. */
const FLAT = 1.1;

/** Rows that were there before: how fast they are read, what memory they take, and what live events feel of them. */
export const backfill: Measure = {
  name: 'backfill',
  title: 'backfill: against COPY, in memory, beside live events',
  async run(suite) {
    const speed = await speedFigures(suite);
    const memory = await memoryFigures(suite);
    const priority = await priorityFigures(suite);
    return {
      figures: [...speed, ...memory, ...priority],
      notes: [
        `Read and built: chunks with their marks, up to bodies, which are thrown away. COPY: \`COPY … TO STDOUT\` of the same table, thrown away by psql ${psqlVersion() ?? '(not installed)'}. Beside live events: ${PER_SECOND.toLocaleString('en')} single-row transactions a second to the endpoint that the backfill goes to.`,
      ],
    };
  },
};

async function speedFigures(suite: Suite): Promise<Figure[]> {
  const { rows, rounds } = suite.options;
  const database = await filled(suite, 'backfill_speed', rows);
  const { data: config } = await profilesConfig(database, 9);
  const input: TableInput = { url: database.url, rows, config };
  const built = async (): Promise<number> => (await suite.task<TableAnswer>(TABLE, input).answer).rowsPerSecond;
  if (psqlVersion() === null) return [{ name: 'backfill.ratio', what: 'rows read and built ÷ COPY', unit: 'ratio', value: null, bar: { atLeast: 0.6 } }];
  const limit = (): Promise<number> => copyOut({ url: database.url, table: 'profiles', rows });
  await limit(); // from now on the table is in memory
  const { ours, copy } = await inTurn(rounds, { ours: built, copy: limit });
  await database.close();
  return [
    { name: 'backfill.ratio', what: 'rows read and built ÷ COPY', unit: 'ratio', value: ratio(ours, copy), bar: { atLeast: 0.6 } },
    { name: 'backfill.rate', what: 'rows read and built', unit: '/s', value: spread(ours) },
    { name: 'backfill.limit', what: 'COPY, rows', unit: '/s', value: spread(copy) },
  ];
}

async function memoryFigures(suite: Suite): Promise<Figure[]> {
  const rows = Math.round((suite.options.rows * 10) / 3);
  const database = await filled(suite, 'backfill_memory', rows);
  const receiver = await suite.receiver();
  const { data, port } = await profilesConfig(database, receiver.port);
  await database.beginSlot(WALHOOK);
  const walhook = suite.walhook({ config: data, port });
  await walhook.ready();
  const watch = new MemoryWatch(walhook.pid);
  const began = performance.now();
  const { id } = await beginBackfill({ port }, 'bench');
  while ((await showBackfill({ port }, id)).state !== 'done') await Promise.race([sleep(LOOK_EVERY_MS), walhook.failed]);
  const seconds = (performance.now() - began) / 1000;
  const { samples, peak } = watch.stop();
  await walhook.close();
  await database.close();
  const counted = rows.toLocaleString('en');
  return [
    { name: 'backfill.sent', what: `rows delivered, of ${counted}`, unit: '/s', value: once(rows / seconds) },
    { name: 'backfill.peak', what: `memory, backfill of ${counted} rows, peak`, unit: 'MB', value: once(peak), bar: { atMost: 200 } },
    { name: 'backfill.growth', what: 'memory: most of the last half ÷ of the first', unit: 'ratio', value: once(growthOf(samples)), bar: { atMost: FLAT } },
  ];
}

async function priorityFigures(suite: Suite): Promise<Figure[]> {
  const { rounds, rows, seconds } = suite.options;
  const database = await beatsDatabase(suite, 'backfill_priority');
  await createProfiles(database);
  await database.inThousands(rows, INSERT_PROFILES);
  await database.query(`alter publication ${WALHOOK} add table profiles`);
  const receiver = await suite.receiver();
  const hooks = [
    { name: 'bench', table: 'beats', events: ['insert'], to: 'bench' },
    { name: 'old', table: 'profiles', to: 'bench' },
  ];
  const config = await walhookConfig({ database, endpoints: { bench: endpoint(receiver.port, { concurrency: 64 }) }, hooks });
  const sent: number[] = [];
  const p99 = async (isBeside: boolean): Promise<number> => {
    let id = '';
    const latencies = await steadily(suite, {
      config,
      database,
      receiver,
      rows: PER_SECOND * seconds,
      perSecond: PER_SECOND,
      onReady: async () => void (isBeside && ({ id } = await beginBackfill(config, 'old'))),
      onEnd: async () => {
        if (!isBeside) return;
        const { state, rows_sent: count } = await showBackfill(config, id);
        if (state !== 'running') throw new Error(`the backfill is ${state} before the live events are: more --rows are needed`);
        sent.push(count / seconds);
      },
    });
    return percentile(warm(latencies), 0.99);
  };
  const { together, alone } = await inTurn(rounds, { together: () => p99(true), alone: () => p99(false) });
  return [
    { name: 'backfill.p99_ratio', what: 'live p99 with a backfill ÷ without', unit: 'ratio', value: ratio(together, alone), bar: { atMost: 1.3 }, tolerance: 0.3 },
    { name: 'backfill.p99_together', what: 'commit → received, p99, with a backfill', unit: 'ms', value: spread(together) },
    { name: 'backfill.p99_alone', what: 'p99 without it', unit: 'ms', value: spread(alone) },
    { name: 'backfill.sent_beside', what: 'rows of the backfill delivered meanwhile', unit: '/s', value: spread(sent) },
  ];
}

/** A database whose table has so many rows, which no stream will bring. */
async function filled(suite: Suite, name: string, rows: number): Promise<Database> {
  const database = await profilesDatabase(suite, name);
  await database.inThousands(rows, INSERT_PROFILES);
  await database.query('vacuum analyze profiles');
  return database;
}
