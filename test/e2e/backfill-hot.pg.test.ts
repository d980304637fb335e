import { expect, onTestFinished, test } from 'vitest';
import { DaemonProcess } from '../support/daemon-process.ts';
import { endpoint, HEAD, SECRET, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';
import { RestartablePostgres } from '../support/restartable-postgres.ts';

const SCHEMA = `
create sequence versions;
create table rows (id int primary key, version bigint not null default nextval('versions'), filler text);
insert into rows (id, filler) select i, repeat('x', i % 50) from generate_series(1, 1500) i`;

interface Body {
  readonly data: { readonly id: number; readonly version?: number };
  readonly meta: { readonly operation: string; readonly backfill: boolean };
}

/** Changes rows until it is stopped: updates, deletes, inserts, some of them in large transactions, some rolled back. */
class Writer {
  readonly #db: TestDatabase;
  readonly #running: Promise<void>[];
  #stopped = false;
  writes = 0;

  constructor(db: TestDatabase, count: number) {
    this.#db = db;
    this.#running = Array.from({ length: count }, () => this.#write());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #write(): Promise<void> {
    const client = await this.#db.client();
    while (!this.#stopped) {
      const ids = Array.from({ length: Math.random() < 0.03 ? 60 : 3 }, () => 1 + Math.floor(Math.random() * 1500)).toSorted((a, b) => a - b);
      const kind = Math.random();
      const list = ids.join(',');
      try {
        // No faster than the receiver takes it on a slow machine: else all goes through the store, and backfills wait.
        await client.query('select pg_sleep(0.02)');
        await client.query('begin');
        if (kind < 0.6) await client.query(`update rows set version = nextval('versions') where id in (${list})`);
        else if (kind < 0.8) await client.query(`delete from rows where id in (${list})`);
        else await client.query(`insert into rows (id) select distinct i from unnest(array[${list}]) i on conflict (id) do update set version = nextval('versions')`);
        await client.query(Math.random() < 0.1 ? 'rollback' : 'commit');
        this.writes++;
      } catch {
        // Two that wait for each other.
        await client.query('rollback');
      }
    }
  }
}

/** What a receiver that knows every id once has in the end, and what was wrong on the way. */
function judge(receiver: Receiver): { readonly rows: Map<number, number>; readonly backwards: string[] } {
  const rows = new Map<number, number>();
  const latest = new Map<number, number>();
  const backwards: string[] = [];
  const known = new Set<string>();
  for (const { id, body, status } of receiver.requests) {
    if (status === null || known.has(id)) continue;
    known.add(id);
    const { data, meta } = JSON.parse(body.toString()) as Body;
    if (meta.operation === 'delete') {
      rows.delete(data.id);
      continue;
    }
    const version = data.version ?? 0;
    const before = latest.get(data.id) ?? 0;
    const isGone = before > 0 && !rows.has(data.id);
    if (version < before || (isGone && version === before)) backwards.push(`${data.id}: ${before} then ${version}, ${meta.backfill ? 'of a backfill' : meta.operation}`);
    latest.set(data.id, version);
    rows.set(data.id, version);
  }
  return { rows, backwards };
}

async function tableOf(db: TestDatabase): Promise<Map<number, number>> {
  const rows = await db.sql<{ id: number; version: string }>('select id, version from rows order by id');
  return new Map(rows.map(({ id, version }) => [id, Number(version)]));
}

function sorted(rows: Map<number, number>): Map<number, number> {
  return new Map([...rows].toSorted(([a], [b]) => a - b));
}

test('a table that is changed all the time, while backfills begin, are paused, killed and go on: the receiver ends with the table, and no row goes back', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const hook = (name: string): Record<string, unknown> => ({ name, table: 'rows', to: 'crm', meta: ['backfill'], backfill: 'initial' });
  const config = {
    source: { url: db.url, slot: db.name },
    endpoints: { crm: { url: `${receiver.url}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, concurrency: 8 } },
    hooks: [hook('all')],
  };
  const start = (): DaemonProcess => {
    const daemon = new DaemonProcess({ config });
    onTestFinished(async () => void (await daemon.kill()));
    return daemon;
  };
  let daemon = start();
  await daemon.streaming();
  const writer = new Writer(db, 2);
  onTestFinished(() => writer.stop());
  const backfilled = (): number => receiver.requests.filter(({ id }) => id.startsWith('bf_')).length;
  let seen = 0;
  for (const chunk of [100, 400, 300]) {
    await receiver.until(() => backfilled() >= seen + chunk, 'rows of the backfill');
    await daemon.kill();
    seen = backfilled();
    // One more, and one that was paused.
    await db.sql(`insert into walhook.backfills (id, hook, table_name, origin, state, condition, rate) values ('bf_more_${chunk}', 'all', 'public.rows', 'command', 'waiting', 'id % ${1 + (chunk % 7)} = 0 and true', 1000)`);
    await db.sql(`update walhook.backfills set state = 'paused' where origin = 'initial' and ended_at is null and ${chunk} = 400`);
    await db.sql(`update walhook.backfills set state = 'running' where origin = 'initial' and ended_at is null and ${chunk} <> 400`);
    daemon = start();
  }
  await expect.poll(() => db.sql('select id, state from walhook.backfills where ended_at is null'), { timeout: 60_000 }).toEqual([]);
  await writer.stop();
  await db.sql(`insert into rows values (100000, 0)`);
  await receiver.until(() => receiver.requests.some(({ body, status }) => status !== null && body.includes('"id":100000')), 'the last row', 60_000);
  await expect.poll(() => db.sql('select count(*)::int as count from walhook.parked'), { timeout: 20_000 }).toEqual([{ count: 0 }]);
  await expect.poll(() => [...sorted(judge(receiver).rows)], { timeout: 20_000 }).toEqual([...await tableOf(db)]);
  expect(judge(receiver).backwards).toEqual([]);
  expect(writer.writes).toBeGreaterThan(100);
}, 240_000);

test('a commit that the WAL has and the table does not show yet is not undone by a chunk', async () => {
  const server = await RestartablePostgres.start({ wal_level: 'logical', synchronous_commit: 'local' });
  onTestFinished(() => server.stop());
  const db = await createDatabase(server.url);
  onTestFinished(() => db.drop());
  const state = await testDatabase();
  await db.sql(SCHEMA);
  const receiver = await testReceiver();
  const yaml = `${HEAD}state: { url: "\${STATE}" }
endpoints: { crm: ${endpoint()} }
hooks:
  - { name: all, table: rows, to: crm, meta: [backfill] }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml, env: { STATE: state.url } });
  await db.sql(`alter system set synchronous_standby_names = 'nobody'`);
  await db.sql('select pg_reload_conf()');
  const client = await db.client();
  await client.query(`set synchronous_commit = on`);
  const hanging = client.query(`update rows set version = nextval('versions') where id in (3, 700)`);
  hanging.catch(() => undefined);
  // The stream has told of it, and nobody sees it.
  await receiver.deliveries(2);
  expect(await db.sql('select count(*)::int as count from rows where version > 1500')).toEqual([{ count: 0 }]);
  const { backfills } = daemon.running;
  const begun = await backfills?.begin({ hook: 'all' });
  const id = begun?.id ?? '';
  await expect.poll(async () => (await backfills?.show(id))?.reason, { timeout: 20_000 }).toMatch(/transactions have committed that the database does not show yet/);
  // So it is after a restart, which remembers nothing of what the stream told.
  await daemon.restart();
  await expect.poll(async () => (await daemon.running.backfills?.show(id))?.reason, { timeout: 20_000 }).toMatch(/transactions have committed that the database does not show yet/);
  await db.sql(`alter system reset synchronous_standby_names`);
  await db.sql('select pg_reload_conf()');
  await hanging;
  await expect.poll(async () => (await daemon.running.backfills?.show(id))?.state, { timeout: 30_000 }).toBe('done');
  await expect.poll(() => [...sorted(judge(receiver).rows)], { timeout: 20_000 }).toEqual([...await tableOf(db)]);
  expect(judge(receiver).backwards).toEqual([]);
}, 120_000);
