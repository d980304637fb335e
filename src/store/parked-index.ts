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

/** `columns` of an endpoint's deliveries in sequence. */
export function alongSequence(
  state: StateDatabase,
  columns: RawBuilder<unknown>,
  place: { readonly endpoint: string; readonly after: Sequence | null; readonly limit: number },
): RawBuilder<unknown> {
  return sql`
    select * from (
      select ${columns} from ${sql.id(state.schema, 'parked')}
      where (endpoint collate "POSIX", commit_lsn, ordinal, nth) > (${place.endpoint}, ${sequence(place.after)})
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
export function lastInSequence(state: StateDatabase, endpoint: string): RawBuilder<unknown> {
  return sql`
    select endpoint, commit_lsn from ${sql.id(state.schema, 'parked')}
    where (endpoint collate "POSIX", commit_lsn) <= (${endpoint}, 'FFFFFFFF/FFFFFFFF'::pg_lsn)
    order by endpoint collate "POSIX" desc, commit_lsn desc, ordinal desc, nth desc limit 1`;
}

/** The columns commit_lsn, ordinal and nth to begin after. */
function sequence(after: Sequence | null): RawBuilder<unknown> {
  const { commitLsn, ordinal, nth } = after ?? { commitLsn: 0n, ordinal: 0, nth: -1 };
  return sql`${formatLsn(commitLsn)}::pg_lsn, ${ordinal}::bigint, ${nth}::integer`;
}
