import { expect, onTestFinished, test } from 'vitest';
import type { BackfillOperations, BackfillReport } from '../../src/backfills.ts';
import { endpoint, type EndpointOptions, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const ROWS = `
create table rows (id bigint primary key, name text, score int not null default 0, secret text, secret_visible boolean not null default false);
alter table rows replica identity full;
insert into rows select i, 'name ' || i, i % 10, 'hidden' from generate_series(1, 2000) i`;

function yamlOf(hook = '', { more = '', options = {} }: { readonly more?: string; readonly options?: EndpointOptions } = {}): string {
  return `${HEAD}
tables: { rows: { visibility: { secret: secret_visible } } }
endpoints: { crm: ${endpoint(options)} }
hooks:
  - { name: all, table: rows, to: crm, meta: [backfill] ${hook === '' ? '' : `, ${hook}`} }
${more}`;
}

interface Body {
  readonly data: { readonly id: number; readonly name?: string; readonly score?: number; readonly secret?: string };
  readonly meta: { readonly operation: string; readonly backfill: boolean };
}

function operations(daemon: TestDaemon): BackfillOperations {
  const { backfills } = daemon.running;
  if (backfills === null) throw new Error('it does not run');
  return backfills;
}

/** Resolves once the backfill is in the state. */
async function turned(daemon: TestDaemon, { id }: Pick<BackfillReport, 'id'>, state: BackfillReport['state'] = 'done'): Promise<BackfillReport> {
  await expect.poll(async () => (await operations(daemon).show(id)).state, { timeout: 20_000 }).toBe(state);
  return operations(daemon).show(id);
}

function idsOf(receiver: Receiver): number[] {
  return receiver.bodies<Body>().map(({ data }) => data.id).toSorted((a, b) => a - b);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

test('rows that were there before are sent once, as the hook says, while the stream goes on', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('when: "row.score < 5"') });
  const begun = await operations(daemon).begin({ hook: 'all' });
  expect(begun).toMatchObject({ hook: 'all', table: 'public.rows', state: 'waiting', origin: 'command', rows_done: 0, ended_at: null });
  await db.sql(`insert into rows (id, name) values (5000, 'new')`);
  const done = await turned(daemon, begun);
  expect(done).toMatchObject({ state: 'done', rows_sent: expect.any(Number), ended_at: expect.any(String), started_at: expect.any(String) });
  expect(done.rows_estimated).toBe(done.rows_done);
  await receiver.deliveries(1001);
  const bodies = receiver.bodies<Body>();
  expect(idsOf(receiver)).toEqual([...range(1, 2000).filter((id) => id % 10 < 5), 5000]);
  expect(bodies.filter(({ meta }) => meta.backfill).every(({ meta, data }) => meta.operation === 'data_insert' && data.secret === '<<REDACTED>>' && data.name === `name ${data.id}`)).toBe(true);
  expect(bodies.find(({ data }) => data.id === 5000)?.meta.operation).toBe('data_insert');
  expect(receiver.requests.find(({ id }) => id.startsWith(begun.id))?.id).toMatch(/^bf_\d{8}T\d{6}_\w{6}-b-[0-9a-f]{32}-[0-9a-f]{16}$/);
  expect(daemon.status.in_flight.deliveries).toBe(0);
});
