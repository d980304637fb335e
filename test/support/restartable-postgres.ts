import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';

/** How Postgres is stopped: `fast` disconnects everybody, `immediate` and `kill -9` are crashes that it recovers from. */
export type StopMode = 'fast' | 'immediate' | 'kill -9';

const SIGNALS: Readonly<Record<StopMode, NodeJS.Signals>> = { fast: 'SIGINT', immediate: 'SIGQUIT', 'kill -9': 'SIGKILL' };

/** How long a server may take to stop, in milliseconds. */
const PATIENCE = 15_000;

/** Ends the server when our end of its stdin closes, however we end; and is gone when the server is. */
const KEEPER = 'exec 3<&0; "$@" </dev/null 3<&- & server=$!; { read -r _; kill -QUIT $server; } <&3 & reader=$!; wait $server; kill $reader';

/** A Postgres of a test's own, to be stopped and started again in the same place. */
export class RestartablePostgres {
  static async start(settings: Readonly<Record<string, string>>): Promise<RestartablePostgres> {
    const server = await startEmbeddedPostgres({ settings });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    await client.end();
    return new RestartablePostgres(server, rows[0]?.data_directory ?? '');
  }

  /** Superuser URL. */
  readonly url: string;
  readonly #first: { stop(): Promise<void> };
  readonly #data: string;
  readonly #command: readonly string[];
  #again: ChildProcess | null = null;

  private constructor(first: { readonly url: string; stop(): Promise<void> }, data: string) {
    this.url = first.url;
    this.#first = first;
    this.#data = data;
    this.#command = readFileSync(join(data, 'postmaster.opts'), 'utf8')
      .trim()
      .split(/ (?=")/)
      .map((word) => word.replace(/^"(.*)"$/, '$1'));
  }

  /** Resolves once it is down; fails if something holds it up. One that has just been resumed may still be on its way up. */
  async halt(mode: StopMode): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    const pid = await this.#postmaster(deadline);
    // Orphans see by themselves that the postmaster is gone; the next one does not start before they are.
    const all = [pid, ...childrenOf(pid)];
    process.kill(pid, SIGNALS[mode]);
    while (all.some(isAlive)) {
      if (performance.now() > deadline) throw new Error(`Postgres was told to stop (${mode}) ${PATIENCE} ms ago and still runs: somebody keeps it waiting`);
      await pause(10);
    }
  }

  /** Starts it again where it was; it may take a while to accept connections. */
  resume(): void {
    const { uid, gid } = statSync(this.#data);
    const account = process.getuid?.() === 0 ? { uid, gid } : {};
    this.#release();
    this.#again = spawn('/bin/sh', ['-c', KEEPER, 'walhook-postgres', ...this.#command], {
      ...account,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    });
  }

  /** The process that the directory belongs to: a crash leaves a file with the one before. */
  async #postmaster(deadline: number): Promise<number> {
    for (;;) {
      const pid = pidIn(join(this.#data, 'postmaster.pid'));
      if (pid !== null && isAlive(pid)) return pid;
      if (performance.now() > deadline) throw new Error(`Postgres was resumed ${PATIENCE} ms ago and does not run`);
      await pause(10);
    }
  }

  /** For good. */
  async stop(): Promise<void> {
    const child = this.#again;
    this.#release();
    if (child !== null && child.exitCode === null) await once(child, 'exit');
    await this.#first.stop();
  }

  #release(): void {
    this.#again?.stdin?.end();
    this.#again = null;
  }
}

/** Null if there is no such file. */
function pidIn(file: string): number | null {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return null;
  }
}

/** Linux tells; elsewhere none are known. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
