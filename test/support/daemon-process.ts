import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A line of the daemon's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface DaemonProcessOptions {
  /** walhook.yaml as plain data, of which `server` need not be given, or as text. */
  readonly config: Readonly<Record<string, unknown>> | string;
  readonly env?: Readonly<Record<string, string>>;
  /** More of its command line. */
  readonly args?: readonly string[];
  /** Default: debug. */
  readonly logLevel?: string;
  /** Modules that it loads before its own. */
  readonly preload?: readonly string[];
  /** Told of each line of its log. */
  readonly onLine?: (line: LogLine) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiter {
  readonly wanted: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
}

const RELOADED = /^the new configuration is applied$|^the configuration is not applied/;

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const PRELOAD = new URL('die-with-parent.ts', import.meta.url).href;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `walhook run` as a process of its own. Ends with the test's process at the latest. */
export class DaemonProcess {
  /** What it wrote so far, stdout and stderr, line by line as it stands. */
  readonly output: string[] = [];
  /** The lines of its log. */
  readonly log: LogLine[] = [];
  /** Settles when it has ended and all that it wrote has been read. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly #waiters = new Set<Waiter>();
  readonly #onLine: (line: LogLine) => void;
  #ended = false;

  constructor({ config, env = {}, args = [], logLevel = 'debug', preload = [], onLine = () => undefined }: DaemonProcessOptions) {
    this.#onLine = onLine;
    const folder = mkdtempSync(join(tmpdir(), 'walhook-'));
    const file = join(folder, 'walhook.yaml');
    this.#file = file;
    this.write(config);
    this.#child = spawn(process.execPath, [...[PRELOAD, ...preload].flatMap((module) => ['--import', module]), CLI, 'run', '-c', file, '--log-level', logLevel, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    });
    running.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.exit = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        running.delete(this.#child);
        rmSync(folder, { recursive: true, force: true });
        this.#ended = true;
        resolve({ code, signal });
        for (const waiter of this.#waiters) waiter.reject(this.#endedWaiting());
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line that `wanted` agrees to, among those that were written already or come; not before line `since` of the log. Rejects if the process ends first. */
  until(wanted: (line: LogLine) => boolean, since = 0): Promise<LogLine> {
    const found = this.log.slice(since).find(wanted);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#ended) return Promise.reject(this.#endedWaiting());
    return new Promise((resolve, reject) => this.#waiters.add({ wanted, resolve, reject }));
  }

  /** The same for a line with this message, or one that it matches. */
  says(message: string | RegExp, since = 0): Promise<LogLine> {
    return this.until(({ msg }) => (typeof message === 'string' ? msg === message : message.test(msg)), since);
  }

  streaming(since = 0): Promise<LogLine> {
    return this.says('streaming', since);
  }

  /** What `/api/v1/status` answers. */
  async status(): Promise<unknown> {
    const { msg } = await this.says(/health and status are on/);
    const [origin] = /http:\/\/\S+/.exec(msg) ?? [];
    const response = await fetch(`${origin ?? ''}/api/v1/status`);
    return response.json();
  }

  /** Writes its configuration file anew: plain data, or text as it stands. */
  write(config: Readonly<Record<string, unknown>> | string): void {
    const text = typeof config === 'string' ? config : JSON.stringify({ version: 1, server: { listen: '127.0.0.1:0' }, ...config });
    writeFileSync(this.#file, text);
  }

  /** Writes the file and asks for a reload. Resolves with the log's line that says how it went. */
  async reload(config: Readonly<Record<string, unknown>> | string): Promise<LogLine> {
    this.write(config);
    const seen = this.log.length;
    this.signal('SIGHUP');
    return this.until((line) => this.log.indexOf(line) >= seen && RELOADED.test(line.msg));
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it at once, if it has not ended yet. */
  async kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.exit;
  }

  #take(text: string): void {
    this.output.push(text);
    const line = parse(text);
    if (line === null) return;
    this.log.push(line);
    this.#onLine(line);
    for (const waiter of this.#waiters) {
      if (!waiter.wanted(line)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(line);
    }
  }

  #endedWaiting(): Error {
    return new Error(`the daemon has ended. Its last lines:\n${this.output.slice(-15).join('\n')}`);
  }
}

function parse(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'msg' in value ? (value as LogLine) : null;
}
