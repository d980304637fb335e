import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chownSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** Ends the server when our end of its stdin closes, however we end. */
const KEEPER = 'exec 3<&0; "$@" </dev/null 3<&- & server=$!; { read -r _; kill -QUIT $server; } <&3 & reader=$!; wait $server; kill $reader';

export interface Standby {
  /** Superuser URL of the same database as on the primary. */
  readonly url: string;
  /** Runs SQL on it. */
  sql<Row extends Record<string, unknown>>(text: string): Promise<Row[]>;
  stop(): Promise<void>;
}

/**
 * A streaming standby of a server on this machine: a copy of its files, made as a base backup is.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 *
 * @param primary superuser URL
 * @param slot a physical slot, which is made on the primary for it
 */
export async function startStandby(primary: string, slot: string, settings: Readonly<Record<string, string>> = {}): Promise<Standby> {
  const dir = mkdtempSync(join(tmpdir(), 'walhook-standby-'));
  const data = join(dir, 'data');
  const source = new pg.Client({ connectionString: primary });
  await source.connect();
  const { rows } = await source.query<{ data_directory: string }>('show data_directory');
  const from = rows[0]?.data_directory ?? '';
  await source.query('select pg_create_physical_replication_slot($1, true)', [slot]);
  await source.query(`select pg_backup_start('standby', true)`);
  execFileSync('cp', ['-a', from, data]);
  const backup = await source.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
  await source.end();

  const { uid, gid } = statSync(from);
  const isRoot = process.getuid?.() === 0;
  const url = new URL(primary);
  const port = await freePort();
  execFileSync('sh', ['-c', 'rm -rf "$1"/postmaster.pid "$1"/pg_replslot/*', 'sh', data]);
  const command = readFileSync(join(from, 'postmaster.opts'), 'utf8').trim().split(/ (?=")/).map((word) => word.replace(/^"(.*)"$/, '$1'));
  const conninfo = `host=127.0.0.1 port=${url.port} user=${url.username} password=${url.password} dbname=postgres application_name=${slot}`;
  writeFileSync(join(data, 'backup_label'), backup.rows[0]?.labelfile ?? '');
  writeFileSync(join(data, 'standby.signal'), '');
  const lines = Object.entries({ primary_conninfo: conninfo, primary_slot_name: slot, ...settings }).map(([name, value]) => `${name} = '${value}'\n`);
  appendFileSync(join(data, 'postgresql.auto.conf'), lines.join(''));
  if (isRoot) {
    chownSync(dir, uid, gid);
    for (const file of ['backup_label', 'standby.signal']) chownSync(join(data, file), uid, gid);
  }
  const args = command.map((word) => (word === from ? data : word.startsWith('port=') ? `port=${port}` : word));
  const child: ChildProcess = spawn('/bin/sh', ['-c', KEEPER, 'walhook-standby', ...args], {
    ...(isRoot ? { uid, gid } : {}),
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  });
  url.port = String(port);
  const sql = async <Row extends Record<string, unknown>>(text: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: url.href });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries++) {
    try {
      await sql('select 1');
      return { url: url.href, sql, stop };
    } catch (error) {
      if (tries === 600 || child.exitCode !== null) {
        await stop();
        throw error;
      }
      await pause(50);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
