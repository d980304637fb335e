import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../src/role.ts';

export interface WalhookOptions {
  readonly folder: string;
  /** walhook.yaml as plain data: JSON is YAML. */
  readonly config: object;
  /** Where its configuration says that its server listens. */
  readonly port: number;
  /** Its CPU can be profiled; costs a little at the start. Default: false. */
  readonly isProfiled?: boolean;
  /** It finds what V8 made of its code when it was started before. Default: true. */
  readonly isCached?: boolean;
  /** What it does of it all, with an engine. Default: what `walhook run` does by itself. */
  readonly role?: Role;
  /** What node runs, and the arguments before those of `walhook run`. Default: what is built. */
  readonly program?: readonly string[];
}

const BUILT = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** What is built has no more files of its own, by which a profile tells the stages apart. */
const SOURCE = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const PRELOAD = new URL('../profile/preload.ts', import.meta.url).href;
/** From util-linux: has the kernel end a program when its parent is gone. */
const SETPRIV = '/usr/bin/setpriv';
const DIES_WITH_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : [];
/** How often it is asked whether it is ready, in milliseconds: each answer takes a millisecond of a process that is not warm. */
const ASK_EVERY = 10;

/** `walhook run` as a process of its own, built, as users run it. Ends with ours at the latest. */
export class WalhookProcess {
  /** When it was started, by `performance.now()`. */
  readonly startedAt = performance.now();
  /** Rejects when it has ended, however that came. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #exited: Promise<void>;

  constructor({ folder, config, port, isProfiled = false, isCached = true, role, program: script = [BUILT] }: WalhookOptions) {
    const file = join(folder, `walhook-${randomUUID()}.yaml`);
    writeFileSync(file, JSON.stringify(config));
    this.#port = port;
    const [program, ...args] = [...DIES_WITH_PARENT, process.execPath, ...(isProfiled ? ['--import', PRELOAD, SOURCE] : script), 'run', '-c', file, '--log-level', 'error'];
    // A process group of its own: Ctrl-C reaches the suite alone, which ends it.
    this.#child = spawn(program, role === undefined ? args : [...args, '--role', role], {
      stdio: ['ignore', 'pipe', 'pipe', isProfiled ? 'ipc' : 'ignore'],
      detached: true,
      // As in the image and the unit.
      env: { PATH: process.env['PATH'], MALLOC_ARENA_MAX: '2', ...(isCached ? { NODE_COMPILE_CACHE: join(folder, 'compile-cache') } : {}) },
    });
    const output: string[] = [];
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (text: Buffer) => output.push(String(text)));
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => undefined);
    this.failed = failed.promise;
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    this.#child.once('close', (code, signal) => {
      failed.reject(new Error(`walhook ended (${signal ?? String(code)}): ${output.join('').slice(-2_000)}`));
      exited.resolve();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when /readyz says so, with the milliseconds since it was started. */
  async ready(): Promise<number> {
    while (!(await this.#isReady())) await Promise.race([sleep(ASK_EVERY), this.failed]);
    return performance.now() - this.startedAt;
  }

  /** Profiles its CPU until the function that is given back is called, which gives the profile, as `node:inspector` does. */
  async profile(): Promise<() => Promise<object>> {
    await this.#say('profile');
    return () => this.#say('profiled');
  }

  /** Lets it drain. Rejects if it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    if (this.#child.exitCode !== 0) await this.failed;
  }

  /** Ends it at once. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}/readyz`);
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false; // it does not listen yet
    }
  }

  #say(message: string): Promise<object> {
    const answer = new Promise<object>((resolve) => this.#child.once('message', resolve));
    this.#child.send(message);
    return Promise.race([answer, this.failed]);
  }
}
