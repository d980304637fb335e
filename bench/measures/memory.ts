import { setTimeout as sleep } from 'node:timers/promises';
import { WALHOOK } from '../database.ts';
import { drain } from '../drain.ts';
import type { Measure } from '../measure.ts';
import { growthOf, MemoryWatch, type Sample } from '../process/memory-watch.ts';
import { memory as memoryOf } from '../process/usage.ts';
import { INSERT_PROFILES, profilesBacklog, profilesConfig, profilesDatabase } from '../profiles.ts';
import { once } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { endpoint } from '../walhook-config.ts';

/** A flat line may rise by so much. */
const FLAT = 1.1;
const SLOW = { latency: 20, concurrency: 16 };
const LOOK_EVERY_MS = 100;

interface Watched {
  readonly samples: readonly Sample[];
  readonly peak: number;
}

/** What walhook has resident in memory. */
export const memory: Measure = {
  name: 'memory',
  title: 'resident memory: idle; 1,000,000-row transaction; 1,000,000-row backlog with a slow endpoint',
  async run(suite) {
    const rows = Math.round((suite.options.rows * 10) / 3);
    const rest = await idle(suite);
    const transaction = await largeTransaction(suite, rows);
    const backlog = await slowBacklog(suite, rows);
    const counted = rows.toLocaleString('en');
    return {
      figures: [
        { name: 'memory.idle', what: 'memory when idle', unit: 'MB', value: once(rest), bar: { atMost: 90 } },
        { name: 'memory.transaction', what: `memory, transaction of ${counted} rows, peak`, unit: 'MB', value: once(transaction.peak), bar: { atMost: 200 } },
        { name: 'memory.backlog', what: `memory, backlog of ${counted} rows, slow endpoint, peak`, unit: 'MB', value: once(backlog.peak), bar: { atMost: 200 } },
        { name: 'memory.transaction_growth', what: 'transaction: most of the last half ÷ of the first', unit: 'ratio', value: once(growthOf(transaction.samples)), bar: { atMost: FLAT } },
        { name: 'memory.backlog_growth', what: 'backlog: most of the last half ÷ of the first', unit: 'ratio', value: once(growthOf(backlog.samples)), bar: { atMost: FLAT } },
      ],
      charts: [
        {
          name: 'memory',
          title: `Resident memory, ${counted} rows`,
          x: 'seconds',
          y: 'MB',
          lines: [
            { name: 'one transaction', points: thinned(transaction.samples) },
            { name: 'backlog, slow endpoint', points: thinned(backlog.samples) },
          ],
        },
      ],
      notes: [
        `Measured once each. Idle: ${suite.options.seconds} s after it streams. The slow endpoint answers after ${SLOW.latency} ms and has ${SLOW.concurrency} connections, so that most is parked; it is watched until all is delivered or parked, and ${suite.options.seconds} s of draining.`,
      ],
    };
  },
};

async function idle(suite: Suite): Promise<number> {
  const database = await profilesDatabase(suite, 'memory_idle');
  await database.beginSlot(WALHOOK);
  const { data, port } = await profilesConfig(database, 9);
  const walhook = suite.walhook({ config: data, port });
  await walhook.ready();
  await Promise.race([sleep(suite.options.seconds * 1000), walhook.failed]);
  const { now } = memoryOf(walhook.pid);
  await walhook.stop();
  return now;
}

async function largeTransaction(suite: Suite, rows: number): Promise<Watched> {
  const database = await profilesDatabase(suite, 'memory_transaction');
  await database.beginBacklog();
  await database.query(INSERT_PROFILES, [1, rows]);
  const receiver = await suite.receiver();
  let watch: MemoryWatch | null = null;
  let watched: Watched = { samples: [], peak: Number.NaN };
  await drain(suite, {
    database,
    receiver,
    config: await profilesConfig(database, receiver.port),
    until: rows,
    onBegin: (pid) => {
      watch = new MemoryWatch(pid);
    },
    onEnd: () => {
      if (watch !== null) watched = watch.stop();
    },
  });
  await database.close();
  return watched;
}

async function slowBacklog(suite: Suite, rows: number): Promise<Watched> {
  const { database, end } = await profilesBacklog(suite, 'memory_backlog', rows);
  const receiver = await suite.receiver();
  receiver.delay(SLOW.latency);
  await database.rewind(WALHOOK);
  const { data, port } = await profilesConfig(database, receiver.port, { endpoints: { bench: endpoint(receiver.port, { concurrency: SLOW.concurrency }) } });
  const walhook = suite.walhook({ config: data, port });
  await walhook.ready();
  const watch = new MemoryWatch(walhook.pid);
  while (!(await database.isSettled(end))) await Promise.race([sleep(LOOK_EVERY_MS), walhook.failed]);
  await Promise.race([sleep(suite.options.seconds * 1000), walhook.failed]);
  const watched = watch.stop();
  await walhook.close();
  return watched;
}

/** Two hundred points are enough for a plot. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(samples.length / 200);
  return samples.filter((_, index) => index % step === 0);
}
