import type { Queryable } from './inspect.ts';

/**
 * Seconds from when WAL was written until the reader of a slot confirmed it, as the walsender measured it last. 0 if the
 * reader has caught up; null if there is no such walsender, or the role may not look at it (pg_monitor may).
 * https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
 */
export async function flushLag(client: Queryable, walsender: number): Promise<number | null> {
  const { rows } = await client.query<{ lag: number | null }>(
    `select case when flush_lsn is not null then coalesce(extract(epoch from flush_lag), 0)::float8 end as lag
       from pg_catalog.pg_stat_replication where pid = $1`,
    [walsender],
  );
  return rows[0]?.lag ?? null;
}
