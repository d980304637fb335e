import { sql } from 'kysely';
import { deliveryKey } from './delivery-columns.ts';
import type { StateDatabase } from './database.ts';

/** Counting ends here: a lane of a hook without a key may hold all that is parked. */
const MOST = 10_000;

/**
 * Parked deliveries that wait behind a parked one in its lane, up to 10,000, along the index parked_lane.
 *
 * @returns null: it is not parked.
 */
export async function countBehind(state: StateDatabase, id: string, endpoint: string): Promise<number | null> {
  const parked = sql.id(state.schema, 'parked');
  const { rows } = await sql<{ behind: number }>`
    select (
      select count(*)::integer from (
        select 1 from ${parked} later
        where (later.endpoint, later.lane) = (this.endpoint, this.lane) and (later.commit_lsn, later.ordinal, later.nth) > (this.commit_lsn, this.ordinal, this.nth)
        limit ${MOST}
      ) counted
    ) as behind
    from ${parked} this where this.key = ${deliveryKey(id, endpoint)}`.execute(state.db);
  return rows[0]?.behind ?? null;
}
