import { readFileSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { TailAndWorker } from '../../src/tail-and-worker.ts';
import { Worker } from '../../src/worker.ts';
import { producerOf } from '../kafka/clients.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { describeKafka, kafka, type KafkaScope } from '../support/kafka.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const PATIENCE = { timeout: 30_000 };

interface SourceOptions {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly scope: KafkaScope;
  readonly topic: string;
  readonly group: string;
  readonly format?: 'event' | 'debezium';
  /** More of the file. */
  readonly more?: string;
  readonly log?: Logger;
}

/** What delivers from the topic, stopped when the test has finished. */
async function delivering({ db, receiver, scope, topic, group, format = 'event', more = '', log = pino({ level: 'silent' }) }: SourceOptions): Promise<Worker | TailAndWorker> {
  const brokers = JSON.stringify(scope.brokers);
  const text = `version: 1
source: { kafka: { brokers: ${brokers}, topics: [${topic}], group: ${group}, session: 6s, format: ${format} } }
state: { url: "\${DATABASE_URL}", schema: of_topic }
tables: { people: { key: [id], visibility: { phone: phone_visible } } }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: people, table: people, to: crm, when: "row.country == 'NL'", body: { id: "\${{ row.id }}", phone: "\${{ row.phone }}" } }]
${more}`;
  const config = loadConfig({ text, file: 'walhook.yaml', env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }), readFile: (path) => readFileSync(path, 'utf8') });
  const options = { config, log, version: '0.0.0-test' };
  const running = config.engine === null ? await Worker.start({ ...options, reads: 'source' }) : await TailAndWorker.start(options);
  running.done.catch(() => undefined);
  onTestFinished(async () => {
    await receiver.close();
    await running.stop().catch(() => undefined);
  });
  return running;
}

function bodies(receiver: Receiver): unknown[] {
  return receiver.requests.map(({ body }) => JSON.parse(String(body)) as unknown);
}

describeKafka('a topic as the source', () => {
  const TABLE = `create table people (id int primary key, country text, phone text, phone_visible boolean not null default true);
    alter table people replica identity full`;

  test('what walhook wrote to a topic is delivered: filtered, shaped, in order, once, and after a restart from where it was', async () => {
    const db = await testDatabase(TABLE);
    const scope = kafka();
    const topic = await scope.topic(3);
    const group = scope.name('group');
    await startDaemon({
      db,
      yaml: `${HEAD}tables: { people: {} }\nendpoints: { stream: { type: kafka, brokers: ${JSON.stringify(scope.brokers)}, topic: ${topic}, key: "\${{ row.id }}", network: { allow: [127.0.0.0/8] } } }\nhooks: [{ name: all, table: people, to: stream }]\n`,
      receivers: {},
    });
    await db.sql(`insert into people values (1, 'NL', '1', true), (2, 'NL', '2', false), (3, 'DE', '3', true)`);
    const receiver = await testReceiver();
    const first = await delivering({ db, receiver, scope, topic, group });
    await receiver.received(2);
    await db.sql(`update people set phone = '11' where id = 1`);
    await receiver.received(3);
    expect(bodies(receiver)).toEqual(expect.arrayContaining([{ id: 1, phone: '1' }, { id: 2, phone: '<<REDACTED>>' }, { id: 1, phone: '11' }]));
    expect(bodies(receiver).filter((body) => (body as { id: number }).id === 1)).toEqual([{ id: 1, phone: '1' }, { id: 1, phone: '11' }]);
    expect(first.status()).toMatchObject({ state: 'streaming', problems: [], engine: { role: 'all', topic, group, partitions: [0, 1, 2] } });
    await first.stop();
    await db.sql(`update people set phone = '111' where id = 1`);
    const again = await testReceiver();
    await delivering({ db, receiver: again, scope, topic, group });
    await again.received(1);
    expect(bodies(again)).toEqual([{ id: 1, phone: '111' }]);
  });

  test('what Debezium wrote is delivered, through an engine as well; a record that is none is passed over', async () => {
    const db = await testDatabase();
    const scope = kafka();
    const topic = await scope.topic(1);
    const producer = await producerOf(scope.brokers, topic, 1);
    const change = (op: string, before: object | null, after: object | null): string =>
      JSON.stringify({ before, after, op, ts_ms: 1_700_000_000_000, source: { connector: 'postgresql', schema: 'public', table: 'people', lsn: 24_023_128, txId: 555, ts_ms: 1_700_000_000_000 } });
    const row = { id: 7, country: 'NL', phone: '7', phone_visible: true };
    const values = [change('c', null, row), 'not JSON', change('u', row, { ...row, phone: '77' }), change('d', { ...row, phone: '77' }, null)];
    await producer.produce(values.map((value) => ({ partition: 0, key: '{"id":7}', value, header: '' })));
    const receiver = await testReceiver();
    const engine = `engine: { kafka: { brokers: ${JSON.stringify(scope.brokers)}, topic: ${scope.name('engine')}, partitions: 4, session: 6s } }\n`;
    await delivering({ db, receiver, scope, topic, group: scope.name('group'), format: 'debezium', more: engine });
    await receiver.received(3);
    expect(bodies(receiver)).toEqual([{ id: 7, phone: '7' }, { id: 7, phone: '77' }, { id: 7, phone: '77' }]);
  });

  test('records that retention has taken before they were read are told, as those of the topic, and it goes on with what is there', async () => {
    const db = await testDatabase();
    const scope = kafka();
    const topic = await scope.topic(1);
    const group = scope.name('group');
    const producer = await producerOf(scope.brokers, topic, 1);
    const write = (phone: string): Promise<unknown> => {
      const after = { id: 7, country: 'NL', phone, phone_visible: true };
      return producer.produce([{ partition: 0, key: '{"id":7}', header: '', value: JSON.stringify({ before: null, after, op: 'c', ts_ms: 1, source: { connector: 'postgresql', schema: 'public', table: 'people', lsn: 1, txId: 1, ts_ms: 1 } }) }]);
    };
    const receiver = await testReceiver();
    await write('1');
    const first = await delivering({ db, receiver, scope, topic, group, format: 'debezium' });
    await receiver.received(1);
    await first.stop();
    for (const phone of ['2', '3', '4']) await write(phone);
    await scope.admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 3n }] }] });
    const lines: Record<string, unknown>[] = [];
    const again = await testReceiver();
    await delivering({ db, receiver: again, scope, topic, group, format: 'debezium', log: pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }) });
    await again.received(1);
    expect(bodies(again)).toEqual([{ id: 7, phone: '4' }]);
    expect(lines).toEqual([expect.objectContaining({ topic, partition: 0, from: '1', to: '3', msg: `Kafka's retention has removed 2 records of topic ${topic} before they were read: they are lost` })]);
  });

  test('a second process stands by, and goes on when the first has ended', async () => {
    const db = await testDatabase();
    const scope = kafka();
    const [topic, group] = [await scope.topic(2), scope.name('group')];
    const receiver = await testReceiver();
    const first = await delivering({ db, receiver, scope, topic, group });
    const second = await delivering({ db, receiver, scope, topic, group });
    await expect.poll(() => [first, second].map((one) => one.status().state), PATIENCE).toEqual(['streaming', 'standby']);
    await first.stop();
    await expect.poll(() => second.status().state, PATIENCE).toBe('streaming');
  });
});
