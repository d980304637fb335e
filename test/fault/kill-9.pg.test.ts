import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries, takeSample } from '../support/oracle.ts';
import { serverUrl } from '../support/postgres.ts';
import { seedOfRun } from '../support/random.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';
import { runSuite } from './suite/suite.ts';
import { tableText } from './suite/table.ts';

/** The same scenes each time; `npm run test:fault` plays all of them, many times over. */
const SEED = 7;
const SHORT = /^kill -9 (?!in a transaction of 20,000)/;

test('kill -9 at some moments under load: all eight conditions hold', { timeout: 170_000 }, async () => {
  const lines: string[] = [];
  const server = { url: serverUrl(), own: null, stop: async () => {} };
  const result = await runSuite({ server, rounds: 6, seed: SEED, breakage: null, only: SHORT, onLine: (line) => lines.push(line) });
  console.log(`${lines.join('\n')}\n\n${tableText(result)}`);
  expect(result.findings, lines.join('\n')).toEqual([]);
  expect(result.rounds).toHaveLength(6);
});

test('kill -9 while it starts for the first time, at every step: the next start goes on from there, with one slot', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const steps = [
    `exists (select from pg_namespace where nspname = 'walhook')`,
    `to_regclass('walhook.parked') is not null`,
    `exists (select from pg_class where oid = 'items'::regclass and relreplident = 'f')`,
    `exists (select from pg_publication)`,
    `exists (select from pg_replication_slots where database = current_database())`,
    // While it is being made it is active as well; what is written until then is not in it.
    `exists (select from pg_replication_slots where database = current_database() and active and confirmed_flush_lsn is not null)`,
  ];
  for (const step of steps) {
    const daemon = launch(config);
    await untilQuery(database, `select ${step}`, true);
    await daemon.kill();
  }
  const writer = new Writer({ database, seed: seedOfRun() }).start();
  onTestFinished(() => writer.stop());
  const daemon = launch(config);
  await daemon.streaming();
  await writer.more(50);
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] })).toMatchObject({
    ...FLAWLESS,
    duplicates: 0,
    delivered: writer.count,
  });
  expect(await database.sql('select slot_name as name from pg_replication_slots where database = $1', [database.name])).toEqual([{ name: database.name }]);
});

test('a second daemon stands by, and takes over when the first is killed', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const first = launch(config);
  await first.streaming();
  const second = launch(config);
  await second.says(/standing by until it is free/);
  const writer = new Writer({ database, seed: seedOfRun() }).start();
  onTestFinished(() => writer.stop());
  await receiver.received(100);
  expect(second.log.some(({ msg }) => msg === 'streaming')).toBe(false);
  await first.kill();
  const sample = await takeSample({ database, slot: database.name, endpoint: 'crm', receiver });
  await second.streaming();
  await writer.more(100);
  await writer.stop();
  await allDelivered(receiver, writer);
  const verdict = judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [sample] });
  expect(verdict).toMatchObject({ ...FLAWLESS, delivered: writer.count });
});
