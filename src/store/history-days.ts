import { type RawBuilder, sql } from 'kysely';
import type { Ownership } from './owner.ts';

const DAY = 86_400_000;
/** A list that somebody reads holds a day's lock: then it is tried another time. */
const LOCK_TIMEOUT = '2s';

/** Makes the partitions of the days around today, by the database's clock, and drops those that ended longer ago than `keep` milliseconds. Gives how many. */
export function tendHistory(owner: Ownership, keep: number): Promise<number> {
  return owner.transact(async (run) => {
    await run(sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`);
    // Of several workers one makes them, and the others find them made.
    await run(sql`select pg_advisory_xact_lock(hashtextextended('walhook ' || ${owner.tableName('history')}, 0))`);
    const [clock] = await run<{ today: string; oldest: string }>(sql`
      select to_char(now at time zone 'UTC', 'YYYYMMDD') as today, to_char((now - ${keep}::double precision * interval '1 millisecond') at time zone 'UTC', 'YYYYMMDD') as oldest
      from (select statement_timestamp() as now) as clock`);
    if (clock === undefined) return 0;
    const there = await run<{ name: string }>(sql`
      select relname as name from pg_catalog.pg_inherits join pg_catalog.pg_class on pg_class.oid = inhrelid where inhparent = ${owner.tableName('history')}::regclass`);
    const names = new Set(there.map(({ name }) => name));
    for (const day of around(clock.today)) if (!names.has(`history_${day}`)) await run(newDay(owner, day));
    const old = [...names].filter((name) => /^history_\d{8}$/.test(name) && name < `history_${clock.oldest}`);
    for (const name of old) await run(sql`drop table ${owner.partition(name)}`);
    return old.length;
  });
}

/** Yesterday, whose attempts may come late, to the day after tomorrow. */
function around(today: string): string[] {
  return [-1, 0, 1, 2].map((days) => dayText(startOf(today) + days * DAY));
}

function newDay(owner: Ownership, day: string): RawBuilder<unknown> {
  const [from, to] = [startOf(day), startOf(day) + DAY].map((at) => sql.lit(new Date(at).toISOString()));
  return sql`create table ${owner.partition(`history_${day}`)} partition of ${owner.table('history')} for values from (${from}) to (${to})`;
}

function startOf(day: string): number {
  return Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
}

function dayText(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
}
