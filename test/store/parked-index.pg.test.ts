import { type RawBuilder, sql } from 'kysely';
import { expect, test } from 'vitest';
import type { StateDatabase } from '../../src/store/database.ts';
import { alongLane, alongSequence, headAfter, lastInSequence } from '../../src/store/parked-index.ts';
import { testState } from './state.ts';

const AFTER = { commitLsn: 500n, ordinal: 1, nth: 0 };
const PARTS = { of: 24, numbers: [0, 1, 2, 3, 4, 5] };
const COLUMNS = sql.raw('endpoint, id, commit_lsn, ordinal, nth');

/** Rows without statistics, or with statistics that know nothing of the endpoint: as an outage finds them. */
async function filled(statistics: 'none' | 'stale'): Promise<StateDatabase> {
  const { state, database } = await testState();
  const rows = (endpoint: string, count: number): string => `
    insert into walhook.parked (key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, method, path, content_type, body, attempts, due_at, committed_at)
    select n || ' ${endpoint}', '${endpoint}', n, 'h', n % 700, '0/0'::pg_lsn + n, 1, 0, 'data_update', 'public.t', 'POST', '/', 'application/json', repeat('x', 300)::bytea, 0, now(), now()
    from generate_series(1, ${count}) as n`;
  await database.sql('alter table walhook.parked set (autovacuum_enabled = off)');
  await database.sql(rows('billing', 20_000));
  if (statistics === 'stale') await database.sql('analyze walhook.parked');
  await database.sql(rows('crm', 30_000));
  return state;
}

async function plan(state: StateDatabase, query: RawBuilder<unknown>): Promise<string> {
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${query}`.execute(state.db);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test.each(['none', 'stale'] as const)('with statistics: %s, each query goes along its index and sorts nothing', async (statistics) => {
  const state = await filled(statistics);
  const plans = {
    parked_sequence: [
      await plan(state, alongSequence(state, COLUMNS, { endpoint: 'crm', after: AFTER, limit: 500 })),
      await plan(state, alongSequence(state, COLUMNS, { endpoint: 'crm', after: null, limit: 500 })),
      await plan(state, lastInSequence(state, 'crm')),
      await plan(state, alongSequence(state, COLUMNS, { endpoint: 'crm', after: AFTER, limit: 500, parts: PARTS })),
      await plan(state, alongSequence(state, COLUMNS, { endpoint: 'crm', after: null, limit: 500, parts: PARTS })),
      await plan(state, lastInSequence(state, 'crm', PARTS)),
    ],
    parked_lane: [
      await plan(state, alongLane(state, COLUMNS, { endpoint: 'crm', lane: sql`3`, after: AFTER, limit: 500 })),
      await plan(state, headAfter(state, 'crm', sql`3`)),
    ],
    parked_pkey: [await plan(state, sql`delete from ${sql.id(state.schema, 'parked')} where key = any(${Array.from({ length: 200 }, (_, n) => `${n} crm`)}::text[])`)],
  };
  for (const [index, found] of Object.entries(plans)) {
    for (const text of found) {
      expect(text).toContain(`${index} `);
      expect(text).not.toMatch(/Sort|Seq Scan/);
    }
  }
});
