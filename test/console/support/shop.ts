import { setInterval } from 'node:timers/promises';
import pg from 'pg';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { Receiver } from '../../support/receiver.ts';
import { SECRET } from '../../support/secret.ts';
import { startServer } from '../../support/server.ts';

/** A shop whose CRM is down and whose invoicing refuses some: a daemon that runs, with rows being written, for pictures of the console. */
export interface Shop {
  readonly url: string;
  /** How long it has run is what the charts have to show. */
  stop(): Promise<void>;
}

const TABLES = `
  create table profiles (user_id bigint generated always as identity (start 4001) primary key, first_name text, email text, country text, plan text, password_hash text);
  create table orders (order_id bigint generated always as identity (start 90001) primary key, user_id bigint, status text, total numeric(10, 2), placed_at timestamptz default now());
  create table invoices (invoice_id bigint generated always as identity (start 700) primary key, order_id bigint, amount numeric(10, 2), vat_id text);
  alter table profiles replica identity full; alter table invoices replica identity full;
  insert into profiles (first_name, email, country, plan, password_hash)
    select (array['Anna', 'Jan', 'Eva', 'Noor', 'Luca', 'Mia'])[1 + i % 6], 'user' || i || '@example.com', (array['NL', 'DE', 'BE', 'FR'])[1 + i % 4], (array['free', 'pro'])[1 + i % 2], md5(i::text) from generate_series(1, 5000) i;
  insert into orders (user_id, status, total) select 4001 + i, 'delivered', 12.50 + i from generate_series(1, 900) i;
  analyze;`;

const WRITES = [
  "insert into orders (user_id, status, total) select 4001 + floor(random() * 5000), 'paid', round((5 + random() * 300)::numeric, 2) from generate_series(1, 1 + floor(random() * 4)::int)",
  "update profiles set plan = case plan when 'free' then 'pro' else 'free' end where user_id in (select 4001 + floor(random() * 5000)::int from generate_series(1, 2))",
  "update orders set status = 'shipped' where order_id = (select max(order_id) - 3 from orders)",
  "insert into invoices (order_id, amount, vat_id) select max(order_id), 120.50, case when random() < 0.15 then 'unknown' else 'NL8123' end from orders",
  "update profiles set email = 'new' || user_id || '@example.com' where user_id = 4001 + floor(random() * 5000)::int",
];

/** Between two writes, in milliseconds. */
const PACE = 200;
/** After so many the CRM ends. */
const CRM_ENDS = 60;
/** After so many somebody begins to edit the file. */
const EDITED = 100;

function yaml(port: (name: string) => string): string {
  return `version: 1
source:
  url: \${DATABASE_URL}
  slot: walhook
server:
  listen: 127.0.0.1:0

endpoints:
  crm:
    url: ${port('crm')}/hooks/profiles
    signing: { secrets: ["\${WEBHOOK_SECRET}"] }
    network: { allow: [127.0.0.0/8] }
  warehouse:
    url: ${port('warehouse')}/v2/events
    signing: { secrets: ["\${WEBHOOK_SECRET}"] }
    rate: 200/s
    network: { allow: [127.0.0.0/8] }
  invoicing:
    url: ${port('invoicing')}/invoices
    retry: { attempts: 1 }
    signing: { secrets: ["\${WEBHOOK_SECRET}"] }
    network: { allow: [127.0.0.0/8] }

hooks:
  - name: profiles-to-crm
    table: profiles
    to: crm
    changed: [email, plan]
    fields: { omit: [password_hash] }
  - name: new-pro-customers
    table: profiles
    to: warehouse
    when: row.plan == 'pro' && old.plan != 'pro'
    fields: { omit: [password_hash] }
  - name: orders-to-warehouse
    table: orders
    to: warehouse
  - name: invoices
    table: invoices
    to: invoicing
    when: row.amount > 0
`;
}

export async function openShop(): Promise<Shop> {
  const server = await startServer();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('create database shop');
  await client.end();
  const database = new URL(server.url);
  database.pathname = '/shop';
  const db = new pg.Client({ connectionString: database.href });
  await db.connect();
  await db.query(TABLES);

  const ok = await Receiver.open({ answer: () => ({ status: 202, body: '{"accepted":true}', delay: 20 + Math.random() * 60 }) });
  const invoicing = await Receiver.open({
    answer: ({ body }) => (body.includes('unknown') ? { status: 422, headers: { 'content-type': 'application/json' }, body: '{"error":"invalid_vat_id","detail":"vat_id must be two letters and up to 12 digits"}' } : { status: 200, delay: 90 }),
  });
  const crm = await Receiver.open({ answer: () => ({ status: 204, delay: 40 }) });
  const receivers: Readonly<Record<string, Receiver>> = { crm, warehouse: ok, invoicing };

  const text = yaml((name) => receivers[name]?.url ?? '');
  const daemon = new DaemonProcess({ config: text, logLevel: 'info', env: { DATABASE_URL: database.href, WEBHOOK_SECRET: SECRET } });
  await daemon.streaming();
  const { msg } = await daemon.says(/health and status are on/);
  const [url = ''] = /http:\/\/\S+/.exec(msg) ?? [];
  const backfill = await fetch(`${url}/api/v1/backfills`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ hook: 'orders-to-warehouse', where: "status = 'delivered'", rate: 4, origin: 'console' }) });
  if (!backfill.ok) throw new Error(`the backfill was refused: ${await backfill.text()}`);
  const stopping = new AbortController();
  const writing = (async () => {
    let count = 0;
    for await (const stop of setInterval(PACE, stopping.signal)) {
      if (stop.aborted) break;
      await db.query(WRITES[count % WRITES.length] ?? '');
      count++;
      if (count === CRM_ENDS) await crm.close();
      if (count === EDITED) daemon.write(text.replace('rate: 200/s', 'rate: 500/s').replace('when: row.amount > 0', 'when: row.amount > 10'));
    }
  })();
  return {
    url,
    stop: async () => {
      stopping.abort();
      await writing;
      await daemon.kill();
      await Promise.all([ok.close(), invoicing.close(), crm.close(), db.end()]);
      await server.stop();
    },
  };
}
