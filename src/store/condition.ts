import { sql } from 'kysely';
import { type Condition, type Remembered, WELL } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';
import { OWNED, type Ownership } from './owner.ts';

/** What is remembered of an endpoint. Times are told as milliseconds from now, by the database's clock. */
export async function condition(state: StateDatabase, endpoint: string): Promise<Condition> {
  const { rows } = await sql<{ state: Condition['state']; reason: string | null; failing_for: number | null; probe_in: number | null }>`
    select state, reason, (extract(epoch from clock_timestamp() - failing_since) * 1000)::float8 as failing_for, (extract(epoch from probe_at - clock_timestamp()) * 1000)::float8 as probe_in
    from ${sql.id(state.schema, 'endpoint')} where name = ${endpoint}`.execute(state.db);
  const [row] = rows;
  return row === undefined ? WELL : { state: row.state, reason: row.reason, failingFor: row.failing_for, probeIn: row.probe_in };
}

export async function remember(owner: Ownership, endpoint: string, { now, what }: { readonly now: Condition; readonly what: Remembered }): Promise<void> {
  const decided = sql`state = excluded.state, reason = excluded.reason, since = case when known.state = excluded.state then known.since else excluded.since end,`;
  await owner.write(sql`
    remembered as (
      insert into ${owner.table('endpoint')} as known (name, state, reason, failing_since, probe_at)
      select ${endpoint}, ${now.state}, ${now.reason}::text, clock_timestamp() - ${now.failingFor}::float8 * interval '1 millisecond',
        clock_timestamp() + ${now.probeIn}::float8 * interval '1 millisecond'
      where ${OWNED}
      on conflict (name) do update set ${what === 'all' ? decided : sql``} failing_since = excluded.failing_since, probe_at = excluded.probe_at
    )`);
}
