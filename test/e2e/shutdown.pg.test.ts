import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import { random, seedOfRun } from '../support/random.ts';
import type { Receiver, ReceiverOptions } from '../support/receiver.ts';

async function ready(receiverOptions: ReceiverOptions = {}): Promise<{ receiver: Receiver; options: TestDaemonOptions }> {
  const db = await testDatabase('create table items (id int primary key, round int)');
  const receiver = await testReceiver(receiverOptions);
  const yaml = `${HEAD}
limits: { in_flight: 500 }
endpoints: { crm: ${endpoint({ concurrency: 32, retry: '{ initial: 300ms, factor: 1, jitter: 0, attempts: 1000 }' })} }
hooks: [{ name: crm, table: items, to: crm }]
`;
  return { receiver, options: { db, receivers: { RECEIVER: receiver }, yaml } };
}

function idsOf(receiver: Receiver): number[] {
  return receiver.bodies<{ data: { id: number } }>().map(({ data }) => data.id);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** Every row once and in a request of its own: nothing was lost, and nothing came twice. */
function expectEachOnce(receiver: Receiver, rows: number): void {
  expect(idsOf(receiver).toSorted((a, b) => a - b)).toEqual(upTo(rows));
}

// Fails if the drain confirms less than it delivered (duplicates), or more (losses).
test('stopped and started under load, again and again, it sends every row once', async () => {
  const chance = random(seedOfRun());
  const { receiver, options } = await ready({ answer: () => ({ status: 204, delay: chance.int(0, 5) }) });
  const { db } = options;
  const daemon = await startDaemon(options);
  let rows = 0;
  const rounds = Array.from({ length: 8 }, (_, round) => (round + 1) * 400);
  const write = async (): Promise<void> => {
    while (rows < 4_000) {
      const size = chance.int(1, 20);
      await db.sql(`insert into items select i, 0 from generate_series(${rows + 1}, ${rows + size}) i`);
      rows += size;
      await receiver.received(rows - 300); // ahead, but not done when the last stop comes
    }
  };
  const writer = write();
  for (const seen of rounds) {
    await receiver.received(seen);
    await daemon.restart();
  }
  await writer;
  await receiver.deliveries(rows);
  await daemon.stop();
  expectEachOnce(receiver, rows);
});

test('stopped in the middle of a large transaction, it goes on in the middle of it', async () => {
  const { receiver, options } = await ready();
  // One read of the socket may bring some 1,500 rows beyond the limit: far fewer than are left at each stop.
  const rows = 12_000;
  const daemon = await startDaemon(options);
  await options.db.sql(`insert into items select i, 0 from generate_series(1, ${rows}) i`);
  for (const seen of [500, 3_500, 6_500]) {
    await receiver.received(seen);
    await daemon.stop();
    expect(receiver.requests.length, 'stopped before the transaction was through').toBeLessThan(rows);
    await daemon.start();
  }
  await receiver.deliveries(rows);
  await daemon.stop();
  expectEachOnce(receiver, rows);
});

test('what is under way is finished before it stops, and what comes meanwhile waits for the next start', async () => {
  const gate = Promise.withResolvers<number>();
  const { receiver, options } = await ready({ answer: () => gate.promise });
  const daemon = await startDaemon(options);
  await options.db.sql('insert into items values (1, 0)');
  await receiver.received(1);
  const stopped = daemon.stop();
  expect(daemon.status.state).toBe('draining');
  await options.db.sql('insert into items values (2, 0)');
  gate.resolve(204);
  await stopped;
  expect(daemon.status.state).toBe('stopped');
  expect(idsOf(receiver)).toEqual([1]);
  await daemon.start();
  await receiver.deliveries(2);
  expectEachOnce(receiver, 2);
});

test('what waits for its next attempt is in the store when it stops, and is sent after the next start', async () => {
  const { receiver, options } = await ready({ answer: ({ order }) => (order < 10 ? 503 : 204) });
  const daemon = await startDaemon(options);
  await options.db.sql('insert into items select i, 0 from generate_series(1, 20) i');
  await receiver.received(20);
  await daemon.stop();
  expect(await options.db.sql('select count(*)::int as parked from walhook.parked')).toEqual([{ parked: 10 }]);
  await daemon.start();
  await receiver.deliveries(20);
  expect(receiver.requests).toHaveLength(30);
  await daemon.stop();
  expect(await options.db.sql('select count(*)::int as parked from walhook.parked')).toEqual([{ parked: 0 }]);
});

test('stopped twice, or without anything to do, it stops', async () => {
  const { options } = await ready();
  const daemon = await startDaemon(options);
  await Promise.all([daemon.stop(), daemon.stop()]);
  await daemon.running.done;
  expect(daemon.status.state).toBe('stopped');
});
