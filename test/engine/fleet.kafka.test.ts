import pg from 'pg';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Worker } from '../../src/worker.ts';
import { endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { describeKafka, kafka, ownKafka } from '../support/kafka.ts';
import { serverUrl } from '../support/postgres.ts';
import { Fleet } from './fleet.ts';

const TABLE = 'create table items (id int primary key, n int not null)';
/** Of pino. */
const WARN = 40;
const PATIENCE = { timeout: 30_000 };

function yaml(options = ''): string {
  return `${HEAD}tables: { items: {} }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: all, table: items, to: crm${options} }]\n`;
}

describeKafka('a fleet', () => {
  test('rows go from the tail through the engine to an endpoint, in order, and the LSN is confirmed', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    const tail = await fleet.start('tail');
    await db.sql('insert into items select i, 0 from generate_series(1, 20) i');
    for (let n = 1; n <= 5; n++) await db.sql('update items set n = $1', [n]);
    // The tail needs no worker to be done with them.
    await expect.poll(() => tail.running.status().engine?.forwarded, PATIENCE).toBe(120);
    await expect.poll(() => tail.running.status().in_flight.deliveries, PATIENCE).toBe(0);
    const worker = await fleet.start('deliver');
    await receiver.received(120);
    const seen = new Map<number, number[]>();
    for (const { body } of receiver.requests) {
      const { data } = JSON.parse(String(body)) as { data: { id: number; n: number } };
      seen.set(data.id, [...(seen.get(data.id) ?? []), data.n]);
    }
    expect([...seen.values()]).toEqual(Array.from({ length: 20 }, () => [0, 1, 2, 3, 4, 5]));
    expect(worker.running.status()).toMatchObject({ state: 'streaming', problems: [], engine: { role: 'deliver', partitions: [0, 1, 2, 3, 4, 5, 6, 7] } });
    await worker.running.stop();
    expect(worker.running.status().state).toBe('stopped');
  });

  test('one process does both, and another one beside it takes half of the work', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    const first = await fleet.start('all');
    await db.sql('insert into items select i, 0 from generate_series(1, 50) i');
    await receiver.received(50);
    const second = await fleet.start('all');
    const parts = (): number[] => [first, second].map(({ running }) => running.status().engine?.partitions.length ?? 0);
    await expect.poll(parts, PATIENCE).toEqual([4, 4]);
    await db.sql('insert into items select i, 0 from generate_series(51, 100) i');
    await receiver.received(100);
    await first.running.stop();
    await expect.poll(parts, PATIENCE).toEqual([0, 8]);
    await db.sql('insert into items select i, 0 from generate_series(101, 150) i');
    await receiver.received(150);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(150);
  });

  test('what ends a tail that stands by does not end the worker beside it, and it stands by again', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    const first = await fleet.start('all');
    const second = await fleet.start('all');
    const parts = (): number[] => [first, second].map(({ running }) => running.status().engine?.partitions.length ?? 0);
    await expect.poll(parts, PATIENCE).toEqual([4, 4]);
    const { running } = second;
    const generation = running.status().engine?.generation;
    const server = new pg.Client({ connectionString: serverUrl() });
    await server.connect();
    onTestFinished(() => server.end());
    await server.query(`alter database ${db.name} allow_connections false`);
    await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [db.name]);
    await expect.poll(() => running.status().problems, PATIENCE).toContainEqual(expect.stringContaining('the source is not read'));
    await server.query(`alter database ${db.name} allow_connections true`);
    await db.sql('insert into items select i, 0 from generate_series(1, 50) i');
    await receiver.received(50);
    expect(running.status()).toMatchObject({ state: 'streaming', engine: { partitions: { length: 4 }, generation } });
    await first.running.stop();
    await expect.poll(parts, PATIENCE).toEqual([0, 8]);
    await db.sql('insert into items select i, 0 from generate_series(51, 100) i');
    await receiver.received(100);
    await expect.poll(() => running.status(), PATIENCE).toMatchObject({ state: 'streaming', problems: [] });
  });

  test('what people do to an endpoint at one process is told, and done, at all', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    const tail = await fleet.start('tail');
    const worker = await fleet.start('deliver');
    const name = tail.running.status().endpoints[0]?.name ?? expect.fail();
    const conditions = (): unknown[] => [tail, worker].map(({ running }) => running.status().endpoints[0]?.condition);
    await tail.running.acting?.engine.pause(name, 'migration');
    await expect.poll(conditions, PATIENCE).toEqual(['paused', 'paused']);
    await worker.running.acting?.engine.resume(name);
    await expect.poll(conditions, PATIENCE).toEqual(['active', 'active']);
  });

  test('a worker whose start is ended leaves the group, and nothing of it delivers', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    const ending = new AbortController();
    const lines: string[] = [];
    const write = (line: string): void => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      if (msg === 'joining the group') ending.abort();
      if (level >= WARN) lines.push(line);
    };
    const log = pino({ level: 'info' }, { write });
    const started = Worker.start({ config: fleet.config, log, version: '0.0.0-test', reads: 'engine', signal: ending.signal });
    await expect(started).rejects.toMatchObject({ code: 'start_ended' });
    // One that came back would take partitions from the next, again and again.
    await fleet.start('tail');
    const worker = await fleet.start('deliver');
    await db.sql('insert into items select i, 0 from generate_series(1, 50) i');
    await receiver.received(50);
    expect(worker.running.status().engine).toMatchObject({ partitions: [0, 1, 2, 3, 4, 5, 6, 7], rebalances: 1 });
    expect(lines).toEqual([]);
  });

  test('what waits in memory when the group is dealt anew is read again by whoever has it then, and not stored; nothing comes twice', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    await fleet.start('tail');
    const first = await fleet.start('deliver');
    receiver.answer = () => ({ status: 200, delay: 50 });
    const rows = 4_000;
    await db.sql(`insert into items select i, 0 from generate_series(1, ${rows}) i`);
    await expect.poll(() => first.running.status().in_flight.deliveries, PATIENCE).toBeGreaterThan(rows / 2);
    const second = await fleet.start('deliver');
    await expect.poll(() => [first, second].map(({ running }) => running.status().engine?.partitions.length ?? 0), PATIENCE).toEqual([4, 4]);
    expect(await db.sql('select count(*)::int as count from walhook.parked')).toEqual([{ count: 0 }]);
    expect(first.running.status().engine?.last_pause ?? 0).toBeLessThan(3_000);
    receiver.answer = () => 200;
    await receiver.received(rows);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(receiver.requests.length);
  });

  test('deliveries rest soon after the broker has fallen silent, and go on when it answers again: none comes twice', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const broker = await ownKafka();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: { brokers: broker.brokers, name: broker.scope.name }, session: 12_000 });
    await fleet.start('tail');
    const { running } = await fleet.start('deliver');
    receiver.answer = () => ({ status: 200, delay: 50 });
    const rows = 3_000;
    await db.sql(`insert into items select i, 0 from generate_series(1, ${rows}) i`);
    await expect.poll(() => running.status().in_flight.deliveries, PATIENCE).toBeGreaterThan(rows / 2);
    broker.suspend();
    await expect.poll(() => running.status().problems, PATIENCE).toContain('deliveries rest: the group does not answer');
    // What had gone out by then ends.
    await expect.poll(() => receiver.openRequests, PATIENCE).toBe(0);
    const sent = receiver.requests.length;
    expect(sent).toBeLessThan(rows);
    broker.resume();
    receiver.answer = () => 200;
    await receiver.received(rows);
    expect(running.status().engine).toMatchObject({ rebalances: 1, lost: 0 });
    expect(receiver.requests).toHaveLength(rows);
  });

  test('a worker whose writes are refused, though the group has not changed, comes back and goes on', async () => {
    const db = await testDatabase(TABLE);
    const receiver = await testReceiver();
    const fleet = new Fleet({ db, yaml: yaml(), receivers: { RECEIVER: receiver }, kafka: kafka() });
    await fleet.start('tail');
    const worker = await fleet.start('deliver');
    await db.sql("update walhook.owner set epoch = epoch + 1 where slot like '%/%'");
    await expect(worker.running.acting?.engine.pause('crm', 'a write, which is refused')).rejects.toMatchObject({ code: expect.stringMatching(/^(fenced|stopping)$/) });
    await expect.poll(() => worker.running.status().engine?.partitions.length, PATIENCE).toBe(0);
    await db.sql('insert into items select i, 0 from generate_series(1, 5) i');
    await receiver.received(5);
  });
});
