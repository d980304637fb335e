import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';
import { continuity } from '../../src/source/continuity.ts';
import { resync } from '../../src/source/resync.ts';
import { openDurableState } from '../../src/state.ts';
import { walhook } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, type TestDaemon, testDatabase, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

// Whatever is lost: `run` stops with its name and the gap, `walhook resync` tells it, and with --accept-gap the stream
// goes on, what was parked before first.

const YAML = `${HEAD}
server: { listen: 127.0.0.1:0 }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: items, to: crm }]
`;
const SCHEMA = 'create table items (id int primary key, n int); insert into items values (1, 0)';
const ANEW = `drop table items; ${SCHEMA}`;
const SWAPPED = `create table items_new (id int primary key, n int); insert into items_new values (1, 0); alter table items rename to items_old; alter table items_new rename to items`;
const GAP = /changes between [0-9A-F]+\/[0-9A-F]+ and [0-9A-F]+\/[0-9A-F]+ were not sent/;

interface Ground {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly options: TestDaemonOptions;
  readonly daemon: TestDaemon;
}

/** A daemon that streams, with the updates n = 1, 2, 3 of a row parked. */
async function ground(on?: TestDatabase): Promise<Ground> {
  const db = on ?? (await testDatabase());
  await db.sql(SCHEMA);
  const receiver = await testReceiver();
  const options: TestDaemonOptions = { db, yaml: YAML, receivers: { RECEIVER: receiver } };
  const daemon = await startDaemon(options);
  receiver.answer = () => 503;
  for (const n of [1, 2, 3]) await db.sql('update items set n = $1', [n]);
  await expect.poll(async () => (await db.sql<{ parked: number }>('select count(*)::int as parked from walhook.parked'))[0]?.parked, { timeout: 10_000 }).toBe(3);
  return { db, receiver, options, daemon };
}

function numbers(receiver: Receiver): number[] {
  return receiver.requests.filter(({ status }) => status === 204).map((request) => (JSON.parse(request.body.toString()) as { data: { n: number } }).data.n);
}

/** The way on from a loss, and what comes of it. */
async function resynced({ db, receiver, options, daemon }: Ground, code: string, accept = acceptGap): Promise<void> {
  await expect(daemon.start()).rejects.toMatchObject({ code, hint: expect.stringContaining('walhook resync') });
  await accept(options, code);
  receiver.answer = () => 204;
  await daemon.start();
  await expect.poll(() => numbers(receiver), { timeout: 15_000 }).toEqual([1, 2, 3]);
  await db.sql('update items set n = 100');
  await expect.poll(() => numbers(receiver).at(-1), { timeout: 15_000 }).toBe(100);
  expect(numbers(receiver)).toEqual([1, 2, 3, 100]);
}

/** As the command does it, in this process: starting one takes seconds. */
async function acceptGap(options: TestDaemonOptions, code: string): Promise<void> {
  const config = loadConfig({ text: options.yaml, file: 'walhook.yaml', env: daemonEnvironment(options), readFile: () => '' });
  const client = await options.db.client();
  const state = await openDurableState(config);
  try {
    const found = await continuity(config, client, () => state.load());
    if (found.loss === null) throw new Error('nothing is lost');
    expect(found.loss.code).toBe(code);
    // WAL is written between the look and the resync: what is in it is not sent either.
    await client.query("select pg_logical_emit_message(false, '', repeat('x', 10000))");
    const { gap, stored } = await resync({ config, client, state, found: { ...found, loss: found.loss }, onStep: () => undefined });
    if (gap.kind === 'unsent') expect(gap.to).toBeGreaterThanOrEqual(stored.position.lsn);
    expect((await continuity(config, client, () => state.load())).loss).toBeNull();
  } finally {
    await state.close();
  }
}

async function acceptGapByCommand(options: TestDaemonOptions, code: string): Promise<void> {
  const cli = { yaml: options.yaml, env: daemonEnvironment(options) };
  expect(await walhook(['check'], cli)).toMatchObject({ code: 3, stdout: expect.stringMatching(GAP) });
  const told = await walhook(['resync'], cli);
  expect(told, told.stderr).toMatchObject({ code: 3, stdout: expect.stringContaining('--accept-gap') });
  // Without the flag nothing has changed.
  expect(JSON.parse((await walhook(['resync', '--json'], cli)).stdout)).toMatchObject({ loss: code, accepted: false, to: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) });
  const accepted = await walhook(['resync', '--accept-gap', '--backfill', 'none'], cli);
  expect(accepted, accepted.stderr).toMatchObject({ code: 0 });
  const [, end, position] = /-- accepted: changes between \S+ and (\S+) were not sent\n-- walhook run goes on at (\S+)/.exec(accepted.stdout) ?? [];
  expect(position).toBeDefined();
  expect(end).toBe(position);
  expect(await walhook(['resync'], cli)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is lost') });
}

const drop = (db: TestDatabase): Promise<unknown> => dropInUse(db);
const make = (db: TestDatabase): Promise<unknown> => db.sql(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [db.name]);

test.for<[what: string, code: string, lose: (db: TestDatabase) => Promise<unknown>]>([
  ['slot dropped', 'slot_lost', drop],
  ['slot dropped and made again', 'slot_moved', async (db) => {
    await drop(db);
    await db.sql('update items set n = 50');
    await make(db);
  }],
  ['database of another cluster', 'other_system', (db) => db.sql('update walhook.checkpoint set system_id = 77')],
  ['publication dropped', 'publication_lost', (db) => db.sql('drop publication walhook')],
  ['publication dropped and made again', 'publication_lost', async (db) => {
    await db.sql('drop publication walhook');
    await db.sql('update items set n = 50');
    await db.sql('create publication walhook for table items with (publish_via_partition_root)');
  }],
  ['table taken out of the publication', 'publication_changed', (db) => db.sql('alter publication walhook drop table items')],
  ['table taken out of the publication and put back', 'publication_changed', async (db) => {
    await db.sql('alter publication walhook drop table items');
    await db.sql('update items set n = 50');
    await db.sql('alter publication walhook add table items');
  }],
  ['table dropped and made again', 'publication_changed', (db) => db.sql(ANEW)],
  ['table replaced by one that takes its name', 'publication_changed', (db) => db.sql(SWAPPED)],
  ['the server put back to a snapshot', 'wal_rewound', (db) => db.sql(`update walhook.checkpoint set lsn = pg_current_wal_lsn() + 100000000`)],
  ['operations taken out of the publication', 'publication_changed', async (db) => {
    await db.sql(`alter publication walhook set (publish = 'insert')`);
    await db.sql('update items set n = 50');
  }],
  ['row filter', 'publication_changed', async (db) => {
    await db.sql('alter publication walhook set table items where (id < 5)');
    await db.sql('insert into items values (9)');
  }],
])('while the daemon is down: %s: refused with the gap, until it is accepted', { timeout: 60_000 }, async ([, code, lose]) => {
  const all = await ground();
  await all.daemon.stop();
  await lose(all.db);
  await expect(all.daemon.start()).rejects.toMatchObject({ code, message: expect.stringMatching(code === 'other_system' ? /changes between/ : code === 'wal_rewound' ? /were sent, and are not in this database/ : GAP) });
  await resynced(all, code);
});

test.for<[what: string, code: string, lose: (db: TestDatabase) => Promise<unknown>]>([
  ['slot dropped', 'slot_lost', (db) => dropInUse(db)],
  ['slot dropped and made again', 'slot_moved', (db) => dropInUse(db, `select pg_create_logical_replication_slot('${db.name}', 'pgoutput')`)],
  ['publication dropped', 'publication_lost', async (db) => {
    await db.sql('drop publication walhook');
    await db.sql('update items set n = 50');
  }],
  ['publication dropped and made again', 'publication_lost', async (db) => {
    await db.sql('drop publication walhook');
    await db.sql('update items set n = 50');
    await db.sql('create publication walhook for table items with (publish_via_partition_root)');
  }],
  ['table dropped and made again', 'publication_changed', async (db) => {
    await db.sql(ANEW);
    await db.sql('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [db.name]);
  }],
  ['table replaced by one that takes its name', 'publication_changed', async (db) => {
    await db.sql(SWAPPED);
    await db.sql('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [db.name]);
  }],
  ['table taken out of the publication', 'publication_changed', async (db) => {
    await db.sql('alter publication walhook drop table items');
    await db.sql('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [db.name]);
  }],
])('while the daemon streams: %s: it stops with the gap, until it is accepted', { timeout: 60_000 }, async ([, code, lose]) => {
  const all = await ground();
  await lose(all.db);
  await expect(all.daemon.running.done).rejects.toMatchObject({ code, message: expect.stringMatching(GAP) });
  await resynced(all, code);
});

/** As soon as its walsender is gone, and before the daemon has it again. */
async function dropInUse(db: TestDatabase, andThen = 'select 1'): Promise<void> {
  for (;;) {
    await db.sql('select pg_terminate_backend(active_pid, 10000) from pg_replication_slots where slot_name = $1 and active_pid is not null', [db.name]);
    try {
      await db.sql('select pg_drop_replication_slot($1)', [db.name]);
      break;
    } catch (error) {
      expect(error).toMatchObject({ code: '55006' });
    }
  }
  await db.sql(andThen);
}

test('a slot that Postgres gave up (max_slot_wal_keep_size): refused with the gap, until it is accepted', { timeout: 90_000 }, async () => {
  const server = await startEmbeddedPostgres({ settings: { max_slot_wal_keep_size: '16MB', min_wal_size: '32MB', max_wal_size: '32MB' } });
  onTestFinished(() => server.stop());
  const db = await createDatabase(server.url);
  onTestFinished(() => db.drop());
  const all = await ground(db);
  await all.daemon.stop();
  await expect
    .poll(
      async () => {
        await db.sql(`select pg_logical_emit_message(false, '', repeat('x', 8000000)) from generate_series(1, 3)`);
        await db.sql('select pg_switch_wal()');
        await db.sql('checkpoint');
        return (await db.sql('select wal_status from pg_replication_slots'))[0]?.['wal_status'];
      },
      { timeout: 30_000 },
    )
    .toBe('lost');
  await expect(all.daemon.start()).rejects.toMatchObject({ code: 'slot_invalidated', message: expect.stringMatching(GAP) });
  await resynced(all, 'slot_invalidated');
});

test('a publication that is altered under a stream that goes on is noticed, with the gap', { timeout: 60_000 }, async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, yaml: YAML, receivers: { RECEIVER: receiver } });
  await db.sql('update items set n = 1');
  await receiver.deliveries(1);
  await db.sql('alter publication walhook drop table items');
  // It looks every ten seconds.
  await expect(daemon.running.done).rejects.toMatchObject({ code: 'publication_changed', message: expect.stringMatching(GAP) });
});

test('resync leaves a slot alone that a daemon reads', async () => {
  const { options } = await ground();
  expect(await walhook(['resync', '--accept-gap'], { yaml: options.yaml, env: daemonEnvironment(options) })).toMatchObject({ code: 69, stderr: expect.stringContaining('is being read') });
});

test('the command tells the gap and exits with 3, and goes on only when it is accepted', { timeout: 60_000 }, async () => {
  const all = await ground();
  await all.daemon.stop();
  await drop(all.db);
  await resynced(all, 'slot_lost', acceptGapByCommand);
});

test('nothing is lost: resync says so, and changes nothing', async () => {
  const { options, daemon, db } = await ground();
  await daemon.stop();
  const before = await db.sql('select * from walhook.checkpoint');
  expect(await walhook(['resync', '--accept-gap'], { yaml: options.yaml, env: daemonEnvironment(options) })).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is lost') });
  expect(await db.sql('select * from walhook.checkpoint')).toEqual(before);
});
