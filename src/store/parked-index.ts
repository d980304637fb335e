import { type RawBuilder, sql } from 'kysely';
import type { Sequence } from '../delivery.ts';
import { formatLsn } from '../lsn.ts';
import type { StateDatabase } from './database.ts';

/*
 * Queries along the indexes of `parked`. `endpoint = $1 order by …` would be plainer, but the planner answers it by its
 * statistics, which an outage outruns: it takes a million rows for a handful, then fetches and sorts them all, for each
 * page. Comparing whole rows with the index's columns, endpoint included, and ordering by all of them leaves it one
 * way, along the index; their collations keep the two indexes apart. The scan may run on into the next endpoint or lane, so its result is filtered outside.
 */

/** The lanes of some partitions: those of which `lane % of` is one of the numbers. */
export interface LaneParts {
  readonly of: number;
  readonly numbers: readonly number[];
}

/** The condition that keeps rows of these lanes. In a form of which the planner believes that half of all rows have it, not next to none. */
export function inParts({ of, numbers }: LaneParts): RawBuilder<boolean> {
  return sql<boolean>`(case when lane % ${sql.lit(of)}::bigint = any(${numbers}::bigint[]) then true end)`;
}

/** `columns` of an endpoint's deliveries in sequence. */
export function alongSequence(
  state: StateDatabase,
  columns: RawBuilder<unknown>,
  place: { readonly endpoint: string; readonly after: Sequence | null; readonly limit: number; readonly parts?: LaneParts | null },
): RawBuilder<unknown> {
  // Where some are left out, the scan would not end at the limit: it ends with the endpoint.
  const within = place.parts == null ? sql`` : sql`and (endpoint collate "POSIX", commit_lsn) <= (${place.endpoint}, ${LAST_LSN}) and ${inParts(place.parts)}`;
  return sql`
    select * from (
      select ${columns} from ${sql.id(state.schema, 'parked')}
      where (endpoint collate "POSIX", commit_lsn, ordinal, nth) > (${place.endpoint}, ${sequence(place.after)}) ${within}
      order by endpoint collate "POSIX", commit_lsn, ordinal, nth limit ${place.limit}
    ) as along where endpoint = ${place.endpoint}`;
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

/** endpoint and commit_lsn of the endpoint's last delivery in sequence. May be another endpoint's. */
export function lastInSequence(state: StateDatabase, endpoint: string, parts: LaneParts | null = null): RawBuilder<unknown> {
  const within = parts === null ? sql`` : sql`and (endpoint collate "POSIX", commit_lsn) >= (${endpoint}, '0/0'::pg_lsn) and ${inParts(parts)}`;
  return sql`
    select endpoint, commit_lsn from ${sql.id(state.schema, 'parked')}
    where (endpoint collate "POSIX", commit_lsn) <= (${endpoint}, ${LAST_LSN}) ${within}
    order by endpoint collate "POSIX" desc, commit_lsn desc, ordinal desc, nth desc limit 1`;
}

const LAST_LSN = sql.raw("'FFFFFFFF/FFFFFFFF'::pg_lsn");

/** The columns commit_lsn, ordinal and nth to begin after. */
function sequence(after: Sequence | null): RawBuilder<unknown> {
  const { commitLsn, ordinal, nth } = after ?? { commitLsn: 0n, ordinal: 0, nth: -1 };
  return sql`${formatLsn(commitLsn)}::pg_lsn, ${ordinal}::bigint, ${nth}::integer`;
}
