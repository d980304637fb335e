import { expect, onTestFinished, test } from 'vitest';
import { endpoint, HEAD, SECRET, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const SCHEMA = `
create table members (id bigint primary key, name text, score int not null default 0, email text, email_visible boolean not null default true);
alter table members replica identity full`;

/** A hook that sends once a year, on 1 January: its time comes when a test says so. */
function yamlOf(options: string, more = ''): string {
  return `${HEAD}
tables: { members: { visibility: { email: email_visible } } }
endpoints: { crm: ${endpoint()} }
hooks:
  - { name: daily, table: members, to: crm, schedule: "0 0 1 1 *", body: { id: "\${{ row.id }}", name: "\${{ row.name }}", email: "\${{ row.email }}" }, ${options} }
${more}`;
}

interface Member {
  readonly id: number;
  readonly name: string | null;
  readonly email: string | null;
}

async function until(db: TestDatabase, condition: string): Promise<void> {
  await expect.poll(() => db.sql(`select ${condition} as holds`), { timeout: 15_000 }).toEqual([{ holds: true }]);
}

/** The time of all that is held has come, some seconds ago. Daemons look when they start. */
async function dueNow(db: TestDatabase): Promise<void> {
  await db.sql(`update walhook.held set due_at = date_trunc('second', clock_timestamp()) - interval '5 s' where due_at is not null`);
}

function members(receiver: Receiver): Member[] {
  return receiver.bodies<Member>();
}

test('a row that matches is held, once however often it does, and is sent when its time comes, as it is then', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(`when: "row.score > 10"`, '  - { name: plain, table: members, to: crm, events: [insert], path: /plain }') });
  await db.sql(`insert into members (id, name, score, email) values (1, 'Ann', 20, 'ann@x'), (2, 'Bob', 20, 'bob@x'), (3, 'Cy', 20, null), (4, 'Di', 20, null), (5, 'Eve', 5, null), (6, 'Flo', 20, 'flo@x')`);
  await db.sql(`update members set name = 'Anna' where id = 1`);
  await db.sql(`delete from members where id = 3`);
  await db.sql(`update members set score = 0 where id = 4`);
  await db.sql(`update members set email_visible = false where id = 6`);
  // Those of a hook without a schedule are not held up.
  await receiver.deliveries(6);
  await until(db, `(select count(*) from walhook.held) = 5`);
  const [held] = await db.sql(`select key, due_at::text as due_at, extract(year from now())::int + 1 as year from walhook.held where key = '{"id": "1"}'`);
  expect(held).toMatchObject({ due_at: expect.stringMatching(new RegExp(`^${String(held?.['year'])}-01-01 00:00:00`)) });
  // A moment after the database has them, the daemon knows.
  await expect.poll(() => daemon.status.in_flight.deliveries).toBe(0);
  await daemon.stop();
  await dueNow(db);
  // What it was when it matched is behind.
  await db.sql(`update members set name = 'Annabel' where id = 1`);
  await daemon.start();
  await receiver.deliveries(9);
  const sent = receiver.requests.flatMap(({ url, body }) => (url === '/plain' ? [] : [JSON.parse(body.toString()) as Member]));
  expect(sent.toSorted((a, b) => a.id - b.id)).toEqual([
    { id: 1, name: 'Annabel', email: 'ann@x' },
    { id: 2, name: 'Bob', email: 'bob@x' },
    { id: 6, name: 'Flo', email: '<<REDACTED>>' },
  ]);
  // The last update was read before its row was sent, and is in it, or is for the next time.
  await until(db, `(select count(*) from walhook.held where due_at < now()) = 0 and (select count(*) from walhook.parked) = 0`);
});

test('the time comes while it runs, and what comes after it is for the next', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('cooldown: 1s') });
  await db.sql(`insert into members values (1, 'Ann')`);
  await until(db, `(select count(*) from walhook.held) = 1`);
  await daemon.stop();
  await db.sql(`update walhook.held set due_at = clock_timestamp() + interval '2 s'`);
  await daemon.start();
  expect(receiver.requests).toHaveLength(0);
  await receiver.deliveries(1);
  await db.sql(`update members set name = 'Anna'`);
  await until(db, `(select count(*) from walhook.held where due_at > now()) = 1`);
  expect(members(receiver)).toEqual([{ id: 1, name: 'Ann', email: null }]);
});

test('what is looked up is looked up when it is sent, and an expression that fails makes a dead letter', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`enrich: { best: "select max(score) as score from members" }`, `  - { name: broken, table: members, to: crm, schedule: "0 0 1 1 *", body: { n: "\${{ int(row.name) }}" } }`).replace('name: "${{ row.name }}"', 'name: "best: ${{ best.score }}"'),
  });
  await db.sql(`insert into members values (1, 'Ann', 7)`);
  await until(db, `(select count(*) from walhook.held) = 2`);
  await daemon.stop();
  await dueNow(db);
  await db.sql(`update members set score = 8`);
  await daemon.start();
  await receiver.deliveries(1);
  expect(members(receiver)).toEqual([{ id: 1, name: 'best: 8', email: null }]);
  await until(db, `(select count(*) from walhook.dead where hook = 'broken' and failure = 'expression' and message like 'body.n:%') = 1`);
});

test('kill -9 in the middle of a run: nothing is lost, and no row gets a second id', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const config = {
    source: { url: db.url, slot: db.name },
    endpoints: { crm: { url: `${receiver.url}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, concurrency: 4 } },
    hooks: [{ name: 'daily', table: 'members', to: 'crm', schedule: '0 0 1 1 *', body: { id: '${{ row.id }}' } }],
  };
  const start = (): DaemonProcess => {
    const daemon = new DaemonProcess({ config });
    onTestFinished(async () => void (await daemon.kill()));
    return daemon;
  };
  let daemon = start();
  await daemon.streaming();
  await db.sql(`insert into members select i, 'name' from generate_series(1, 2500) i`);
  await until(db, `(select count(*) from walhook.held) = 2500`);
  await daemon.kill();
  await dueNow(db);
  // A page takes a while, so that the run has a middle.
  await db.sql(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;
    create trigger slow after insert on walhook.parked for each statement execute function slow()`);
  daemon = start();
  for (const sent of [500, 1500]) {
    await until(db, `(select count(*) from walhook.held where due_at is null) >= ${sent}`);
    await daemon.kill();
    daemon = start();
  }
  await receiver.deliveries(2500);
  await until(db, `(select count(*) from walhook.held where due_at is not null) = 0 and (select count(*) from walhook.parked) = 0`);
  expect(receiver.byId.size).toBe(2500);
  expect(new Set(members(receiver).map(({ id }) => id)).size).toBe(2500);
});

const MEMBERS = `when: "row.score > 10", entering: true, backfill: initial`;

test('members that meet criteria: at first every row that matches, afterwards only rows that newly match', async () => {
  const db = await testDatabase(`${SCHEMA}; insert into members select i, 'old', case when i % 2 = 0 then 20 else 0 end from generate_series(1, 1400) i`);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(MEMBERS) });
  await until(db, `(select count(*) from walhook.backfill where done_at is null and due_at > now()) = 1`);
  // It matches before the first time comes: once.
  await db.sql(`update members set score = 30, name = 'new' where id in (1, 2)`);
  await until(db, `(select count(*) from walhook.held) = 1`);
  await daemon.stop();
  await db.sql(`update walhook.backfill set due_at = date_trunc('second', clock_timestamp()) - interval '5 s'`);
  await dueNow(db);
  await daemon.start();
  await receiver.deliveries(701);
  await until(db, `(select done_at is not null from walhook.backfill)`);
  expect(new Set(members(receiver).map(({ id }) => id)).size).toBe(701);
  // Those that match still do not enter again; a new one does, and so does one that left and came back.
  await db.sql(`update members set name = 'again' where id = 4`);
  await db.sql(`update members set score = 0 where id = 6`);
  await db.sql(`update members set score = 50 where id in (3, 6)`);
  await until(db, `(select count(*) from walhook.held where due_at is not null) = 2`);
  await daemon.stop();
  await dueNow(db);
  await daemon.start();
  await receiver.deliveries(703);
  expect(members(receiver).slice(-2).map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([3, 6]);
  await daemon.restart();
  await until(db, `(select count(*) from walhook.parked) = 0 and (select count(*) from walhook.held where due_at is not null) = 0`);
  expect(receiver.byId.size).toBe(703);
});

test('kill -9 in the middle of the first run: every row that matches once, with one id', async () => {
  const db = await testDatabase(`${SCHEMA}; insert into members select i, 'old', 20 from generate_series(1, 3000) i`);
  const receiver = await testReceiver();
  const config = {
    source: { url: db.url, slot: db.name },
    tables: { members: { replica_identity: 'full' } },
    endpoints: { crm: { url: `${receiver.url}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] } } },
    hooks: [{ name: 'daily', table: 'members', to: 'crm', when: 'row.score > 10', entering: true, backfill: 'initial', schedule: '0 0 1 1 *', body: { id: '${{ row.id }}' } }],
  };
  const start = (): DaemonProcess => {
    const daemon = new DaemonProcess({ config });
    onTestFinished(async () => void (await daemon.kill()));
    return daemon;
  };
  let daemon = start();
  await daemon.streaming();
  await until(db, `(select count(*) from walhook.backfill) = 1`);
  await daemon.kill();
  await db.sql(`update walhook.backfill set due_at = date_trunc('second', clock_timestamp()) - interval '5 s';
    create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;
    create trigger slow after update on walhook.backfill for each statement execute function slow()`);
  daemon = start();
  await until(db, `(select count(*) from walhook.held) >= 1000`);
  await daemon.kill();
  expect(await db.sql(`select done_at is null as open, (after ->> 'id')::int < 3000 as within from walhook.backfill`)).toEqual([{ open: true, within: true }]);
  daemon = start();
  await receiver.deliveries(3000);
  await until(db, `(select done_at is not null from walhook.backfill) and (select count(*) from walhook.parked) = 0`);
  expect(receiver.byId.size).toBe(3000);
  expect(new Set(members(receiver).map(({ id }) => id)).size).toBe(3000);
});
