import { type RawBuilder, sql } from 'kysely';
import { OWNED, type Ownership } from './owner.ts';

/**
 * A writing expression that counts the endpoints of a change which no queue has made, so that those that share the state see it: see
 * endpoint-marks.ts. It goes with the change, for whoever made it may not live to tell.
 *
 * @param changed the name of the expression that made the change, whose result has the column `endpoint`
 */
export function touching(owner: Ownership, changed: string): RawBuilder<unknown> {
  return sql`
    touched as (
      insert into ${owner.table('endpoint')} as known (name, touched)
      select endpoint, 1 from (select distinct endpoint from ${sql.id(changed)} order by endpoint) as changed where ${OWNED}
      on conflict (name) do update set touched = known.touched + 1
    )`;
}
