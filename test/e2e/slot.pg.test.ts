import { expect, onTestFinished, test } from 'vitest';
import { endpoint, HEAD, startDaemon, TestDaemon, testDatabase, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const YAML = `${HEAD}
endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: items, to: crm }]
`;

async function ready(): Promise<{ db: TestDatabase; receiver: Receiver; options: TestDaemonOptions }> {
  const db = await testDatabase('create table items (id int primary key)');
  const receiver = await testReceiver();
  return { db, receiver, options: { db, yaml: YAML, receivers: { RECEIVER: receiver } } };
}

async function terminateWalsender(db: TestDatabase): Promise<void> {
  await db.sql('select pg_terminate_backend(active_pid, 10000) from pg_replication_slots where slot_name = $1', [db.name]);
}

/** Reads a row from the slot that nobody else gets then: another row where the daemon was quicker to have the slot back. */
async function readInItsPlace(db: TestDatabase): Promise<void> {
  const read = `select count(*) from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'walhook')`;
  let isDone = false;
  for (let id = 2; !isDone; id++) {
    await terminateWalsender(db);
    await db.sql('insert into items values ($1)', [id]);
    isDone = await db.sql(read, [db.name]).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: '55006' });
        return false;
      },
    );
  }
}

// Fails if a new connection trusts the slot: Postgres begins where the slot is, and says nothing.
test('a slot that somebody else has read from while the connection was lost is not read on, and the gap is told', async () => {
  const { db, receiver, options } = await ready();
  const daemon = await startDaemon(options);
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);
  await readInItsPlace(db);
  await expect(daemon.running.done).rejects.toMatchObject({ code: 'slot_moved', message: expect.stringMatching(/was left at \S+ and is at \S+/) });
});

test('a publication that is gone when the stream is taken up again ends it, with the gap', async () => {
  const { db, receiver, options } = await ready();
  const daemon = await startDaemon(options);
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);
  await db.sql('drop publication walhook');
  await terminateWalsender(db);
  await expect(daemon.running.done).rejects.toMatchObject({ code: 'publication_lost', message: expect.stringMatching(/changes between \S+ and \S+ were not sent/) });
});

// Fails if its notice is not heeded: since 18, Postgres streams on without the changes, and keepalives claim them.
test('a publication that is dropped in the middle of the stream ends it, with the gap', async () => {
  const { db, receiver, options } = await ready();
  const daemon = await startDaemon(options);
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);
  await db.sql('drop publication walhook');
  await db.sql('insert into items values (2)');
  await expect(daemon.running.done).rejects.toMatchObject({ code: 'publication_lost', message: expect.stringMatching(/changes between \S+ and \S+ were not sent/) });
});

test('of two daemons that start at once one works, and the other takes over from where it ended', async () => {
  const { db, receiver, options } = await ready();
  const daemons = [new TestDaemon(options), new TestDaemon(options)];
  onTestFinished(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });
  const started = daemons.map((daemon) => daemon.start().then(() => daemon));
  const first = await Promise.race(started);
  for (let id = 1; id <= 20; id++) await db.sql(`insert into items values (${id})`);
  await receiver.deliveries(20);
  await first.stop();
  await Promise.all(started);
  await db.sql('insert into items values (21)');
  await receiver.deliveries(21);
  expect(receiver.byId.size).toBe(21);
});
