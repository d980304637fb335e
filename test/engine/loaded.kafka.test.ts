import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/daemon.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import { describeKafka, kafka } from '../support/kafka.ts';
import { Receiver } from '../support/receiver.ts';

const RECORD = new URL('../support/record-modules.ts', import.meta.url).href;

/** Of Kafka's, what a daemon has loaded by its end, once a row has gone its whole way and a status was asked for. */
async function loadedOfKafka(more: object, args: readonly string[] = []): Promise<string[]> {
  const database = await testDatabase('create table items (id int primary key)');
  const receiver = await Receiver.open();
  onTestFinished(() => receiver.close());
  const folder = mkdtempSync(join(tmpdir(), 'walhook-loaded-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const list = join(folder, 'loaded.json');
  const config = {
    source: { url: database.url, slot: database.name },
    endpoints: { crm: { url: receiver.url, network: { allow: ['127.0.0.0/8'] } } },
    hooks: [{ name: 'all', table: 'items', to: 'crm' }],
    ...more,
  };
  const daemon = new DaemonProcess({ config, args, preload: [RECORD], env: { LOADED_LIST: list } });
  onTestFinished(async () => void (await daemon.kill()));
  await daemon.streaming();
  await database.sql('insert into items values (1)');
  await receiver.received(1);
  await daemon.status();
  daemon.signal('SIGTERM');
  expect(await daemon.exit).toMatchObject({ code: 0 });
  const loaded = JSON.parse(readFileSync(list, 'utf8')) as string[];
  expect(loaded).toContain('src/daemon.ts');
  return loaded.filter((file) => /^(?:src\/kafka|@platformatic)\//.test(file));
}

describeKafka('a daemon', () => {
  test('without an engine has nothing of Kafka loaded', async () => {
    expect(await loadedOfKafka({})).toEqual([]);
  });

  test('with an engine has', async () => {
    const { brokers, name } = kafka();
    const loaded = await loadedOfKafka({ engine: { kafka: { brokers, topic: name(), partitions: 2, session: '6s' } } }, ['--role', 'all']);
    expect(loaded).toEqual(expect.arrayContaining(['src/kafka/group.ts', '@platformatic/kafka/dist/index.js']));
  });
});
