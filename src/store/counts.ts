import { sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

export interface EndpointCounts {
  readonly parked: number;
  readonly dead: number;
  /** When the oldest parked delivery's change was committed, in Unix milliseconds; null if none is parked. */
  readonly oldestParked: number | null;
}

/** How many deliveries are parked and dead, for each endpoint that has any. Reads an index from end to end: for people, and for who leaves it in peace in between. */
export function countByEndpoint(state: StateDatabase): Promise<Map<string, EndpointCounts>> {
  return guarded('count parked and dead deliveries', async () => {
    const parked = sql.id(state.schema, 'parked');
    const dead = sql.id(state.schema, 'dead');
    const { rows } = await sql<{ endpoint: string; parked: string; dead: string; oldest: string | null }>`
      select endpoint, coalesce(p.n, 0) as parked, coalesce(d.n, 0) as dead, oldest.ms as oldest
      from (select endpoint, count(*) as n from ${parked} group by endpoint) p
        full join (select endpoint, count(*) as n from ${dead} group by endpoint) d using (endpoint)
        left join lateral (
          select floor(extract(epoch from committed_at) * 1000) as ms from ${parked} first
          where (first.endpoint collate "POSIX", commit_lsn) >= (p.endpoint, '0/0')
          order by endpoint collate "POSIX", commit_lsn, ordinal, nth limit 1
        ) oldest on true`.execute(state.db);
    return new Map(rows.map((row) => [row.endpoint, asNumbers(row)]));
  });
}

function asNumbers(row: { parked: string; dead: string; oldest: string | null }): EndpointCounts {
  return {
    parked: Number(row.parked),
    dead: Number(row.dead),
    oldestParked: row.oldest === null ? null : Number(row.oldest),
  };
}
