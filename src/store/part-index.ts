import { sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { partOf } from './parked-index.ts';
import { guarded } from './store-error.ts';

/**
 * Makes the index that a worker's queries go along: `parked` by sequence, with the partition before all. How many partitions there
 * are is in it, so it is made when a worker starts, and not by a migration: who has no `engine` does without. One of another
 * number, which nothing reads any more, goes. Of several that start at once the others wait.
 *
 * @param of the partitions of the engine's topic; 1: there is nobody whose rows are to be passed over, and nothing is made
 */
export function indexParts(state: StateDatabase, of: number): Promise<void> {
  const wanted = of === 1 ? null : `parked_part_${of}`;
  return guarded('make the index of partitions', () =>
    state.db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`walhook state schema ${state.schema}`}, 0))`.execute(transaction);
      const { rows } = await sql<{ name: string }>`
        select indexname::text as name from pg_catalog.pg_indexes where schemaname = ${state.schema} and tablename = 'parked' and indexname ~ '^parked_part_\\d+$'`.execute(transaction);
      for (const { name } of rows) if (name !== wanted) await sql`drop index ${sql.id(state.schema, name)}`.execute(transaction);
      if (wanted === null || rows.some(({ name }) => name === wanted)) return;
      await sql`create index ${sql.id(wanted)} on ${sql.id(state.schema, 'parked')} (${partOf(of)}, endpoint collate "POSIX", commit_lsn, ordinal, nth)`.execute(transaction);
    }),
  );
}
