import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface CliOptions {
  /** Nothing of this process' environment is there but PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written as walhook.yaml into the folder that it runs in. */
  readonly yaml?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const PRELOAD = new URL('die-with-parent.ts', import.meta.url).href;

/** The command line in a process of its own, in a folder of its own. Killed when the test has finished, if it still runs. */
export class Cli {
  /** Settles when it has ended and all its output has been read. */
  readonly result: Promise<CliResult>;
  readonly #child: ChildProcess;
  readonly #output = { stdout: '', stderr: '' };
  readonly #waiters = new Set<Waiter>();
  #ended = false;

  constructor(args: readonly string[], { env = {}, yaml }: CliOptions = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'walhook-cli-'));
    if (yaml !== undefined) writeFileSync(join(folder, 'walhook.yaml'), yaml);
    this.#child = spawn(process.execPath, ['--import', PRELOAD, CLI, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this.#output[name] += text;
        this.#look();
      });
    }
    this.result = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#ended = true;
        rmSync(folder, { recursive: true, force: true });
        resolve({ code, signal, ...this.#output });
        for (const waiter of this.#waiters) waiter.reject(this.#inVain(waiter.pattern));
      });
    });
    onTestFinished(async () => {
      this.#child.kill('SIGKILL');
      await this.result;
    });
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  /** Resolves with stdout and stderr so far once `pattern` is in them; rejects if the process ends without. */
  says(pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiters.add({ pattern, resolve, reject });
    this.#look();
    if (this.#ended) reject(this.#inVain(pattern));
    return promise;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #look(): void {
    const all = this.#output.stdout + this.#output.stderr;
    for (const waiter of this.#waiters) {
      if (!waiter.pattern.test(all)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(all);
    }
  }

  #inVain(pattern: RegExp): Error {
    return new Error(`it ended without having said ${String(pattern)}:\n${this.#output.stdout}${this.#output.stderr}`);
  }
}

/** Runs a command to its end. */
export function walhook(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Cli(args, options).result;
}
