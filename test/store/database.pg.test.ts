import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { Ownership } from '../../src/store/owner.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { guarded } from '../../src/store/store-error.ts';
import { emptyState, open, testState } from './state.ts';

test('a query without an answer fails as a passing fault, and its connection is not used again', async () => {
  const { database } = await emptyState();
  const state = open({ client: { connectionString: database.url }, schema: 'walhook', connections: 1, timeout: 200 });
  const pid = async (): Promise<unknown> => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(state.db)).rows[0]?.pid;
  const before = await pid();
  await expect(guarded('wait', () => sql`select pg_sleep(60)`.execute(state.db))).rejects.toMatchObject({ code: 'state_unavailable', reaction: 'retry' });
  expect(await pid()).not.toBe(before);
});

test('a statement that was given up ends in the server too', async () => {
  const { database } = await emptyState();
  const state = open({ client: { connectionString: database.url }, schema: 'walhook', connections: 1, timeout: 200 });
  await expect(sql`select pg_sleep(60)`.execute(state.db)).rejects.toThrow('timeout');
  const running = (): Promise<unknown[]> => database.sql(`select from pg_stat_activity where query like '%pg_sleep(60)' and datname = current_database()`);
  await expect.poll(running, { timeout: 10_000 }).toHaveLength(0);
});

test('a connection that is terminated while it is idle is replaced', async () => {
  const { state, owner, database } = await testState();
  const store = parkingStore(state, owner);
  const lanes = (): Promise<unknown> => store.lanes('crm', 1);
  await lanes();
  await database.sql(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`);
  // The pool may hear of it only when it uses the connection: that is the passing fault which callers try again.
  await lanes().catch((error: unknown) => expect(error).toMatchObject({ reaction: 'retry' }));
  expect(await lanes()).toEqual([]);
});

test('a database that is not there is a passing fault; a schema that is not there is not', async () => {
  const away = open({ client: { host: '127.0.0.1', port: 1, user: 'x', database: 'x' }, schema: 'walhook' });
  const nobody = parkingStore(away, new Ownership(away, 'walhook'));
  await expect(nobody.lanes('crm', 1)).rejects.toMatchObject({ code: 'state_unavailable', reaction: 'retry', exit: 69 });
  const { state, owner } = await emptyState();
  await expect(parkingStore(state, owner).lanes('crm', 1)).rejects.toMatchObject({ code: 'state_failed', reaction: 'stop', hint: 'walhook setup' });
});

test('an error tells no value of a row', async () => {
  const { state } = await testState();
  const failing = guarded('cast', () => sql`select ${'hunter2'}::text::integer`.execute(state.db));
  await expect(failing).rejects.toMatchObject({ message: 'state database: could not cast: SQLSTATE 22P02' });
});
