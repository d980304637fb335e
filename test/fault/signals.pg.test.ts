import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries, type Verdict } from '../support/oracle.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { random, seedOfRun } from '../support/random.ts';
import type { Receiver } from '../support/receiver.ts';
import { RestartablePostgres } from '../support/restartable-postgres.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

/** Delivered exactly once, all of it, in order. */
const ONCE = { ...FLAWLESS, duplicates: 0 };

async function ground(database: TestDatabase, endpoint: Readonly<Record<string, unknown>> = {}) {
  await database.sql(ITEMS_SQL);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { timeout: '1m', ...endpoint }) }, limits: { in_flight: 500, shutdown: '10m' } });
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, arrived: () => receiver.delivered });
  onTestFinished(() => writer.stop());
  return { receiver, config, writer, chance: random(seed) };
}

async function verdictOn(receiver: Receiver, writer: Writer, database: TestDatabase): Promise<Verdict> {
  return judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] });
}

/** Resolves with the process of the server that sends the slot's stream. */
async function walsender(database: TestDatabase): Promise<number> {
  const active = `from pg_replication_slots where slot_name = '${database.name}' and active_pid is not null`;
  await untilQuery(database, `select count(*)::int ${active}`, 1);
  const [row] = await database.sql<{ pid: number }>(`select active_pid as pid ${active}`);
  return row?.pid ?? walsender(database);
}

test('SIGTERM under load drains and exits with 0; nothing is sent twice, however often', async () => {
  const database = await testDatabase();
  const { receiver, config, writer, chance } = await ground(database);
  receiver.answer = () => ({ delay: chance.int(0, 10) });
  let daemon = launch(config);
  await daemon.streaming();
  writer.start();
  for (let stops = 0; stops < 3; stops++) {
    await receiver.received(receiver.requests.length + chance.int(1, 300));
    daemon.signal(chance.pick(['SIGTERM', 'SIGINT'] as const));
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    daemon = launch(config);
    await daemon.streaming();
  }
  await writer.stop();
  await allDelivered(receiver, writer);
  daemon.signal('SIGTERM');
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  expect(await verdictOn(receiver, writer, database)).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('a second SIGTERM ends it at once, and loses nothing', async () => {
  const database = await testDatabase();
  const { receiver, config, writer } = await ground(database);
  receiver.answer = () => 'never';
  const daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(50);
  await receiver.received(5);
  daemon.signal('SIGTERM');
  await daemon.says('draining');
  // The drain would wait for the endpoint for minutes.
  daemon.signal('SIGTERM');
  expect(await daemon.exit).toEqual({ code: 1, signal: null });

  receiver.answer = () => 204;
  await launch(config).streaming();
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(await verdictOn(receiver, writer, database)).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('SIGSTOP for longer than wal_sender_timeout: it connects again and goes on, nothing lost, nothing twice', async () => {
  const database = await testDatabase();
  const { receiver, config, writer } = await ground(database);
  await database.sql(`alter database ${database.name} set wal_sender_timeout = '1s'`);
  const daemon = launch(config);
  await daemon.streaming();
  writer.start();
  await receiver.received(100);
  const sender = await walsender(database);
  daemon.signal('SIGSTOP');
  await untilQuery(database, `select count(*)::int from pg_stat_activity where pid = ${sender}`, 0);
  await writer.more(100);
  daemon.signal('SIGCONT');
  expect(await walsender(database)).not.toBe(sender);
  await writer.more(100);
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(await verdictOn(receiver, writer, database)).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('the walsender terminated again and again: it connects again, nothing lost, nothing twice', async () => {
  const database = await testDatabase();
  const { receiver, config, writer, chance } = await ground(database);
  const daemon = launch(config);
  await daemon.streaming();
  writer.start();
  for (let cuts = 0; cuts < 10; cuts++) {
    const sender = await walsender(database);
    await receiver.received(receiver.requests.length + chance.int(1, 100));
    await database.sql('select pg_terminate_backend($1)', [sender]);
    await untilQuery(database, `select count(*)::int from pg_stat_activity where pid = ${sender}`, 0);
  }
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(await verdictOn(receiver, writer, database)).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('Postgres restarted, fast and immediate, with deliveries parked: nothing lost, nothing out of order', { timeout: 120_000 }, async () => {
  const server = await RestartablePostgres.start({ wal_level: 'logical', shared_buffers: '16MB', autovacuum: 'off' });
  onTestFinished(() => server.stop());
  const database = await createDatabase(server.url);
  onTestFinished(() => database.drop());
  const { receiver, config, writer, chance } = await ground(database);
  const daemon = launch(config);
  await daemon.streaming();
  writer.start();
  for (const mode of ['fast', 'immediate', 'immediate', 'fast'] as const) {
    receiver.answer = () => (chance.chance(0.1) ? 503 : 204);
    await receiver.received(receiver.requests.length + chance.int(50, 400));
    await server.halt(mode);
    await daemon.says(/trying again/);
    server.resume();
    receiver.answer = () => 204;
    await receiver.received(receiver.requests.length + 50);
  }
  await writer.stop();
  await allDelivered(receiver, writer);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  daemon.signal('SIGTERM');
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  expect(await verdictOn(receiver, writer, database)).toMatchObject({ ...FLAWLESS, delivered: writer.count });
  expect(writer.broken).toBeGreaterThan(0);
});
