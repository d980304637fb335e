import { expect, onTestFinished, test } from 'vitest';
import { endpoint, HEAD, SECRET, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const SCHEMA = `
create table organizations (id bigint primary key, name text not null, domain text, parent_id bigint, revenue numeric);
create table contacts (id bigint primary key, name text, organization_id bigint, email text, email_visible boolean not null default true);
create table tags (contact_id bigint, name text);
alter table contacts replica identity full;
insert into organizations values (1, 'Acme', 'acme.example', 2, 9007199254740993), (2, 'Holding', null, null, 12.5);
insert into tags values (1, 'new'), (1, 'big "deal"'), (2, 'old');
`;

/** A hook on contacts, `options` in YAML beside the usual ones. */
function yamlOf(options: string, endpointOptions: Parameters<typeof endpoint>[0] = {}): string {
  return `${HEAD}
tables: { contacts: { visibility: { email: email_visible } } }
endpoints: { crm: ${endpoint(endpointOptions)} }
hooks:
  - name: contacts
    table: contacts
    to: crm
${options.replaceAll(/^/gm, '    ')}
`;
}

test('one row, null, many rows, and a lookup that uses another: all in one body', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`
enrich:
  org: "select name, domain, revenue, parent_id from organizations where id = \${{ row.organization_id }}"
  tags: { sql: "select name from tags where contact_id = \${{ row.id }} order by name desc -- those of the contact", many: true }
  parent: select name from organizations where id = \${{ org.parent_id }}
body:
  name: \${{ row.name }}
  org: \${{ org }}
  revenue: \${{ org.revenue }}
  domain: "at \${{ org.domain }}"
  tags: \${{ tags.map(t, t.name) }}
  parent: \${{ parent.name }}
headers: { X-Org: "\${{ org.name }}" }
path: /contacts/\${{ row.id }}`),
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1), (2, 'Bob', 7), (3, 'Cy', null)`);
  await receiver.deliveries(3);
  const of = (name: string) => receiver.requests.find(({ body }) => body.toString().includes(`"${name}"`));
  expect(of('Ann')?.body.toString()).toBe(
    '{"name":"Ann","org":{"name":"Acme","domain":"acme.example","revenue":9007199254740993,"parent_id":2},"revenue":9007199254740993,"domain":"at acme.example","tags":["new","big \\"deal\\""],"parent":"Holding"}',
  );
  expect(of('Ann')).toMatchObject({ url: '/contacts/1', headers: { 'x-org': 'Acme' } });
  expect(of('Bob')?.body.toString()).toBe('{"name":"Bob","org":null,"revenue":null,"domain":"at ","tags":["old"],"parent":null}');
  expect(of('Bob')?.headers).not.toHaveProperty('x-org');
  expect(of('Cy')?.body.toString()).toBe('{"name":"Cy","org":null,"revenue":null,"domain":"at ","tags":[],"parent":null}');
});

function bodiesOf(receiver: Receiver): string[] {
  return receiver.requests.map(({ body }) => body.toString());
}

interface StoredRow {
  readonly content_type: string;
  readonly body: string;
  readonly failure: string | null;
  readonly message: string | null;
  readonly attempts: number;
}

/** What is parked, or dead, in the order of the stream. */
async function stored(db: TestDatabase, table: 'parked' | 'dead' = 'parked'): Promise<StoredRow[]> {
  const rows = await db.sql(`select content_type, convert_from(body, 'UTF8') as body, failure, message, attempts from walhook.${table} order by commit_lsn, ordinal`);
  return rows as unknown as StoredRow[];
}

/** Asks until it holds: what is stored tells of itself to nobody. */
async function until(db: TestDatabase, condition: string): Promise<void> {
  await db.sql(`do $$ begin
    for i in 1..1500 loop
      if (select ${condition}) then return; end if;
      perform pg_sleep(0.01);
      commit;
    end loop;
    raise 'it does not come to be: ${condition.replaceAll("'", "''")}';
  end $$`);
}

const DRAFT = 'application/vnd.walhook.draft+json';
const ORG = `
enrich: { org: "select name from organizations where id = \${{ row.organization_id }}" }
body: { name: "\${{ row.name }}", org: "\${{ org.name }}" }`;

test('a hidden value is no parameter, and nothing that is stored or sent has it', async () => {
  const db = await testDatabase(`${SCHEMA} insert into organizations values (3, 'ann@example.com', null, null, null)`);
  const receiver = await testReceiver();
  receiver.answer = () => 503;
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`
enrich:
  one: select name from organizations where name = \${{ row.email }}
  two: select name from organizations where name = \${{ lower(row.email) }}
  before: select name from organizations where name = \${{ old.email }}
  given: select \${{ row.email }}::text is null as missing
body: { one: "\${{ one }}", two: "\${{ two }}", before: "\${{ before }}", given: "\${{ given.missing }}", email: "\${{ row.email }}" }`),
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1, 'ann@example.com', true)`);
  await receiver.received(1);
  const visible = '{"name":"ann@example.com"}';
  expect(bodiesOf(receiver)[0]).toBe(`{"one":${visible},"two":${visible},"before":null,"given":false,"email":"ann@example.com"}`);
  receiver.answer = () => 204;
  await receiver.deliveries(1);
  receiver.answer = () => 503;
  await db.sql(`update contacts set email_visible = false`);
  await db.sql(`update contacts set name = 'Anna'`);
  await receiver.until(({ byId }) => byId.size === 2, 'an attempt of the next event');
  await until(db, `count(*) = 2 from walhook.parked`);
  await daemon.stop();
  expect(JSON.stringify(await stored(db))).not.toContain('ann@');
  receiver.answer = () => 204;
  await daemon.start();
  await receiver.deliveries(3);
  expect(bodiesOf(receiver).slice(-2)).toEqual(Array.from({ length: 2 }, () => '{"one":null,"two":null,"before":null,"given":true,"email":"<<REDACTED>>"}'));
});

test('a lookup that fails parks its delivery with the reason, holds its lane and no other, and the endpoint is not to blame', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: `${yamlOf(ORG, { breaker: '{ failures: 1 }' })}
  - { name: plain, table: contacts, to: crm, path: /plain, order_by: [email] }
`,
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  await receiver.deliveries(2);
  await db.sql(`alter table organizations rename to gone`);
  await db.sql(`insert into contacts values (2, 'Bob', 1), (3, 'Cy', 2)`);
  await until(db, `count(*) = 2 from walhook.parked where attempts > 1`);
  // Those of the other hook are delivered meanwhile.
  await receiver.deliveries(4);
  expect(await stored(db)).toMatchObject(
    Array.from({ length: 2 }, () => ({ content_type: DRAFT, failure: 'enrich', message: 'enrich.org: relation "organizations" does not exist (SQLSTATE 42P01)' })),
  );
  expect(daemon.status.endpoints[0]).toMatchObject({ breaker: 'closed', failing_for: null, condition: 'active' });
  await db.sql(`alter table gone rename to organizations`);
  await receiver.deliveries(6);
  expect(bodiesOf(receiver).slice(-2).toSorted()).toEqual(['{"name":"Bob","org":"Acme"}', '{"name":"Cy","org":"Holding"}']);
  await until(db, 'count(*) = 0 from walhook.parked');
});

test('a lookup that takes too long is cancelled, and is tried again; the others of its batch are not held up', async () => {
  const db = await testDatabase(`${SCHEMA} create table slow (id bigint); insert into slow values (1)`);
  const receiver = await testReceiver();
  await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`
enrich: { org: { sql: "select name, pg_sleep(case when exists (select from slow where slow.id = organizations.id) then 30 else 0 end)::text from organizations where id = \${{ row.organization_id }}", timeout: 300ms } }
body: { name: "\${{ row.name }}", org: "\${{ org.name }}" }`),
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1), (2, 'Bob', 2), (3, 'Cy', 2)`);
  await receiver.deliveries(2);
  await until(db, `count(*) = 1 from walhook.parked where attempts > 0`);
  expect(await stored(db)).toMatchObject([{ content_type: DRAFT, failure: 'enrich', message: 'enrich.org: took longer than 300 ms' }]);
  await db.sql('delete from slow');
  await receiver.deliveries(3);
  expect(bodiesOf(receiver).toSorted()).toEqual(['{"name":"Ann","org":"Acme"}', '{"name":"Bob","org":"Holding"}', '{"name":"Cy","org":"Holding"}']);
});

test('what was found once is sent at every attempt: a row that changes between them changes nothing', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  receiver.answer = () => 500;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(ORG) });
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  await receiver.received(1);
  await db.sql(`update organizations set name = 'Changed'`);
  await receiver.received(3);
  await daemon.stop();
  expect(await stored(db)).toMatchObject([{ content_type: 'application/json', body: '{"name":"Ann","org":"Acme"}' }]);
  receiver.answer = () => 204;
  await daemon.start();
  await receiver.deliveries(1);
  expect(new Set(bodiesOf(receiver))).toEqual(new Set(['{"name":"Ann","org":"Acme"}']));
  expect(receiver.byId.size).toBe(1);
});

test.each(['live', 'parked'])('a request that is out when walhook stops is sent again as it was (%s)', async (from) => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  let isHeld = true;
  receiver.answer = () => (isHeld ? new Promise<never>(() => undefined) : 204);
  const yaml = yamlOf(ORG, { timeout: '60s' }).replace(HEAD, `${HEAD}\nlimits: { shutdown: 2s }\n`);
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  if (from === 'parked') await daemon.running.acting?.engine.pause('crm', 'a test');
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  if (from === 'parked') {
    await until(db, 'count(*) = 1 from walhook.parked');
    await daemon.running.acting?.engine.resume('crm');
  }
  await receiver.received(1);
  await daemon.stop();
  expect(await stored(db)).toMatchObject([{ content_type: 'application/json', body: '{"name":"Ann","org":"Acme"}', attempts: 0 }]);
  await db.sql(`update organizations set name = 'Changed'`);
  isHeld = false;
  await daemon.start();
  await receiver.deliveries(1);
  expect(bodiesOf(receiver)).toEqual(Array.from({ length: 2 }, () => '{"name":"Ann","org":"Acme"}'));
  expect(receiver.byId.size).toBe(1);
  await until(db, 'count(*) = 0 from walhook.parked');
});

test('a draft that is read back from the store is looked up then, and from its first attempt on it is what was sent', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(ORG) });
  await daemon.running.acting?.engine.pause('crm', 'a test');
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  await until(db, 'count(*) = 1 from walhook.parked');
  expect(await stored(db)).toMatchObject([{ content_type: DRAFT, attempts: 0 }]);
  await db.sql(`update organizations set name = 'First'`);
  receiver.answer = () => 500;
  await daemon.running.acting?.engine.resume('crm');
  await until(db, `count(*) = 1 from walhook.parked where content_type = 'application/json' and attempts > 0`);
  await db.sql(`update organizations set name = 'Second'`);
  receiver.answer = () => 204;
  await receiver.deliveries(1);
  expect(new Set(bodiesOf(receiver))).toEqual(new Set(['{"name":"Ann","org":"First"}']));
  await until(db, 'count(*) = 0 from walhook.parked');
});

test('an expression that fails on what was found makes a dead letter with the reason, which can be replayed once that is put right', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`
enrich: { org: "select name, domain from organizations where id = \${{ row.organization_id }}" }
body: { name: "\${{ row.name }}", days: "\${{ int(org.domain) + 1 }}" }`),
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  await until(db, 'count(*) = 1 from walhook.dead');
  const [dead] = await stored(db, 'dead');
  expect(dead).toMatchObject({ content_type: DRAFT, failure: 'expression', attempts: 1 });
  expect(dead?.message).toMatch(/^body\.days: .*, in \$\{\{ int\(org\.domain\) \+ 1 \}\}$/);
  expect(dead?.message).not.toContain('acme');
  expect(receiver.requests).toHaveLength(0);
  await db.sql(`update organizations set domain = '41'`);
  const acting = daemon.running.acting;
  await acting?.stored.replay({ fate: 'dead' });
  await acting?.engine.refresh('crm');
  await receiver.deliveries(1);
  expect(bodiesOf(receiver)).toEqual(['{"name":"Ann","days":42}']);
});

test('answers are kept until the stream tells of a change of what they were read from', async () => {
  const db = await testDatabase(`${SCHEMA} create table suffixes (suffix text);
    create view companies as select id, name || coalesce((select suffix from suffixes), '') as name from organizations`);
  const receiver = await testReceiver();
  await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(ORG.replace('"select name from organizations', '{ cache: 1h, sql: "select name from companies').replace('" }', '" } }')).replace('tables: {', 'tables: { organizations: {},'),
  });
  const insert = async (id: number): Promise<string | undefined> => {
    await db.sql(`insert into contacts values (${id}, '${id}', 1)`);
    await receiver.deliveries(id);
    return bodiesOf(receiver).at(-1);
  };
  expect(await insert(1)).toBe('{"name":"1","org":"Acme"}');
  // Of this table the stream tells nothing.
  await db.sql(`insert into suffixes values (' Ltd')`);
  expect(await insert(2)).toBe('{"name":"2","org":"Acme"}');
  await db.sql(`update organizations set name = 'Seen' where id = 1`);
  expect(await insert(3)).toBe('{"name":"3","org":"Seen Ltd"}');
  await db.sql('truncate organizations');
  expect(await insert(4)).toBe('{"name":"4","org":null}');
});

test('deliveries of a hook that is gone wait, with the reason, until it is back', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const yaml = yamlOf(ORG);
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  await daemon.running.acting?.engine.pause('crm', 'a test');
  await db.sql(`insert into contacts values (1, 'Ann', 1)`);
  await until(db, 'count(*) = 1 from walhook.parked');
  await daemon.restart(yaml.replace('name: contacts', 'name: others'));
  await daemon.running.acting?.engine.resume('crm');
  await until(db, `count(*) = 1 from walhook.parked where attempts > 0`);
  expect(await stored(db)).toMatchObject([{ content_type: DRAFT, failure: 'enrich', message: expect.stringContaining('no hook contacts is in the configuration') }]);
  await daemon.restart(yaml);
  await receiver.deliveries(1);
  expect(bodiesOf(receiver)).toEqual(['{"name":"Ann","org":"Acme"}']);
});

test('kill -9 while drafts are parked, and lookups are under way: each is delivered, in the order of its lane', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const config = {
    source: { url: db.url, slot: db.name },
    tables: { contacts: {} },
    endpoints: { crm: { url: `${receiver.url}/hooks`, signing: { secrets: [SECRET] }, network: { allow: ['127.0.0.0/8'] }, retry: { initial: '20ms', factor: 1, jitter: 0, attempts: 1000 } } },
    hooks: [
      {
        name: 'contacts',
        table: 'contacts',
        to: 'crm',
        enrich: { org: 'select name from organizations where id = ${{ row.organization_id }} and pg_sleep(0.02) is not null' },
        body: { id: '${{ row.id }}', name: '${{ row.name }}', org: '${{ org.name }}' },
      },
    ],
  };
  const start = (): DaemonProcess => {
    const daemon = new DaemonProcess({ config });
    onTestFinished(async () => void (await daemon.kill()));
    return daemon;
  };
  let daemon = start();
  await daemon.streaming();
  await db.sql(`alter table organizations rename to gone`);
  await db.sql(`insert into contacts select i, 'first', 1 from generate_series(1, 40) i`);
  await db.sql(`update contacts set name = 'second'`);
  await until(db, `count(*) > 20 from walhook.parked where content_type = '${DRAFT}'`);
  await db.sql(`alter table gone rename to organizations`);
  for (let round = 1; round <= 3; round++) {
    await receiver.deliveries(15 * round);
    await daemon.kill();
    daemon = start();
  }
  await receiver.deliveries(80);
  const firsts = new Map<string, string[]>();
  for (const { id, name, org } of receiver.bodies<{ id: number; name: string; org: string }>()) {
    expect(org).toBe('Acme');
    firsts.set(`${id}`, [...new Set([...(firsts.get(`${id}`) ?? []), name])]);
  }
  expect(firsts.size).toBe(40);
  for (const names of firsts.values()) expect(names).toEqual(['first', 'second']);
});
