/**
 * A backfill without its stream and without delivery, as a process of its own: a table is read in chunks, each with its marks, and its rows are
 * turned into events, routed, and their bodies are built and thrown away.
 */
import pg from 'pg';
import { ChunkSize } from '../../src/backfill/chunk-size.ts';
import { RecentTransactions } from '../../src/backfill/recent-transactions.ts';
import type { ChunkSource } from '../../src/backfill/runner.ts';
import type { StoredKey } from '../../src/backfill/port.ts';
import { openRun } from '../../src/backfill-run.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Delivery } from '../../src/delivery.ts';
import { NO_LSN } from '../../src/lsn.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';

export interface TableInput {
  readonly url: string;
  readonly rows: number;
  /** walhook.yaml as plain data: what its first hook would send. */
  readonly config: object;
}

export interface TableAnswer {
  readonly rowsPerSecond: number;
}

const PLACE = { commitLsn: NO_LSN, ordinal: 0 };

perform<TableInput, TableAnswer>(async ({ url, rows, config: data }) => {
  const config = loadConfig({ text: JSON.stringify(data), file: 'bench.yaml', env: {}, readFile: () => '' });
  const pool = new pg.Client({ connectionString: url });
  await pool.connect();
  const database = new ReadOnlyDatabase(url, { synchronous_commit: 'local' });
  let built = 0;
  const queue = { offer: (_delivery: Delivery) => void built++, bury: () => undefined };
  const queues = new Map(config.endpoints.map(({ name }) => [name, queue]));
  const run = { config, systemId: '1', origin: { database: 'bench', slot: 'bench' }, pool, database, queues, recent: new RecentTransactions(), received: () => NO_LSN, run: 'bench', ordinals: () => 0 };
  const source = await openRun(run, config.hooks[0]?.name ?? '', { id: 'bf_bench', where: null, columns: null });
  const size = new ChunkSize({ ...config.limits, fanOut: 1, rate: null });
  await read(source, { size, until: warmUp(rows) });
  built = 0;
  const began = performance.now();
  await read(source, { size, until: rows });
  const ms = performance.now() - began;
  await database.close();
  await pool.end();
  if (built !== rows) throw new Error(`${built} deliveries were made of ${rows} rows`);
  return { rowsPerSecond: (rows * 1000) / ms };
});

/** The table from its first row, until so many have been read or there are no more. */
async function read(source: ChunkSource, { size, until }: { readonly size: ChunkSize; readonly until: number }): Promise<void> {
  let after: StoredKey | null = null;
  for (let number = 1, rows = 0; rows < until; number++) {
    const began = performance.now();
    const chunk = await source.read({ number, after, again: [], rows: size.rows, bytes: size.bytes, timeout: 60_000 });
    if (source.marks) await source.markEnd(number);
    chunk.offer([...chunk.identities.keys()], PLACE, () => undefined);
    size.took(performance.now() - began);
    rows += chunk.count;
    after = chunk.last;
    if (chunk.isLast) return;
  }
}
