import { expect, onTestFinished, test } from 'vitest';
import { endpoint, HEAD, SECRET, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import type { TestDatabase } from '../support/postgres.ts';

const SCHEMA = 'create table visitors (id bigint primary key, page text, secret text); alter table visitors replica identity full';

function yamlOf(cooldown: string, more = ''): string {
  return `${HEAD}
endpoints: { crm: ${endpoint()}, other: ${endpoint({}, 'OTHER')} }
hooks:
  - { name: visits, table: visitors, to: [crm, other], cooldown: ${cooldown}, body: { id: "\${{ row.id }}", page: "\${{ row.page }}" }${more} }
`;
}

interface Visit {
  readonly id: number;
  readonly page: string;
}

/** Every visit is a transaction of its own. */
async function visit(db: TestDatabase, id: number, page: string): Promise<void> {
  await db.sql(`insert into visitors values (${id}, '${page}', 'hush') on conflict (id) do update set page = excluded.page`);
}

test('of a row one delivery goes out in the time, for each endpoint; other rows go on, a lane of several rows too', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const other = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver, OTHER: other }, yaml: yamlOf('1h', ', order_by: []') });
  for (const page of ['home', 'cart', 'checkout']) {
    await visit(db, 1, page);
    await visit(db, 2, page);
  }
  await visit(db, 3, 'home');
  await expect.poll(() => daemon.status.endpoints.map(({ delivered, skipped }) => [delivered, skipped])).toEqual([[3, 4], [3, 4]]);
  for (const one of [receiver, other]) expect(one.bodies<Visit>().map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  // The key itself is nowhere.
  const claims = await db.sql('select hook, endpoint, row_hash from walhook.claim order by endpoint');
  expect(claims).toHaveLength(6);
  expect(claims[0]).toEqual({ hook: 'visits', endpoint: 'crm', row_hash: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(daemon.log.join('\n')).not.toContain('skipped');
});

test('once it has run out, the next delivery goes', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver, OTHER: await testReceiver() }, yaml: yamlOf('1s') });
  await visit(db, 1, 'home');
  await receiver.deliveries(1);
  await visit(db, 1, 'cart');
  await expect.poll(() => daemon.status.endpoints[0]?.skipped).toBe(1);
  // The time is that of commits, and the claim says when it ends.
  await db.sql(`do $$ begin
    while clock_timestamp() < (select max(until) from walhook.claim) loop perform pg_sleep(0.01); end loop;
  end $$`);
  await visit(db, 1, 'checkout');
  await receiver.deliveries(2);
  expect(receiver.bodies<Visit>().map(({ page }) => page)).toEqual(['home', 'checkout']);
});

test('a delivery that fails keeps its claim: it is tried again, over a restart too, and those behind it are left out', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver, OTHER: await testReceiver() }, yaml: yamlOf('1h') });
  receiver.answer = () => 500;
  await visit(db, 1, 'home');
  await visit(db, 1, 'cart');
  await receiver.received(2);
  await daemon.stop();
  expect(await db.sql(`select count(*)::int as count, count(row_hash)::int as rows from walhook.parked where endpoint = 'crm'`)).toEqual([{ count: 2, rows: 2 }]);
  receiver.answer = () => 204;
  await daemon.start();
  await expect.poll(() => daemon.status.endpoints[0]).toMatchObject({ delivered: 1, skipped: 1, failing_for: null });
  expect(new Set(receiver.bodies<Visit>().map(({ page }) => page))).toEqual(new Set(['home']));
  await expect.poll(async () => db.sql('select from walhook.parked')).toHaveLength(0);
});

test('one that dies frees its row for the next event, and is sent when it is replayed, whatever was sent since', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
endpoints: { crm: ${endpoint({ retry: '{ attempts: 1 }' })} }
hooks:
  - { name: visits, table: visitors, to: crm, cooldown: 1h, body: { id: "\${{ row.id }}", page: "\${{ row.page }}" } }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  receiver.answer = () => 500;
  await visit(db, 1, 'home');
  await expect.poll(async () => db.sql('select from walhook.dead')).toHaveLength(1);
  receiver.answer = () => 204;
  await visit(db, 1, 'cart');
  await receiver.deliveries(1);
  await visit(db, 1, 'checkout');
  await expect.poll(() => daemon.status.endpoints[0]).toMatchObject({ delivered: 1, skipped: 1 });
  const acting = daemon.running.acting;
  await acting?.stored.replay({ fate: 'dead' });
  await acting?.engine.refresh('crm');
  await expect.poll(() => daemon.status.endpoints[0]).toMatchObject({ delivered: 2, skipped: 1 });
  expect(receiver.bodies<Visit>().map(({ page }) => page)).toEqual(['home', 'cart', 'home']);
  await expect.poll(async () => db.sql('select from walhook.parked union all select from walhook.dead')).toHaveLength(0);
});

test('one that waits for its retry is tried again, though a later event of its row was let through meanwhile', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
endpoints: { crm: ${endpoint({ retry: '{ initial: 3s, factor: 1, jitter: 0, attempts: 1000 }' })} }
hooks:
  - { name: visits, table: visitors, to: crm, cooldown: 1s, order_by: [], body: { id: "\${{ row.id }}", page: "\${{ row.page }}" } }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  receiver.answer = () => 500;
  await visit(db, 1, 'home');
  await expect.poll(async () => db.sql('select from walhook.parked where attempts = 1')).toHaveLength(1);
  receiver.answer = () => 204;
  await db.sql(`do $$ begin
    while clock_timestamp() < (select max(until) from walhook.claim) loop perform pg_sleep(0.01); end loop;
  end $$`);
  await visit(db, 1, 'cart');
  await receiver.deliveries(1);
  await daemon.restart();
  await receiver.deliveries(2);
  expect(receiver.bodies<Visit>().map(({ page }) => page)).toEqual(['home', 'cart', 'home']);
});

test('that a field is hidden, and that a row is gone, is told at once', async () => {
  const db = await testDatabase('create table v (id bigint primary key, name text, phone text, shown boolean); alter table v replica identity full');
  const receiver = await testReceiver();
  const yaml = `${HEAD}
tables: { v: { visibility: { phone: shown } } }
endpoints: { crm: ${endpoint()} }
hooks:
  - { name: visits, table: v, to: crm, cooldown: 1h, body: { is: "\${{ event.operation }}" } }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  await db.sql(`insert into v values (1, 'Ann', '555', true)`);
  await db.sql('update v set shown = false');
  await db.sql(`update v set name = 'Anna'`);
  await db.sql('delete from v');
  await receiver.deliveries(3);
  expect(receiver.bodies<{ is: string }>().map(({ is }) => is)).toEqual(['data_insert', 'visibility_update', 'delete']);
  expect(daemon.status.endpoints[0]?.skipped).toBe(1);
});

test('kill -9 again and again: one id for each row, whatever is attempted twice', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const config = {
    source: { url: db.url, slot: db.name },
    endpoints: { crm: { url: `${receiver.url}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, retry: { initial: '20ms', factor: 1, jitter: 0, attempts: 1000 } } },
    hooks: [{ name: 'visits', table: 'visitors', to: 'crm', cooldown: '1h', order_by: [], body: { id: '${{ row.id }}', page: '${{ row.page }}' } }],
  };
  const start = (): DaemonProcess => {
    const daemon = new DaemonProcess({ config });
    onTestFinished(async () => void (await daemon.kill()));
    return daemon;
  };
  let daemon = start();
  await daemon.streaming();
  for (let round = 1; round <= 2; round++) {
    await db.sql(`insert into visitors select i, 'first' from generate_series(${round * 100}, ${round * 100 + 39}) i`);
    for (const page of ['second', 'third']) await db.sql(`update visitors set page = '${page}' where id >= ${round * 100}`);
    await receiver.deliveries(40 * round - 20);
    await daemon.kill();
    daemon = start();
  }
  await receiver.deliveries(80);
  await daemon.streaming();
  // All that was written before this has been dealt with once it is there.
  await db.sql(`insert into visitors values (1, 'last')`);
  await receiver.deliveries(81);
  expect(receiver.byId.size).toBe(81);
  const ids = new Map<number, Set<string>>();
  for (const [i, { id }] of receiver.bodies<Visit>().entries()) {
    const webhook = String(receiver.requests[i]?.headers['webhook-id']);
    ids.set(id, (ids.get(id) ?? new Set()).add(webhook));
  }
  expect(ids.size).toBe(81);
  for (const set of ids.values()) expect(set.size).toBe(1);
});
