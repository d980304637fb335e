/**
 * What an outage costs: `npm run bench:outage -- [rows]`. The endpoint fails while a backlog is read: how many deliveries a
 * second are parked; then it is well: how many are drained; and what memory the daemon takes, a process of its own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';

const ROWS = Number(process.argv[2] ?? 300_000);
const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const folder = mkdtempSync(join(tmpdir(), 'walhook-bench-'));
const receiver = fork(fileURLToPath(new URL('receiver.ts', import.meta.url)));
const [port] = (await once(receiver, 'message')) as [number];
const server = await startEmbeddedPostgres({ settings: { wal_level: 'logical' } });
const client = new pg.Client({ connectionString: server.url });
try {
  await client.connect();
  await client.query('create table profiles (user_id bigint primary key, email text, first_name text, last_name text, score numeric, created_at timestamptz)');
  await client.query('create publication walhook for table profiles');
  await client.query(`select pg_create_logical_replication_slot('walhook', 'pgoutput')`);
  await client.query(
    `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', 'Rose', i / 7.0, now() from generate_series(1, $1::int) i`,
    [ROWS],
  );
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn');
  const end = rows[0]?.lsn ?? '';
  receiver.send('down');
  const daemon = startDaemon();
  const idle = await memory(daemon, streams);
  const parking = performance.now();
  const whileParking = await memory(daemon, () => isStored(end));
  report('parked', performance.now() - parking);
  receiver.send('up');
  const before = await requests();
  await memory(daemon, async () => (await requests()) > before + 1);
  const draining = performance.now();
  const whileDraining = await memory(daemon, async () => (await requests()) >= before + ROWS);
  report('drained', performance.now() - draining);
  process.stdout.write(`memory   ${idle} MB at the start, at most ${whileParking} MB while parking, ${whileDraining} MB while draining\n`);
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
} finally {
  await client.end();
  receiver.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** From here on it reads: what comes before is its start. */
async function streams(): Promise<boolean> {
  const { rows } = await client.query<{ active: boolean }>(`select active from pg_replication_slots where slot_name = 'walhook'`);
  return rows[0]?.active === true;
}

function startDaemon(): ChildProcess {
  const file = join(folder, 'walhook.yaml');
  writeFileSync(
    file,
    `version: 1
source: { url: "${server.url}" }
server: { listen: 127.0.0.1:0 }
tables: { profiles: { lookup: [email] } }
endpoints:
  bench:
    url: http://127.0.0.1:${port}/hooks
    concurrency: 64
    breaker: { failures: 10, open: 2s }
    signing: { secrets: [whsec_${SECRET}] }
    network: { allow: [127.0.0.0/8] }
hooks: [{ name: bench, table: profiles, to: bench }]
`,
  );
  return spawn(process.execPath, [fileURLToPath(new URL('../src/cli.ts', import.meta.url)), 'run', '-c', file, '--log-level', 'error'], { stdio: 'inherit' });
}

/** True once the checkpoint is past an LSN: all before it is parked. */
async function isStored(lsn: string): Promise<boolean> {
  const there = await client.query<{ there: boolean }>(`select to_regclass('walhook.checkpoint') is not null as there`);
  if (there.rows[0]?.there !== true) return false;
  const { rows } = await client.query<{ past: boolean }>('select lsn >= $1::pg_lsn as past from walhook.checkpoint', [lsn]);
  return rows[0]?.past === true;
}

async function requests(): Promise<number> {
  const answer = once(receiver, 'message');
  receiver.send('count');
  const [count] = (await answer) as [number];
  return count;
}

/** Waits until `isDone`, and gives the most memory that the daemon had meanwhile, in MB (resident set). */
async function memory(daemon: ChildProcess, isDone: () => Promise<boolean>): Promise<number> {
  for (let most = 0; ; await sleep(50)) {
    const status = readFileSync(`/proc/${daemon.pid ?? 0}/status`, 'utf8');
    most = Math.max(most, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024));
    if (await isDone()) return most;
  }
}

function report(what: string, ms: number): void {
  process.stdout.write(`${what.padEnd(8)} ${ROWS} deliveries in ${(ms / 1000).toFixed(1)} s: ${Math.round((ROWS * 1000) / ms)}/s\n`);
}
