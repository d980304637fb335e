import type { Database } from '../database.ts';
import { median } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import type { BareStreamAnswer, BareStreamInput } from './bare-stream.ts';
import { recvlogical, recvlogicalVersion } from './recvlogical.ts';

export const BARE_STREAM = new URL('bare-stream.ts', import.meta.url);
const SLOT = 'bench_limit';
const WARM_UP_SLOT = 'bench_warm_up';

export interface Backlog {
  readonly database: Database;
  readonly publication: string;
  readonly rows: number;
  /** The LSN behind it. */
  readonly end: string;
}

export interface Limit {
  /** Rows a second of the fastest reader, a value a round. */
  readonly rates: readonly number[];
  /** A sentence with all readers. */
  readonly note: string;
}

/** Does `work` on a backlog in turn with L1, the readers that throw it away undecoded; what it gave, a value a round, and the limit. */
export async function againstStream<T>(suite: Suite, backlog: Backlog, work: () => Promise<T>): Promise<{ ours: readonly T[]; limit: Limit }> {
  const readers = streamReaders(suite, backlog);
  const ours: T[] = [];
  const rates = new Map<string, number[]>();
  await readers['eager reader']?.(); // from now on the WAL is in memory
  for (let round = 0; round < suite.options.rounds; round++) {
    ours.push(await work());
    for (const [name, read] of Object.entries(readers)) rates.set(name, [...(rates.get(name) ?? []), await read()]);
  }
  return { ours, limit: fastest(rates) };
}

/** Readers by name. Each gives rows a second. */
function streamReaders(suite: Suite, { database, publication, rows, end }: Backlog): Record<string, () => Promise<number>> {
  const { url } = database;
  const bare = (rests: boolean) => async (): Promise<number> => {
    await database.rewind(SLOT);
    await database.rewind(WARM_UP_SLOT);
    const input: BareStreamInput = { url, slot: SLOT, warmUpSlot: WARM_UP_SLOT, publication, rows, rests, stampColumn: null };
    const { rowsPerSecond } = await suite.task<BareStreamAnswer>(BARE_STREAM, input).answer;
    return rowsPerSecond;
  };
  const readers: Record<string, () => Promise<number>> = { 'eager reader': bare(false), 'resting reader': bare(true) };
  const version = recvlogicalVersion();
  if (version === null) return readers;
  return {
    ...readers,
    [`pg_recvlogical ${version}`]: async () => {
      await database.rewind(SLOT);
      return rows / (await recvlogical({ url, slot: SLOT, publication, end }));
    },
  };
}

function fastest(results: ReadonlyMap<string, readonly number[]>): Limit {
  const [first, ...others] = [...results].toSorted(([, a], [, b]) => median(b) - median(a));
  if (first === undefined) throw new Error('a limit has readers');
  const [winner, rates] = first;
  return { rates, note: `L1 here is the ${winner}, ${told(rates)}; ${others.map(([name, values]) => `the ${name} ${told(values)}`).join(', ')}.` };
}

function told(rates: readonly number[]): string {
  return `${Math.round(median(rates)).toLocaleString('en')} rows/s`;
}
