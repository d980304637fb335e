import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { continuity } from '../../src/source/continuity.ts';
import { connect, target } from '../../src/source/connect.ts';
import { resync } from '../../src/source/resync.ts';
import { openDurableState } from '../../src/state.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import { createDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';
import { RestartablePostgres } from '../support/restartable-postgres.ts';
import { startStandby } from '../support/standby-postgres.ts';

const YAML = `${HEAD.replace('slot: "${SLOT}"', 'slot: "${SLOT}", failover: true')}
endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: items, to: crm }]
`;

function delivered(receiver: Receiver): { readonly id: string; readonly row: number }[] {
  return receiver.requests
    .filter(({ status }) => status === 204)
    .map(({ id, body }) => ({ id, row: (JSON.parse(body.toString()) as { data: { id: number } }).data.id }));
}

// On a real standby: the slot is kept in step, the primary is killed, the standby promoted.
test('after a failover the stream goes on: nothing lost, and ids of before as they were', { timeout: 120_000 }, async () => {
  const primary = await RestartablePostgres.start({ wal_level: 'logical', autovacuum: 'off', shared_buffers: '32MB' });
  onTestFinished(() => primary.stop());
  const db = await createDatabase(primary.url);
  const [version] = await db.sql<{ version: number }>(`select current_setting('server_version_num')::int as version`);
  if ((version?.version ?? 0) < 170_000) return;
  await db.sql('create table items (id int primary key)');
  const receiver = await testReceiver();
  const standby = await startStandby(db.url, 'standby', { sync_replication_slots: 'on', hot_standby_feedback: 'on' });
  onTestFinished(() => standby.stop());
  await db.sql(`alter system set synchronized_standby_slots = 'standby'`);
  await db.sql('select pg_reload_conf()');

  const options: TestDaemonOptions = { db, yaml: YAML, receivers: { RECEIVER: receiver } };
  const daemon = await startDaemon(options);
  expect(await db.sql('select failover from pg_replication_slots where slot_name = $1', [db.name])).toEqual([{ failover: true }]);
  for (let id = 1; id <= 20; id++) await db.sql('insert into items values ($1)', [id]);
  await receiver.deliveries(20);
  const synced = `select count(*)::int as slots from pg_replication_slots where slot_name = '${db.name}' and synced and not temporary`;
  await expect
    .poll(
      async () => {
        // A standby takes the slot over once it has WAL of transactions that began after it.
        await db.sql('select pg_log_standby_snapshot()');
        return (await standby.sql(synced))[0];
      },
      { timeout: 60_000, interval: 500 },
    )
    .toEqual({ slots: 1 });

  // Committed and replicated, but neither delivered nor parked when the primary dies.
  receiver.answer = () => 'never';
  for (let id = 21; id <= 25; id++) await db.sql('insert into items values ($1)', [id]);
  const [end] = await db.sql<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  await expect.poll(async () => (await standby.sql(`select pg_last_wal_replay_lsn() >= '${end?.lsn}' as there`))[0], { timeout: 30_000 }).toEqual({ there: true });
  await primary.halt('immediate');
  await daemon.stop().catch(() => undefined); // it cannot store its checkpoint any more
  await standby.sql('select pg_promote()');

  receiver.answer = () => 204;
  const moved: TestDaemonOptions = { ...options, env: { DATABASE_URL: standby.url } };
  const after = await startDaemon(moved);
  await standby.sql('insert into items values (26), (27)');
  await expect.poll(() => new Set(delivered(receiver).map(({ row }) => row)).size, { timeout: 30_000 }).toBe(27);
  const ids = new Map<number, Set<string>>();
  for (const { id, row } of delivered(receiver)) ids.set(row, (ids.get(row) ?? new Set()).add(id));
  for (const [row, each] of ids) {
    expect(each.size, `row ${row} always has the same id`).toBe(1);
    expect([...each][0]).toMatch(row > 25 ? /^[0-9a-f]{16}-t2-/ : /^[0-9a-f]{16}-\d+-/);
  }
  await after.stop();

  // What if the primary had confirmed more than the standby got: the checkpoint is on the old timeline, behind its end.
  await standby.sql(`update walhook.checkpoint set timeline = 1, lsn = lsn + 1000000`);
  await expect(after.start()).rejects.toMatchObject({ code: 'other_timeline', message: expect.stringMatching(/changes between \S+ and \S+ were sent, and are not in this database/) });
  const config = loadConfig({ text: YAML, file: 'walhook.yaml', env: daemonEnvironment(moved), readFile: () => '' });
  const { client } = await connect(target(standby.url));
  onTestFinished(() => client.end());
  const state = await openDurableState(config);
  const found = await continuity(config, client, () => state.load());
  if (found.loss === null) throw new Error('nothing is lost');
  await resync({ config, client, state, found: { ...found, loss: found.loss }, onStep: () => undefined });
  await state.close();
  await after.start();
  await standby.sql('insert into items values (28)');
  await expect.poll(() => delivered(receiver).at(-1)?.row, { timeout: 30_000 }).toBe(28);
});
