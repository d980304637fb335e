import { expect, test } from 'vitest';
import { parseLsn } from '../../src/lsn.ts';
import { endpoint, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver, ReceiverOptions } from '../support/receiver.ts';

interface Setting {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly daemon: TestDaemon;
}

interface SettingOptions extends ReceiverOptions {
  /** Further lines of walhook.yaml. */
  readonly more?: string;
  /** Further options of the hook. */
  readonly hook?: string;
}

/** A daemon that watches `items` with whole old rows, and not `unwatched`. */
async function watching({ more = '', hook = '', ...receiverOptions }: SettingOptions = {}): Promise<Setting> {
  const db = await testDatabase('create table items (id int primary key, text text); create table unwatched (id int)');
  // Statuses are due every quarter second, and a connection without them is cut after one.
  await db.sql(`alter database ${db.name} set wal_sender_timeout = '1s'`);
  const receiver = await testReceiver(receiverOptions);
  const yaml = `${HEAD}
tables: { items: { replica_identity: full } }
endpoints: { crm: ${endpoint({ concurrency: 32, timeout: '60s' })} }
hooks:
  - { name: crm, table: items, to: crm${hook} }
${more}
`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  return { db, receiver, daemon };
}

function idsOf(receiver: Receiver): number[] {
  return receiver.bodies<{ data: { id: number } }>().map(({ data }) => data.id);
}

/** Ids of all rows that were ever sent: `last` is the last that is, and comes when everything before it has been read. */
async function sentUpTo(last: number, { receiver, daemon }: Setting): Promise<number[]> {
  await receiver.until(() => idsOf(receiver).includes(last), `row ${last}`);
  await daemon.stop();
  return idsOf(receiver).toSorted((a, b) => a - b);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

test('what is rolled back is never sent: transactions, savepoints, errors, prepared transactions', async () => {
  const setting = await watching();
  const { db } = setting;
  await db.sql('begin; insert into items values (-1); rollback');
  await db.sql('begin; insert into items values (1); savepoint a; insert into items values (-2); rollback to a; insert into items values (2); commit');
  await db.sql('begin; savepoint a; insert into items values (3); savepoint b; insert into items values (-3); rollback to b; insert into items values (4); release a; commit');
  await expect(db.sql('insert into items values (-4); select 1 / 0')).rejects.toThrow('division by zero');
  await db.sql(`do $$ begin insert into items values (5); begin insert into items values (-5); raise 'x'; exception when others then insert into items values (6); end; end $$`);
  await db.sql(`begin; insert into items values (-7); prepare transaction '${db.name}_a'`);
  await db.sql(`begin; insert into items values (7); prepare transaction '${db.name}_b'`);
  await db.sql(`rollback prepared '${db.name}_a'`);
  await db.sql(`commit prepared '${db.name}_b'`);
  await db.sql('insert into items values (8)');
  expect(await sentUpTo(8, setting)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a prepared transaction is sent when it is committed, also by another run of the daemon', async () => {
  const setting = await watching();
  const { db, daemon } = setting;
  await db.sql(`begin; insert into items values (1); prepare transaction '${db.name}'`);
  await db.sql('insert into items values (2)');
  await setting.receiver.deliveries(1);
  await daemon.restart();
  await db.sql(`commit prepared '${db.name}'`);
  expect(await sentUpTo(1, setting)).toEqual([1, 2]);
});

test('a transaction with hundreds of subtransactions keeps its order', async () => {
  const { db, receiver } = await watching({ hook: ', order_by: [text]' });
  await db.sql(`do $$ begin for i in 1..300 loop begin insert into items values (i, 'lane'); if i % 3 = 0 then raise 'x'; end if; exception when others then null; end; end loop; end $$`);
  await receiver.deliveries(200);
  expect(idsOf(receiver)).toEqual(upTo(300).filter((id) => id % 3 !== 0));
});

test('rows that share an LSN, of one COPY or one INSERT, have ids of their own', async () => {
  const { db, receiver } = await watching();
  await db.sql(`copy items (id) from program 'seq 1 500'`);
  await db.sql('insert into items select generate_series(501, 1000)');
  await receiver.deliveries(1000);
  expect(receiver.byId.size).toBe(1000);
  expect(idsOf(receiver).toSorted((a, b) => a - b)).toEqual(upTo(1000));
});

test('a truncate is an event of its own, for hooks that ask for it', async () => {
  const { db, receiver, daemon } = await watching({
    hook: ', events: [insert, truncate], meta: [table]',
    more: '  - { name: deaf, table: items, to: crm, events: [delete], meta: [schema] }',
  });
  await db.sql('insert into items values (1); insert into unwatched values (1)');
  await db.sql('truncate items, unwatched');
  await receiver.deliveries(2);
  await daemon.stop();
  expect(receiver.bodies()).toContainEqual({ data: {}, meta: { operation: 'truncate', lookup_values: [], table: 'items' } });
  expect(receiver.requests).toHaveLength(2);
});

test('an update that changes nothing sends nothing', async () => {
  const setting = await watching();
  const { db, receiver, daemon } = setting;
  await db.sql(`insert into items values (1, 'a'), (2, null)`);
  await db.sql(`update items set text = text; update items set id = 1, text = 'a' where id = 1; update items set text = null where id = 2`);
  await db.sql(`update items set text = 'b' where id = 2`);
  await receiver.deliveries(3);
  await daemon.stop();
  const operations = receiver.bodies<{ meta: { operation: string } }>().map(({ meta }) => meta.operation);
  expect(operations.toSorted()).toEqual(['data_insert', 'data_insert', 'data_update']);
});

test('logical messages of other programs disturb nothing', async () => {
  const setting = await watching();
  const { db } = setting;
  const other = await db.client();
  await db.sql(`begin; insert into items values (1); select pg_logical_emit_message(true, 'in', 'x')`);
  await other.query(`select pg_logical_emit_message(false, 'meanwhile', repeat('y', 100000))`);
  await db.sql(`insert into items values (2); select pg_logical_emit_message(true, '', ''), pg_logical_emit_message(false, 'out', ''); insert into items values (3); commit`);
  await db.sql(`select pg_logical_emit_message(true, 'alone', '\\x00ff'::bytea)`);
  await db.sql('insert into items values (4)');
  expect(await sentUpTo(4, setting)).toEqual([1, 2, 3, 4]);
  expect(setting.receiver.byId.size).toBe(4);
});

// Fails if keepalives mark no position: the slot would keep the WAL of everybody else.
test('the slot advances while the watched table is idle and another is busy', async () => {
  const { db, receiver } = await watching();
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);
  for (let i = 0; i < 3; i++) {
    await db.sql('insert into unwatched select generate_series(1, 1000)');
    const [written] = await db.sql<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
    await expect
      .poll(async () => {
        const [slot] = await db.sql<{ confirmed: string }>('select confirmed_flush_lsn::text as confirmed from pg_replication_slots where slot_name = $1', [db.name]);
        return parseLsn(slot?.confirmed ?? '') >= parseLsn(written?.lsn ?? '');
      }, { timeout: 10_000 })
      .toBe(true);
  }
  expect(receiver.requests).toHaveLength(1);
});

/** Samples what is in memory while `work` goes on. */
async function mostInFlight(daemon: TestDaemon, work: () => Promise<void>): Promise<number> {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, daemon.status.in_flight.deliveries);
  }, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}

// Fails if the queue's limit does not reach the socket, and if statuses stop while it is paused.
test('a slow endpoint stops the reading of the WAL within the limit, for longer than the walsender waits for a status, and it goes on afterwards', async () => {
  const gate = Promise.withResolvers<number>();
  const { db, receiver, daemon } = await watching({ answer: () => gate.promise, more: 'limits: { in_flight: 100 }' });
  const reader = async (): Promise<{ pid: number; replied: number }> => {
    const [state] = await db.sql<{ pid: number; replied: number }>(
      `select pid, extract(epoch from reply_time)::float8 as replied
         from pg_replication_slots join pg_stat_replication on pid = active_pid where slot_name = $1`,
      [db.name],
    );
    return state ?? { pid: 0, replied: 0 };
  };
  const before = await reader();
  const rows = 3_000;
  const most = await mostInFlight(daemon, async () => {
    // Rows of a kilobyte: a read of the socket is some 60 of them.
    await db.sql(`insert into items select i, repeat('x', 1000) from generate_series(1, ${rows}) i`);
    await receiver.received(32);
    // The library's clock runs a thousand times too slow, so statuses are counted: one comes every 250 ms.
    const statuses = new Set<number>();
    await expect.poll(async () => statuses.add((await reader()).replied).size, { timeout: 10_000, interval: 20 }).toBe(12);
  });
  expect(most).toBeGreaterThanOrEqual(100);
  expect(most).toBeLessThan(300);
  expect((await reader()).pid).toBe(before.pid);
  expect(receiver.requests).toHaveLength(32);
  gate.resolve(204);
  await receiver.deliveries(rows);
  expect(receiver.requests).toHaveLength(rows);
  expect(daemon.logged(/^streaming$/), 'one connection was enough').toHaveLength(1);
});

test('a transaction of 50,000 rows passes through a queue of 500', async () => {
  const rows = 50_000;
  const { db, receiver, daemon } = await watching({ hook: ', when: "row.id % 5 == 0"', more: 'limits: { in_flight: 500 }' });
  const most = await mostInFlight(daemon, async () => {
    await db.sql(`insert into items select i, repeat('x', 500) from generate_series(1, ${rows}) i`);
    await receiver.until(() => receiver.delivered === rows / 5, 'every fifth row', 50_000);
  });
  // A read of the socket brings some 100 of them.
  expect(most).toBeLessThan(1_000);
  expect(receiver.requests).toHaveLength(rows / 5);
});
