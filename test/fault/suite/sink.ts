import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { ReceivedRequest } from '../../support/receiver.ts';
import { Child } from './child.ts';
import type { Mood } from './moods.ts';

export type SinkAsk =
  | { readonly kind: 'open' }
  | { readonly kind: 'moods'; readonly moods: Readonly<Record<string, Mood>> }
  | { readonly kind: 'counts' };

/** By endpoint: requests that arrived, and ids that were answered with 2xx. */
export type SinkCounts = Readonly<Record<string, { readonly requests: number; readonly delivered: number }>>;

/** A line of its file: request `n` of endpoint `e` arrived, was answered (null: its connection ended before it was), or was refused for its signature. `after`: see ReceivedRequest's `isBehind`. */
export type SinkLine = { readonly e: string; readonly n: number; /** See `now` in child.ts. */ readonly t: number } & (
  | { readonly m: string; readonly u: string; readonly id: string; readonly h: IncomingHttpHeaders; readonly b: string; readonly after?: true }
  | { readonly s: number | null }
  | { readonly bad: string }
);

export interface SinkOptions {
  readonly file: string;
  readonly secret: string;
  readonly seed: number;
  readonly endpoints: readonly string[];
}

/** The receiver's process, as the suite sees it. */
export class Sink {
  counts: SinkCounts;
  readonly #child: Child<SinkAsk>;
  readonly #file: string;
  #waiters: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  constructor({ file, secret, seed, endpoints }: SinkOptions) {
    this.#file = file;
    this.counts = Object.fromEntries(endpoints.map((name) => [name, { requests: 0, delivered: 0 }]));
    this.#child = new Child('sink-main.ts', [file, secret, String(seed), endpoints.join(',')], (message) => {
      this.counts = (message as { counts: SinkCounts }).counts;
      const ready = this.#waiters.filter(({ met }) => met());
      this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
      for (const { resolve } of ready) resolve();
    });
  }

  /** Gives the endpoints' URLs. */
  open(): Promise<Readonly<Record<string, string>>> {
    return this.#child.ask({ kind: 'open' });
  }

  turn(moods: Readonly<Record<string, Mood>>): Promise<void> {
    return this.#child.ask({ kind: 'moods', moods });
  }

  /** As it is now: all of it is in the file. */
  async count(): Promise<SinkCounts> {
    this.counts = await this.#child.ask<SinkCounts>({ kind: 'counts' });
    return this.counts;
  }

  requests(endpoint: string): number {
    return this.counts[endpoint]?.requests ?? 0;
  }

  delivered(endpoint: string): number {
    return this.counts[endpoint]?.delivered ?? 0;
  }

  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ met, resolve }));
  }

  /** What it has written, by endpoint; and what was refused. */
  read(): { readonly requests: ReadonlyMap<string, ReceivedRequest[]>; readonly refused: readonly string[] } {
    const requests = new Map(Object.keys(this.counts).map((name) => [name, [] as ReceivedRequest[]]));
    const refused: string[] = [];
    const attempts = new Map<string, number>();
    for (const text of readFileSync(this.#file, 'utf8').split('\n')) {
      if (text === '') continue;
      const line = JSON.parse(text) as SinkLine;
      const of = requests.get(line.e) ?? [];
      if ('b' in line) {
        const { n, t, m, u, id, h, b, after = false } = line;
        const attempt = (attempts.get(`${line.e} ${id}`) ?? 0) + 1;
        attempts.set(`${line.e} ${id}`, attempt);
        of[n] = { order: n, at: t, method: m, url: u, headers: h, body: Buffer.from(b, 'latin1'), id, attempt, status: null, isBehind: after };
        continue;
      }
      const request = of[line.n];
      if (request === undefined) throw new Error(`${line.e}: an answer to request ${line.n}, which never came`);
      request.status = 'bad' in line ? 401 : line.s;
      request.answeredAt = line.t;
      if ('bad' in line) refused.push(`${line.e}: ${line.bad} (${request.id})`);
    }
    return { requests, refused };
  }

  stop(): void {
    this.#child.stop();
  }
}
