import { type RawBuilder, sql } from 'kysely';
import { expect, test } from 'vitest';
import type { StateDatabase } from '../../src/store/database.ts';
import { alongLane, alongSequence, headAfter, lastInSequence } from '../../src/store/parked-index.ts';
import { indexParts } from '../../src/store/part-index.ts';
import { merged, ownLanes, ownLast } from '../../src/store/parts-reading.ts';
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

test.each(['none', 'stale'] as const)('with statistics: %s, a worker goes along the index of its own partitions, whatever others have parked', async (statistics) => {
  const state = await filled(statistics);
  await indexParts(state, PARTS.of);
  const place = { endpoint: 'crm', lanes: null, limit: 500, bytes: 1e6 };
  const plans = [
    await plan(state, merged(state, { ...place, after: AFTER }, PARTS)),
    await plan(state, merged(state, { ...place, after: null }, PARTS)),
    await plan(state, ownLast(state, 'crm', PARTS)),
    await plan(state, ownLanes(state, { endpoint: 'crm', most: 40_001 }, PARTS)),
  ];
  for (const text of plans) {
    expect(text).toMatch(/ Index Scan .*parked_part_24 /);
    expect(text).not.toMatch(/Seq Scan on parked|parked_sequence|parked_lane/);
  }
  for (const text of plans.slice(0, 3)) {
    expect(text).toMatch(/Index Scan (Backward )?using parked_part_24 on parked/);
    // What is put in order has been chosen before.
    expect(text).not.toMatch(/Sort Key: .*(endpoint|lane %)/);
  }
  for (const text of plans.slice(0, 2)) expect(text).toContain('parked_pkey');
});

test('what a worker asks costs as much as what it gets, whatever others have parked', async () => {
  const state = await filled('stale');
  await indexParts(state, PARTS.of);
  const buffers = async (query: RawBuilder<unknown>): Promise<number> => {
    const { rows } = await sql<{ 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number } }] }>`explain (analyze, buffers, format json) ${query}`.execute(state.db);
    const read = rows[0]?.['QUERY PLAN'][0].Plan;
    return (read?.['Shared Hit Blocks'] ?? 0) + (read?.['Shared Read Blocks'] ?? 0);
  };
  const mine = { of: 24, numbers: [3] };
  // Lanes are numbers below 700: of what is stored nothing is left in partition 3.
  await sql`delete from ${sql.id(state.schema, 'parked')} where lane % 24 = 3`.execute(state.db);
  await sql`vacuum ${sql.id(state.schema, 'parked')}`.execute(state.db);
  const place = { endpoint: 'crm', lanes: null, limit: 500, bytes: 1e6 };
  expect(await buffers(merged(state, { ...place, after: null }, mine))).toBeLessThan(20);
  expect(await buffers(ownLast(state, 'crm', mine))).toBeLessThan(20);
  expect(await buffers(ownLanes(state, { endpoint: 'crm', most: 40_001 }, mine))).toBeLessThan(20);
});
