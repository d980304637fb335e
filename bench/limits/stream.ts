import type { Database } from '../database.ts';
import { median } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import type { BareStreamAnswer, BareStreamInput } from './bare-stream.ts';
import { recvlogical, recvlogicalVersion } from './recvlogical.ts';

export const BARE_STREAM = new URL('bare-stream.ts', import.meta.url);
const SLOT = 'bench_limit';

export interface Backlog {
  readonly database: Database;
  readonly publication: string;
  readonly rows: number;
  /** The LSN behind it. */
  readonly end: string;
}

/** L1: readers that throw a backlog away undecoded, by name. Each gives rows a second. */
export function streamLimits(suite: Suite, { database, publication, rows, end }: Backlog): Record<string, () => Promise<number>> {
  const { url } = database;
  const bare = (rests: boolean) => async (): Promise<number> => {
    await database.rewind(SLOT);
    const input: BareStreamInput = { url, slot: SLOT, publication, rows, rests, stampColumn: null };
    const { rowsPerSecond } = await suite.task<BareStreamAnswer>(BARE_STREAM, input).answer;
    return rowsPerSecond;
  };
  const readers: Record<string, () => Promise<number>> = { 'eager reader': bare(false), 'resting reader': bare(true) };
  const version = recvlogicalVersion();
  if (version === null) return readers;
  return {
    [`pg_recvlogical ${version}`]: async () => {
      await database.rewind(SLOT);
      return rows / (await recvlogical({ url, slot: SLOT, publication, end }));
    },
    ...readers,
  };
}

export interface Limit {
  readonly winner: string;
  /** Rows a second of the winner, a value a round. */
  readonly rates: readonly number[];
  /** A sentence with all of them. */
  readonly note: string;
}

/** The fastest of L1's readers, by the median. */
export function fastest(results: Readonly<Record<string, readonly number[]>>): Limit {
  const [first, ...others] = Object.entries(results).toSorted(([, a], [, b]) => median(b) - median(a));
  if (first === undefined) throw new Error('a limit has readers');
  const [winner, rates] = first;
  const rows = (values: readonly number[]): string => `${Math.round(median(values)).toLocaleString('en')} rows/s`;
  const rest = others.map(([name, values]) => `${name} ${rows(values)}`).join(', ');
  return { winner, rates, note: `L1 here is ${winner}, ${rows(rates)}; ${rest}.` };
}
