import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import { cpuTime } from '../process/usage.ts';
import type { Counted } from './message.ts';
import type { CountOptions, Counting } from './receiver.ts';

/** How often it is asked how many requests it has had, in milliseconds. */
const ASK_EVERY = 10;

/** nginx that answers 204: a receiver whose requests can be counted, and nothing else. */
export class Nginx {
  /** Null if there is no nginx on PATH. Its files are in `folder`. */
  static async start(folder: string): Promise<Nginx | null> {
    if (spawnSync('nginx', ['-v']).status !== 0) return null;
    const port = await freePort();
    const own = join(folder, `nginx-${port}`);
    mkdirSync(own, { mode: 0o777 });
    const file = join(own, 'nginx.conf');
    writeFileSync(file, configuration(own, port));
    const nginx = new Nginx(port, spawn('nginx', ['-c', file, '-p', own, '-e', join(own, 'error.log')], { stdio: 'ignore', detached: true }));
    while ((await nginx.#requests().catch(() => null)) === null) await Promise.race([sleep(ASK_EVERY), nginx.#ended]);
    return nginx;
  }

  readonly port: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;
  readonly #gone: Promise<void>;
  /** How often it was asked, which is a request too. */
  #asked = 0;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => undefined);
    this.#ended = ended.promise;
    this.#gone = new Promise((resolve) => {
      const over = (): void => {
        ended.reject(new Error('nginx has ended'));
        resolve();
      };
      child.once('exit', over);
      child.once('error', over);
    });
  }

  /** Counts from the next request on: see Receiver. It sees how many there were a hundred times a second, and keeps no bodies. */
  count({ skip, until }: CountOptions): Counting {
    const began = Promise.withResolvers<void>();
    const counted = this.#count(skip, until, () => began.resolve());
    counted.catch(() => undefined);
    return { began: began.promise, counted };
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#gone;
  }

  async #count(skip: number, until: number, onBegin: () => void): Promise<Counted> {
    const before = await this.#requests();
    while ((await this.#requests()) <= before + skip) await Promise.race([sleep(ASK_EVERY), this.#ended]);
    const began = performance.now();
    const cpu = this.#cpu();
    onBegin();
    const first = await this.#requests();
    while ((await this.#requests()) < before + until) await Promise.race([sleep(ASK_EVERY), this.#ended]);
    const ms = performance.now() - began;
    // It was seen to have begun a little after it had.
    const share = (until - (first - before)) / (until - skip);
    return { ms: ms / share, cpuShare: (this.#cpu() - cpu) / ms, answeredAfter: 0, bodies: [] };
  }

  async #requests(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.port}/status`);
    const text = await response.text();
    this.#asked++;
    return Number(/^ \d+ \d+ (\d+)/m.exec(text)?.[1]) - this.#asked;
  }

  /** Milliseconds that its one worker has taken. */
  #cpu(): number {
    const pid = this.#child.pid ?? 0;
    const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    return cpuTime(worker || pid);
  }
}

function configuration(folder: string, port: number): string {
  return `
daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port};
    location = /status { stub_status; }
    location / { return 204; }
  }
}
`;
}
