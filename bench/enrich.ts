/**
 * Enriched deliveries a second, of the whole daemon: each event looks up a row and a list, each delivery is a signed request of its own,
 * 64 connections, from a backlog. `node bench/enrich.ts [rows]`: the same rows without and with `enrich`, and with its cache.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';
import { loadConfig } from '../src/config/load.ts';
import { Daemon } from '../src/daemon.ts';

const ROWS = Number(process.argv[2] ?? 50_000);
const ORGANIZATIONS = 5_000;
const ROUNDS = 3;
const LEAST = 5_000;

const ORG = 'select name, domain from organizations where id = ${{ row.organization_id }}';
const TAGS = 'select name from tags where organization_id = ${{ row.organization_id }} order by name';
const BODY = 'body: { type: contact, name: "${{ row.first_name }}", organization: "${{ org }}", tags: "${{ tags }}" }';
const HOOKS = {
  'no enrich  ': 'body: { type: contact, name: "${{ row.first_name }}" }',
  'one lookup ': `enrich: { org: "${ORG}" }, ${BODY.replace(', tags: "${{ tags }}"', '')}`,
  'two lookups': `enrich: { org: "${ORG}", tags: { sql: "${TAGS}", many: true } }, ${BODY}`,
  'with cache ': `enrich: { org: { sql: "${ORG}", cache: 1m }, tags: { sql: "${TAGS}", many: true, cache: 1m } }, ${BODY}`,
};

const receiver = fork(fileURLToPath(new URL('receiver.ts', import.meta.url)));
const [port] = (await once(receiver, 'message')) as [number];
const server = await startEmbeddedPostgres({ settings: { wal_level: 'logical', fsync: 'off' } });
try {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined); // an error of its own says more
  await client.connect();
  await client.query(`
    create table profiles (user_id bigint primary key, email text, first_name text, organization_id bigint, created_at timestamptz);
    create table organizations (id bigint primary key, name text, domain text);
    create table tags (organization_id bigint, name text, primary key (organization_id, name));
    insert into organizations select i, 'Organization ' || i, i || '.example.com' from generate_series(1, ${ORGANIZATIONS}) i;
    insert into tags select i % ${ORGANIZATIONS} + 1, 'tag ' || i from generate_series(1, ${3 * ORGANIZATIONS}) i;
    analyze organizations, tags;
    create publication walhook for table profiles, organizations, tags`);
  const rates = new Map<string, Rate[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, hook] of Object.entries(HOOKS)) {
      await backlog(client);
      const rate = await daemonRate(hook);
      if (round > 0) rates.set(name, [...(rates.get(name) ?? []), rate]); // the first warms up
    }
  }
  await client.end();
  process.stdout.write(`${ROWS} deliveries, 64 connections, medians of ${ROUNDS} rounds\n`);
  const perSecond = (name: string): number => median((rates.get(name) ?? []).map((rate) => rate.perSecond));
  for (const [name, all] of rates) process.stdout.write(`${name}  ${Math.round(perSecond(name))} deliveries/s, ${Math.round(median(all.map(({ cpu }) => cpu)))} µs of the daemon's CPU each\n`);
  if (perSecond('one lookup ') < LEAST) process.exitCode = 1;
} finally {
  receiver.disconnect();
  await server.stop();
}

async function backlog(client: pg.Client): Promise<void> {
  // The walsender of the round before may still be about to end.
  await client.query(`do $$ begin while exists (select from pg_replication_slots where active) loop perform pg_sleep(0.01); end loop; end $$`);
  await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
  await client.query('drop schema if exists walhook cascade');
  await client.query('truncate profiles');
  await client.query(`select pg_create_logical_replication_slot('walhook', 'pgoutput')`);
  await client.query(
    `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', i * 7919::bigint % ${ORGANIZATIONS} + 1, now() from generate_series(1, $1::int) i`,
    [ROWS],
  );
}

interface Rate {
  /** Deliveries a second, from the first to the last. */
  readonly perSecond: number;
  /** Microseconds for each, however busy the machine is otherwise. */
  readonly cpu: number;
}

async function daemonRate(hook: string): Promise<Rate> {
  const config = loadConfig({
    file: 'bench.yaml',
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    text: `
version: 1
source: { url: "${server.url}" }
tables: { profiles: {}, organizations: {}, tags: {} }
endpoints:
  bench:
    url: http://127.0.0.1:${port}/hooks
    concurrency: 64
    signing: { secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw] }
    network: { allow: [127.0.0.0/8] }
hooks: [{ name: bench, table: profiles, to: bench, ${hook} }]
`,
  });
  let began = 0;
  let delivered = 0;
  let before = process.cpuUsage();
  const finished = Promise.withResolvers<number>();
  const daemon = await Daemon.start({
    config,
    log: pino({ level: 'error' }),
    version: 'bench',
    onOutcome: (_delivery, outcome) => {
      if (outcome.kind !== 'delivered') throw new Error(outcome.message);
      if (began === 0) {
        began = performance.now();
        before = process.cpuUsage();
      }
      delivered++;
      if (delivered === ROWS) finished.resolve(performance.now());
    },
  });
  const ended = await finished.promise;
  const { user, system } = process.cpuUsage(before);
  await daemon.stop();
  return { perSecond: (ROWS * 1000) / (ended - began), cpu: (user + system) / ROWS };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
