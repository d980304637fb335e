/**
 * How near decoding and building events comes to reading the stream at all: rows/s from one slot position, nothing
 * confirmed and nothing delivered. `npm run bench:decode -- [rows]`: rounds of each in turn, in one run; the ratio of the
 * medians.
 *
 * - bare: the stream through the same connection, thrown away undecoded;
 * - events: decoded, turned into events, routed, and their bodies built.
 */
import pg from 'pg';
import { StreamWindows } from '../src/backfill/stream-windows.ts';
import { Tracker } from '../src/checkpoint/tracker.ts';
import { startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';
import type { Config, HookConfig, TableConfig } from '../src/config.ts';
import { ConfiguredTables } from '../src/configured-tables.ts';
import { CatalogCodecs } from '../src/decode/codecs.ts';
import { PgoutputDecoder } from '../src/decode/pgoutput.ts';
import { TypeCatalog } from '../src/decode/type-catalog.ts';
import type { Delivery } from '../src/delivery.ts';
import { type Lsn, NO_LSN, parseLsn } from '../src/lsn.ts';
import { Pipeline } from '../src/pipeline.ts';
import { START } from '../src/position.ts';
import type { EndpointQueue } from '../src/queue/endpoint-queue.ts';
import { Tail } from '../src/source/tail.ts';

const ROWS = Number(process.argv[2] ?? 300_000);
const ROUNDS = 5;
const PER_TRANSACTION = 1_000;

const table: TableConfig = {
  schema: 'public',
  table: 'profiles',
  key: null,
  lookup: ['email'],
  visibility: null,
  replica_identity: null,
  redacted: '<<REDACTED>>',
};
const hook: HookConfig = {
  name: 'bench',
  schema: 'public',
  table: 'profiles',
  to: ['bench'],
  events: ['insert', 'update', 'delete'],
  changed: null,
  when: null,
  entering: false,
  order_by: null,
  fields: { only: null, omit: [], rename: new Map(), set: new Map(), omit_null: false },
  meta: [],
  large_numbers: 'number',
  method: null,
  body: null,
  omit_null: false,
  format: 'event',
  encoding: null,
  path: null,
  headers: new Map(),
  enrich: new Map(),
  schedule: null,
  cooldown: null,
  backfill: null,
};
const endpoint = { name: 'bench', method: 'POST', url: new URL('http://127.0.0.1/') };
const config = { tables: [table], hooks: [hook], endpoints: [endpoint] } as unknown as Config;

const server = await startEmbeddedPostgres({ settings: { wal_level: 'logical', fsync: 'off' } });
try {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const end = await prepare(client);
  const rates = { bare: [] as number[], events: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = await read(end, () => undefined);
    const events = await readEvents(client, end);
    if (round === 0) continue; // warms up
    rates.bare.push(bare);
    rates.events.push(events);
  }
  await client.end();
  const bare = median(rates.bare);
  const events = median(rates.events);
  process.stdout.write(`${ROWS} rows, medians of ${ROUNDS} rounds\n`);
  process.stdout.write(`bare stream    ${Math.round(bare)} rows/s\n`);
  process.stdout.write(`events built   ${Math.round(events)} rows/s\n`);
  process.stdout.write(`ratio          ${(events / bare).toFixed(2)}\n`);
} finally {
  await server.stop();
}

/** Writes the rows behind a slot and gives the LSN at which they end. */
async function prepare(client: pg.Client): Promise<Lsn> {
  await client.query(
    `create table profiles (user_id bigint primary key, email text, first_name text, last_name text, score numeric, created_at timestamptz)`,
  );
  await client.query('create publication walhook for table profiles');
  await client.query(`select pg_create_logical_replication_slot('walhook', 'pgoutput')`);
  for (let from = 1; from <= ROWS; from += PER_TRANSACTION) {
    await client.query(
      `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', 'Rose', i / 7.0, now() from generate_series($1::int, $2::int) i`,
      [from, Math.min(ROWS, from + PER_TRANSACTION - 1)],
    );
  }
  const { rows } = await client.query('select pg_current_wal_lsn() as lsn');
  return parseLsn(String(rows[0].lsn));
}

/** Rows a second from the first message to the commit of the last row. */
async function read(end: Lsn, onMessage: (bytes: Buffer) => Promise<void> | void): Promise<number> {
  let began = 0;
  let ended = 0;
  const tail: Tail = new Tail({
    client: { connectionString: server.url },
    slot: 'walhook',
    publication: 'walhook',
    from: 0n,
    durable: 0n,
    verify: () => Promise.resolve(),
    statusInterval: 10_000,
    deadAfter: 60_000,
    onMessage: (bytes) => {
      if (began === 0) began = performance.now();
      const result = onMessage(bytes);
      // The end of the last transaction, in its Commit message.
      if (bytes[0] === 0x43 && bytes.readBigUInt64BE(10) >= end - 1_000n && ended === 0) {
        ended = performance.now();
        void tail.stop();
      }
      return result;
    },
    onKeepalive: (lsn) => {
      if (lsn < end || ended !== 0) return;
      ended = performance.now();
      void tail.stop();
    },
    onStart: () => undefined,
  });
  await tail.run();
  return (ROWS * 1000) / (ended - began);
}

async function readEvents(client: pg.Client, end: Lsn): Promise<number> {
  const tracker = new Tracker(START);
  let built = 0;
  const queue = {
    offer: (delivery: Delivery) => {
      built += delivery.body.length;
      tracker.settle(tracker.take());
    },
    bury: () => undefined,
  } as unknown as EndpointQueue;
  const catalog = new TypeCatalog(async (sql, params) => (await client.query(sql, [...params])).rows);
  const pipeline = new Pipeline({
    config,
    tables: new ConfiguredTables({ config, found: [], since: NO_LSN, onRenamed: () => undefined }),
    systemId: '1',
    origin: { database: 'app', slot: 'walhook' },
    timelineAt: () => 1,
    codecs: new CatalogCodecs(catalog),
    describe: async (relation) => {
      await catalog.load(relation.columns.map((column) => column.typeOid));
      return { primaryKey: ['user_id'], columns: relation.columns.map((column) => column.name) };
    },
    queues: new Map([['bench', queue]]),
    hold: () => undefined,
    tracker,
    windows: new StreamWindows(),
    start: START,
    onChange: null,
    onProgress: () => undefined,
  });
  const decoder = new PgoutputDecoder(pipeline);
  const rate = await read(end, (bytes) => decoder.decode(bytes));
  if (built < ROWS * 100) throw new Error(`only ${built} bytes were built`);
  return rate;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
