/**
 * How near the whole daemon comes to a bare loop: deliveries/s, one event a request, signed, 64 connections, from a backlog;
 * against `pool.dispatch` in a loop that signs and posts the same bodies over as many connections to the same receiver.
 * `npm run bench:deliver -- [rows]`: rounds of each in turn, in one run; the ratio of the medians.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createHmac, createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { Pool } from 'undici';
import { startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';
import { loadConfig } from '../src/config/load.ts';
import { Daemon } from '../src/daemon.ts';

const ROWS = Number(process.argv[2] ?? 100_000);
const ROUNDS = 3;
const CONNECTIONS = 64;
const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const receiver = fork(fileURLToPath(new URL('receiver.ts', import.meta.url)));
const [port] = (await once(receiver, 'message')) as [number];
const server = await startEmbeddedPostgres({ settings: { wal_level: 'logical', fsync: 'off' } });
try {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(
    `create table profiles (user_id bigint primary key, email text, first_name text, last_name text, score numeric, created_at timestamptz)`,
  );
  await client.query('create publication walhook for table profiles');
  const rates = { bare: [] as number[], walhook: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const body = await backlog(client);
    const walhook = await daemonRate();
    const bare = await bareRate(body);
    if (round === 0) continue; // warms up
    rates.walhook.push(walhook);
    rates.bare.push(bare);
  }
  await client.end();
  process.stdout.write(`${ROWS} deliveries, ${CONNECTIONS} connections, medians of ${ROUNDS} rounds\n`);
  process.stdout.write(`bare dispatch  ${Math.round(median(rates.bare))} requests/s\n`);
  process.stdout.write(`walhook        ${Math.round(median(rates.walhook))} deliveries/s\n`);
  process.stdout.write(`ratio          ${(median(rates.walhook) / median(rates.bare)).toFixed(2)}\n`);
} finally {
  receiver.disconnect();
  await server.stop();
}

/** Writes the rows behind a new slot and gives a body like theirs. */
async function backlog(client: pg.Client): Promise<string> {
  await client.query(`select pg_drop_replication_slot(slot_name) from pg_replication_slots`);
  await client.query('drop schema if exists walhook cascade');
  await client.query('truncate profiles');
  await client.query(`select pg_create_logical_replication_slot('walhook', 'pgoutput')`);
  await client.query(
    `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', 'Rose', i / 7.0, now() from generate_series(1, $1::int) i`,
    [ROWS],
  );
  const { rows } = await client.query('select to_jsonb(profiles) as data from profiles where user_id = $1', [ROWS]);
  return JSON.stringify({
    data: rows[0].data,
    redacted: [],
    meta: { operation: 'data_insert', lookup_values: [{ field: 'email', value: rows[0].data.email }] },
  });
}

/** Deliveries a second, from the first that the receiver gets to the last. */
async function daemonRate(): Promise<number> {
  const config = loadConfig({
    file: 'bench.yaml',
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    text: `
version: 1
source: { url: "${server.url}" }
tables: { profiles: { lookup: [email] } }
endpoints:
  bench:
    url: http://127.0.0.1:${port}/hooks
    concurrency: ${CONNECTIONS}
    signing: { secrets: [whsec_${SECRET}] }
    network: { allow: [127.0.0.0/8] }
hooks: [{ name: bench, table: profiles, to: bench }]
`,
  });
  let began = 0;
  let delivered = 0;
  const finished = Promise.withResolvers<number>();
  const daemon = await Daemon.start({
    config,
    log: pino({ level: 'error' }),
    version: 'bench',
    onOutcome: (_delivery, outcome) => {
      if (outcome.kind !== 'delivered') throw new Error(outcome.message);
      if (began === 0) began = performance.now();
      delivered++;
      if (delivered === ROWS) finished.resolve(performance.now());
    },
  });
  const ended = await finished.promise;
  await daemon.stop();
  return (ROWS * 1000) / (ended - began);
}

async function bareRate(body: string): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const key = createSecretKey(Buffer.from(SECRET, 'base64'));
  const before = await count(receiver);
  const began = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      if (sent === ROWS) return;
      const id = `msg_${sent++}`;
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      pool.dispatch(
        {
          path: '/hooks',
          method: 'POST',
          headers: ['content-type', 'application/json', 'webhook-id', id, 'webhook-timestamp', timestamp, 'webhook-signature', `v1,${signature}`],
          body,
        },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: () => undefined,
          onResponseError: (_controller, error) => {
            throw error;
          },
          onResponseEnd: () => {
            done++;
            if (done === ROWS) resolve();
            else next();
          },
        },
      );
    };
    for (let i = 0; i < CONNECTIONS; i++) next();
  });
  const took = performance.now() - began;
  await pool.close();
  if ((await count(receiver)) - before !== ROWS) throw new Error('the receiver did not get every request');
  return (ROWS * 1000) / took;
}

async function count(process: ChildProcess): Promise<number> {
  const answer = once(process, 'message');
  process.send('count');
  const [requests] = (await answer) as [number];
  return requests;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
