import { type RawBuilder, sql } from 'kysely';
import type { Sequence } from '../delivery.ts';
import { formatLsn } from '../lsn.ts';
import type { StateDatabase } from './database.ts';

/*
 * Queries along the indexes of `parked`. `endpoint = $1 order by …` would be plainer, but the planner answers it by its
 * statistics, which an outage outruns: it takes a million rows for a handful, then fetches and sorts them all, for each
 * page. Comparing whole rows with the index's columns, endpoint included, and ordering by all of them leaves it one
 * way, along the index; their collations, and the partition that leads one, keep the indexes apart. The scan may run on into the next endpoint or lane, so its result is filtered outside.
 */

/** The lanes of some partitions: those of which `lane % of` is one of the numbers. */
export interface LaneParts {
  readonly of: number;
  readonly numbers: readonly number[];
}

/** The lanes of one partition; `number` is SQL, so that it may be another table's column. The index for them is that of part-index.ts. */
export interface LanePart {
  readonly of: number;
  readonly number: RawBuilder<unknown>;
}

/** The partition of a row, as the index has it. */
export function partOf(of: number): RawBuilder<unknown> {
  return sql.raw(`(lane % ${of}::bigint)`);
}

/** The columns that lead an index by sequence, and what they are compared with: the partition first, where there is one. */
function led(part: LanePart | null, endpoint: string): { readonly columns: RawBuilder<unknown>; readonly values: RawBuilder<unknown> } {
  const column = sql.raw('endpoint collate "POSIX"');
  if (part === null) return { columns: column, values: sql`${endpoint}` };
  return { columns: sql`${partOf(part.of)}, ${column}`, values: sql`${part.number}::bigint, ${endpoint}` };
}

interface Place {
  readonly endpoint: string;
  readonly after: Sequence | null;
  readonly limit: number;
  /** Of one partition alone; null: of all lanes. */
  readonly part?: LanePart | null;
}

/** `columns` of an endpoint's deliveries in sequence. */
export function alongSequence(state: StateDatabase, columns: RawBuilder<unknown>, { endpoint, after, limit, part = null }: Place): RawBuilder<unknown> {
  const lead = led(part, endpoint);
  return sql`
    select * from (
      select ${columns} from ${sql.id(state.schema, 'parked')}
      where (${lead.columns}, commit_lsn, ordinal, nth) > (${lead.values}, ${sequence(after)}) and (${lead.columns}, commit_lsn) <= (${lead.values}, ${LAST_LSN})
      order by ${lead.columns}, commit_lsn, ordinal, nth limit ${limit}
    ) as along`;
}

/** `columns` of the deliveries of one lane in sequence; `lane` is SQL, so that it may be another table's column. */
export function alongLane(
  state: StateDatabase,
  columns: RawBuilder<unknown>,
  place: { readonly endpoint: string; readonly lane: RawBuilder<unknown>; readonly after: Sequence | null; readonly limit: number },
): RawBuilder<unknown> {
  return sql`
    select ${columns} from ${sql.id(state.schema, 'parked')}
    where (endpoint, lane, commit_lsn, ordinal, nth) > (${place.endpoint}, ${place.lane}, ${sequence(place.after)})
      and (endpoint, lane) <= (${place.endpoint}, ${place.lane})
    order by endpoint, lane, commit_lsn, ordinal, nth limit ${place.limit}`;
}

/** endpoint, lane and due_at of the first delivery of the first lane after `lane`, which is SQL. May be another endpoint's. */
export function headAfter(state: StateDatabase, endpoint: string, lane: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select endpoint, lane, due_at from ${sql.id(state.schema, 'parked')}
    where (endpoint, lane) > (${endpoint}, ${lane})
    order by endpoint, lane, commit_lsn, ordinal, nth limit 1`;
}

/** endpoint and commit_lsn of the endpoint's last delivery in sequence, with `part` of it alone. */
export function lastInSequence(state: StateDatabase, endpoint: string, part: LanePart | null = null): RawBuilder<unknown> {
  const lead = led(part, endpoint);
  return sql`
    select endpoint, commit_lsn from ${sql.id(state.schema, 'parked')}
    where (${lead.columns}, commit_lsn) <= (${lead.values}, ${LAST_LSN}) and (${lead.columns}, commit_lsn) >= (${lead.values}, '0/0'::pg_lsn)
    order by ${part === null ? sql`` : sql`${partOf(part.of)} desc,`} endpoint collate "POSIX" desc, commit_lsn desc, ordinal desc, nth desc limit 1`;
}

const LAST_LSN = sql.raw("'FFFFFFFF/FFFFFFFF'::pg_lsn");

/** The columns commit_lsn, ordinal and nth to begin after. */
function sequence(after: Sequence | null): RawBuilder<unknown> {
  const { commitLsn, ordinal, nth } = after ?? { commitLsn: 0n, ordinal: 0, nth: -1 };
  return sql`${formatLsn(commitLsn)}::pg_lsn, ${ordinal}::bigint, ${nth}::integer`;
}
