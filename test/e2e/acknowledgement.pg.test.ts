import type pg from 'pg';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { formatLsn, type Lsn, parseLsn } from '../../src/lsn.ts';
import { endpoint, HEAD, startDaemon, testDatabase, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import { startDaemonThread } from '../support/daemon-thread.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { ReceivedRequest, Receiver } from '../support/receiver.ts';

// The traps of pg-logical-replication: docs/architecture.md. Each of these fails if its trap is walked into.

async function confirmed(db: TestDatabase, slot = db.name): Promise<Lsn> {
  const [state] = await db.sql<{ lsn: string }>('select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1', [slot]);
  return parseLsn(state?.lsn ?? '');
}

/** When the reader of the slot sent its last status, by the library's clock, which is a week ahead and a thousand times too slow. */
async function repliedAt(db: TestDatabase): Promise<number> {
  const [state] = await db.sql<{ at: Date | null }>(
    'select reply_time as at from pg_replication_slots join pg_stat_replication on pid = active_pid where slot_name = $1',
    [db.name],
  );
  return state?.at?.getTime() ?? 0;
}

/** The LSN at which the commit record of a request's transaction starts: its id begins with it. */
function commitLsn(request: ReceivedRequest | undefined): Lsn {
  return BigInt(`0x${request?.id.split('-')[0]}`);
}

function rowOf(request: ReceivedRequest): number {
  return (JSON.parse(request.body.toString()) as { data: { id: number } }).data.id;
}

async function ready(schema = 'create table items (id int primary key)'): Promise<{ receiver: Receiver; options: TestDaemonOptions }> {
  const db = await testDatabase(schema);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
limits: { in_flight: 300 }
endpoints: { crm: ${endpoint({ concurrency: 32, timeout: '60s' })} }
hooks: [{ name: crm, table: items, to: crm }]
`;
  return { receiver, options: { db, yaml, receivers: { RECEIVER: receiver } } };
}

afterEach(() => {
  vi.useRealTimers();
});

/** Commits two transactions at the same time, the one's commit record behind the other's unless somebody else comes between. */
async function commitBackToBack(clients: readonly pg.Client[], table: string, rows: readonly number[]): Promise<void> {
  for (const [i, client] of clients.entries()) await client.query(`begin; insert into ${table} values (${rows[i]})`);
  await Promise.all(clients.map((client) => client.query('commit')));
}

/** The two requests of a pair of transactions, in commit order, once both are there. */
async function pairOf(receiver: Receiver, rows: readonly number[]): Promise<[ReceivedRequest, ReceivedRequest]> {
  const pair = (): ReceivedRequest[] => receiver.requests.filter((request) => rows.includes(rowOf(request)));
  await receiver.until(() => pair().length >= rows.length, `rows ${rows.join(' and ')}`);
  const [first, second] = pair().toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (first === undefined || second === undefined) throw new Error('a pair is two');
  return [first, second];
}

// Fails if `lsn` instead of `lsn - 1` is handed to the library: the second transaction is never sent again.
test('a transaction whose commit record starts where the confirmed one ends is not lost in a crash', async () => {
  const TABLES = Array.from({ length: 10 }, (_, i) => `items_${i}`);
  const { receiver, options } = await ready(TABLES.map((table) => `create table ${table} (id int primary key);`).join(' '));
  const { db } = options;
  // Ten daemons, each with a slot and a table of its own, which crash together.
  const daemons = TABLES.map((table) => ({
    ...options,
    env: { SLOT: `${db.name}_${table}` },
    yaml: options.yaml.replace('slot: "${SLOT}"', `slot: "\${SLOT}", publication: ${table}`).replace('table: items', `table: ${table}`) + `state: { schema: ${table} }\n`,
  }));
  const thread = await startDaemonThread(...daemons);
  const clients = await Promise.all([db.client(), db.client()]);

  // Of each pair, the first to commit is accepted. The other gets no answer before the crash.
  let row = 0;
  const pairs = new Map<number, { rows: readonly number[]; held: PromiseWithResolvers<number> }>();
  receiver.answer = async (request) => {
    const pair = pairs.get(rowOf(request));
    const [first] = await pairOf(receiver, pair?.rows ?? []);
    return request === first ? 204 : (pair?.held.promise ?? 500);
  };
  const undelivered: ReceivedRequest[] = [];
  /** True if the two commit records touch: somebody else's WAL may have come between. */
  const armed = async (table: string, rows: readonly number[]): Promise<boolean> => {
    const slot = `${db.name}_${table}`;
    const [first, second] = await pairOf(receiver, rows);
    await expect.poll(() => confirmed(db, slot), { interval: 20, timeout: 10_000 }).toBeGreaterThan(commitLsn(first));
    expect(await confirmed(db, slot)).toBeLessThanOrEqual(commitLsn(second));
    if ((await confirmed(db, slot)) < commitLsn(second)) return false;
    undelivered.push(second);
    return true;
  };
  for (let wanted = TABLES; wanted.length > 0; ) {
    const tries = wanted.map((table) => ({ table, rows: [++row, ++row], held: Promise.withResolvers<number>() }));
    for (const pair of tries) {
      for (const id of pair.rows) pairs.set(id, pair);
      await commitBackToBack(clients, pair.table, pair.rows);
    }
    wanted = [];
    for (const { table, rows, held } of tries) {
      if (await armed(table, rows)) continue;
      held.resolve(204);
      wanted.push(table);
    }
  }
  await receiver.deliveries(row - TABLES.length);
  await thread.crash();

  receiver.answer = () => 204;
  await startDaemonThread(...daemons);
  await receiver.deliveries(row);
  expect(undelivered).toHaveLength(10);
  for (const { id } of undelivered) expect(receiver.byId.get(id)?.map(({ status }) => status)).toEqual([null, 204]);
  expect(receiver.requests, 'nothing else is sent again').toHaveLength(row + TABLES.length);
});

// Fails with the library's timer left on (timeoutSeconds: 10), and with statuses that tell of what was received.
test('what is neither delivered nor stored is not confirmed, however much time passes and however much WAL is written', async () => {
  const { receiver, options } = await ready('create table items (id int primary key); create table unwatched (id int)');
  const { db } = options;
  receiver.answer = () => 'never';
  // Time passes as the test says: for the checkpoint, for the statuses, and for the library's timer.
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  await startDaemon(options);
  // A delivery that hangs would be parked, after which its position is safe.
  const client = await db.client();
  onTestFinished(() => client.end());
  await client.query('begin');
  await client.query('lock table walhook.parked in share mode');
  await db.sql('insert into items values (1)');
  await receiver.received(1);
  const undelivered = commitLsn(receiver.requests[0]);
  for (let id = 2; id < 10; id++) {
    await db.sql(`insert into unwatched select generate_series(1, 100); insert into items values (${id})`);
    await receiver.received(id);
    // The library looks every second whether 10 seconds have passed since the last status: for once they have.
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(2_000);
    const before = await repliedAt(db);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect.poll(() => repliedAt(db), { interval: 10, timeout: 10_000 }).toBeGreaterThan(before);
    expect(await confirmed(db, db.name)).toBeLessThanOrEqual(undelivered);
  }
  expect(receiver.delivered).toBe(0);
  await client.query('rollback');
});

// Fails if a new connection goes on from the last confirmed LSN (duplicates) or from the last received one (losses), or
// if what it sends again of a transaction is not skipped.
test('a walsender that is terminated again and again loses nothing and sends nothing twice', async () => {
  const { receiver, options } = await ready();
  const { db } = options;
  const daemon = await startDaemon(options);
  const terminate = `select pg_terminate_backend(active_pid, 1000) as done from pg_replication_slots where slot_name = '${db.name}' and active_pid is not null`;
  let rows = 0;
  const write = async (): Promise<void> => {
    for (const large of [1_500, 1_500]) {
      for (let i = 0; i < 300; i++) await db.sql('insert into items values ($1)', [++rows]);
      await db.sql(`insert into items select generate_series(${rows + 1}, ${rows + large})`);
      rows += large;
    }
  };
  const all = 2 * 1_800;
  const writing = write();
  const control = await db.client();
  const times = 12;
  for (let i = 1; i <= times; i++) {
    await receiver.received((i * all) / (times + 1));
    await expect.poll(async () => (await control.query(terminate)).rows, { interval: 5, timeout: 10_000 }).toEqual([{ done: true }]);
  }
  await writing;
  await receiver.deliveries(all);
  await daemon.stop();
  expect(receiver.requests.map(rowOf).toSorted((a, b) => a - b)).toEqual(Array.from({ length: all }, (_, i) => i + 1));
});

// Fails if a position is confirmed before, or without, what lies behind it.
test('what is confirmed is the end of the last transaction that was delivered', async () => {
  const { receiver, options } = await ready();
  const { db } = options;
  const daemon = await startDaemon(options);
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);
  await expect.poll(() => confirmed(db)).toBeGreaterThan(commitLsn(receiver.requests[0]));
  // Nothing is added or taken away on the wire.
  await expect.poll(async () => formatLsn(await confirmed(db)) === daemon.status.confirmed).toBe(true);
});
