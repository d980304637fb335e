import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import { random, seedOfRun } from '../support/random.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

async function ground() {
  const database = await testDatabase(ITEMS_SQL);
  await database.sql(`alter database ${database.name} set wal_sender_timeout = '1s'`);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, arrived: () => receiver.delivered });
  onTestFinished(() => writer.stop());
  const verdict = async () => judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] });
  return { database, receiver, config, writer, verdict, chance: random(seed) };
}

test('a daemon that is stopped until another has taken over writes nothing when it wakes, stands by, and takes over again', { timeout: 90_000 }, async () => {
  const { database, receiver, config, writer, verdict, chance } = await ground();
  receiver.answer = () => ({ delay: chance.int(0, 5), status: chance.chance(0.05) ? 503 : 204 });
  const first = launch(config);
  await first.streaming();
  writer.start();
  await receiver.received(200);
  const second = launch(config);
  const told = await second.says(/standing by until it is free/);
  // Whoever reads the log must not be told to end the daemon that works.
  expect(JSON.stringify(told)).not.toContain('pg_terminate_backend');
  expect(await second.status()).toMatchObject({ state: 'standby' });

  first.signal('SIGSTOP');
  await second.streaming();
  const [{ epoch } = { epoch: '' }] = await database.sql<{ epoch: string }>('select epoch::text from walhook.owner');
  await receiver.received(receiver.requests.length + 200);
  const woken = first.log.length;
  first.signal('SIGCONT');
  await first.until((line) => first.log.indexOf(line) >= woken && /standing by until it is free/.test(line.msg));
  expect(first.log.slice(woken).map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/walhook begins anew/));
  expect(await database.sql('select epoch::text from walhook.owner')).toEqual([{ epoch }]);
  await receiver.received(receiver.requests.length + 200);

  const before = first.log.length;
  await second.kill();
  await first.until((line) => first.log.indexOf(line) >= before && line.msg === 'streaming');
  receiver.answer = () => 204;
  await writer.more(100);
  await writer.stop();
  await allDelivered(receiver, writer);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  expect(await verdict()).toMatchObject({ ...FLAWLESS, delivered: writer.count });
  first.signal('SIGTERM');
  expect(await first.exit).toEqual({ code: 0, signal: null });
});

test('SIGTERM ends a daemon that stands by at once, with 0, and the one that works goes on', async () => {
  const { receiver, config, database } = await ground();
  const first = launch(config);
  await first.streaming();
  const second = launch(config);
  await second.says(/standing by until it is free/);
  second.signal('SIGTERM');
  expect(await second.exit).toEqual({ code: 0, signal: null });
  await database.sql(`insert into items values (1, 1, 'x', null, true)`);
  await receiver.deliveries(1);
});

test('a daemon that is fenced while nothing happens stands by as soon as it finds the slot in use', { timeout: 60_000 }, async () => {
  const { config, database, receiver } = await ground();
  const first = launch(config);
  await first.streaming();
  first.signal('SIGSTOP');
  const second = launch(config);
  await second.streaming();
  first.signal('SIGCONT');
  await first.says(/standing by until it is free/);
  await database.sql(`insert into items values (1, 1, 'x', null, true)`);
  await receiver.deliveries(1);
  expect(receiver.requests).toHaveLength(1);
});

test('two that start at once on what is parked: one sends it, and the other stands by', { timeout: 60_000 }, async () => {
  const { config, database, receiver } = await ground();
  receiver.answer = () => 500;
  const first = launch(config);
  await first.streaming();
  for (let id = 1; id <= 8; id++) await database.sql(`insert into items values ($1, 1, 'x', null, true)`, [id]);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 8);
  await first.kill();
  receiver.answer = () => ({ status: 204, delay: 500 });
  const before = receiver.requests.length;
  const both = [launch(config), launch(config)];
  await Promise.any(both.map((daemon) => daemon.streaming()));
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  await Promise.any(both.map((daemon) => daemon.says(/standing by until it is free/)));
  const ids = receiver.requests.slice(before).map(({ id }) => id);
  expect(new Set(ids).size).toBe(8);
  expect(ids).toHaveLength(8);
});
