import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Kafka as CloudEventsKafka } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeTopic, type ReadBack, readTopic, sharedBrokers } from '../kafka/topics.ts';
import { walhook } from '../support/cli.ts';
import { HEAD, SECRET, startDaemon, testDatabase } from '../support/daemon.ts';
import { KafkaBroker } from '../support/kafka/broker.ts';

const brokers = sharedBrokers();
const FORMATS = ['event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'] as const;
/** What the SDK's type wants of a message, and its reader does not look at. */
const CLOUD_EVENT = { key: '42', timestamp: '' };
const RETRY = '{ initial: 50ms, factor: 1, jitter: 0, attempts: 1000 }';

function verified({ value, headers }: ReadBack): unknown {
  return new Webhook(SECRET).verify(value, { 'webhook-id': headers['webhook-id'] ?? '', 'webhook-timestamp': headers['webhook-timestamp'] ?? '', 'webhook-signature': headers['webhook-signature'] ?? '' });
}

describe.skipIf(brokers.length === 0)('with a broker', () => {
  test('a row’s changes are records of its topic, with its key and a signature, in every format', async () => {
    const table = `people_${Date.now()}`;
    const topics = await Promise.all(FORMATS.map((format) => makeTopic(brokers, { name: `app.${table}.${format}` })));
    const db = await testDatabase(`create table ${table} (id int primary key, name text)`);
    const endpoints = FORMATS.map((format) => `  ${format}: { type: kafka, brokers: ["${brokers[0]}"], topic: "app.\${{ event.table }}.${format}", key: "\${{ row.id }}", headers: { x-team: crm }, signing: { secrets: ["\${SECRET}"] }, network: { allow: [127.0.0.0/8] }, retry: ${RETRY} }`);
    const hooks = FORMATS.map((format) => `  - { name: ${format}, table: ${table}, to: ${format}, format: ${format} }`);
    await startDaemon({ db, receivers: {}, yaml: `${HEAD}endpoints:\n${endpoints.join('\n')}\nhooks:\n${hooks.join('\n')}\n` });
    await db.sql(`insert into ${table} values (42, 'Ann'); update ${table} set name = 'Zoë'; delete from ${table}`);
    for (const [index, topic] of topics.entries()) {
      const read = await readTopic(brokers, topic, 3);
      expect(read.map(({ key, offset }) => [key, offset])).toEqual([['42', 0n], ['42', 1n], ['42', 2n]]);
      for (const record of read) {
        expect(record.headers).toMatchObject({ 'x-team': 'crm' });
        expect(verified(record)).toBeTypeOf('object');
      }
      const format = FORMATS[index];
      const [first] = read;
      if (format === 'event') expect(JSON.parse(first?.value ?? '')).toMatchObject({ data: { id: 42, name: 'Ann' } });
      if (format === 'debezium') expect(read.map(({ value }) => (JSON.parse(value) as { op: string }).op)).toEqual(['c', 'u', 'd']);
      if (format === 'cloudevents' || format === 'cloudevents-binary') {
        const message = { ...CLOUD_EVENT, value: first?.value, body: first?.value, headers: first?.headers ?? {} };
        const event = CloudEventsKafka.toEvent(message);
        expect(event).toMatchObject({ specversion: '1.0', id: first?.headers['webhook-id'] });
      }
    }
  });

  test('a topic that a value makes illegal is a dead letter with the reason; show and render say what a record is', async () => {
    const topic = await makeTopic(brokers);
    const db = await testDatabase('create table items (id int primary key, kind text)');
    const yaml = (head: string) => `${head}endpoints: { stream: { type: kafka, brokers: ["${brokers[0]}"], topic: "\${{ row.kind }}", key: "k/\${{ row.id }}", network: { allow: [127.0.0.0/8] }, retry: ${RETRY} } }\nhooks: [{ name: items, table: items, to: stream }]\n`;
    await startDaemon({ db, receivers: {}, yaml: yaml(HEAD) });
    await db.sql(`insert into items values (1, 'no topic/name'), (2, '${topic}')`);
    const dead = () => db.sql<{ id: string; message: string; method: string }>('select id, message, method from walhook.dead');
    await expect.poll(async () => (await dead()).length, { timeout: 20_000 }).toBe(1);
    expect((await dead())[0]).toMatchObject({ method: 'PRODUCE', message: expect.stringContaining('topic: this is no name of a topic') });
    expect((await readTopic(brokers, topic, 1)).map(({ key }) => key)).toEqual(['k/2']);

    const env = { DATABASE_URL: db.url, SLOT: db.name };
    const rendered = await walhook(['render', 'items', '--key', 'id=2', '--send'], { env, yaml: yaml(HEAD) });
    expect(rendered.stdout).toContain(`PRODUCE kafka://${brokers[0]}/${topic}/k%2F2`);
    expect(rendered.stdout).toContain(`it is in the topic: ${topic}/`);
    const refused = await walhook(['send', 'stream'], { env, yaml: yaml(HEAD) });
    expect(refused.stderr).toContain('which only a row can fill');
  });

  test('deliveries, notices, send: none of them goes to a broker that is not allowed', async () => {
    const db = await testDatabase('create table items (id int primary key)');
    const visits: Socket[] = [];
    const canary = createServer((socket) => void visits.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(canary, 'listening');
    onTestFinished(() => void canary.close());
    const { port } = canary.address() as AddressInfo;
    const stream = (host: string) => `{ type: kafka, brokers: ["${host}:${port}"], topic: any, retry: { initial: 20ms, factor: 1, jitter: 0, attempts: 2 } }`;
    const yaml = `${HEAD}endpoints: { name: ${stream('localhost')}, literal: ${stream('127.0.0.1')}, ops: ${stream('localhost')} }\nhooks: [{ name: items, table: items, to: [name, literal] }]\nnotify: { to: [ops] }\n`;
    const daemon = await startDaemon({ db, receivers: {}, yaml });
    await db.sql('insert into items values (1)');
    const dead = () => db.sql<{ failure: string }>('select failure from walhook.dead');
    await expect.poll(async () => (await dead()).map(({ failure }) => failure), { timeout: 20_000 }).toEqual(['blocked_address', 'blocked_address']);
    await expect.poll(() => daemon.logged(/the notice cannot be sent/).length, { timeout: 20_000 }).toBeGreaterThan(0);
    const sent = await walhook(['send', 'name'], { env: { DATABASE_URL: db.url, SLOT: `${db.name}_x` }, yaml });
    expect(sent.stdout + sent.stderr).toContain('is not a public address; to allow it: endpoints.');
    expect(visits.length).toBe(0);
  });
});

describe.skipIf(brokers.length === 0)('with a broker of its own', () => {
  test('while the broker is away deliveries are parked behind the breaker; then all arrive, a row’s in order', async () => {
    const own = await KafkaBroker.start();
    onTestFinished(() => own.stop());
    const topic = await makeTopic(own.brokers);
    const db = await testDatabase('create table items (id int primary key, n int)');
    const daemon = await startDaemon({
      db,
      receivers: {},
      yaml: `${HEAD}endpoints: { stream: { type: kafka, brokers: ["${own.brokers[0]}"], topic: ${topic}, timeout: 2s, network: { allow: [127.0.0.0/8] }, retry: ${RETRY}, breaker: { failures: 3, open: 500ms } } }\nhooks: [{ name: items, table: items, to: stream }]\n`,
    });
    await db.sql('insert into items select g, 0 from generate_series(1, 20) g');
    await expect.poll(() => daemon.status.endpoints[0]?.delivered, { timeout: 20_000 }).toBe(20);
    await own.kill();
    for (let n = 1; n <= 4; n++) await db.sql(`update items set n = ${n}`);
    await expect.poll(() => daemon.status.endpoints[0]?.breaker, { timeout: 30_000 }).toBe('open');
    await own.start();
    const read = await readTopic(own.brokers, topic, 100);
    const events = read.map(({ value, key }) => ({ key, ...(JSON.parse(value) as { data: { id: number; n: number } }).data }));
    const byRow = Map.groupBy(events, ({ id }) => id);
    expect(byRow.size).toBe(20);
    for (const those of byRow.values()) {
      expect(those.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4]);
      expect(new Set(those.map(({ key }) => key)).size).toBe(1);
    }
  });
});
