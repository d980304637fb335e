import { readFileSync } from 'node:fs';
import type { WrittenRecord } from '../../support/writer.ts';
import { Child } from './child.ts';

export type WriterAsk =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'bulk'; readonly changes: number }
  | { readonly kind: 'arrived'; readonly count: number };

/** A line of its file, a transaction each: rows and names of what was committed, names of what was rolled back. */
export interface WriterLine {
  /** When it was known: see `now` in child.ts. */
  readonly t: number;
  readonly c: readonly (readonly [number, string])[];
  readonly r: readonly string[];
}

/** What was written, and when each change was known to be committed. */
export interface TimedRecord extends WrittenRecord {
  readonly committedAt: ReadonlyMap<string, number>;
}

/** The writer's process, as the suite sees it. */
export class WriterProcess {
  /** Committed changes. */
  count = 0;
  readonly #child: Child<WriterAsk>;
  readonly #file: string;
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor({ file, url, seed, pause }: { readonly file: string; readonly url: string; readonly seed: number; readonly pause: number }) {
    this.#file = file;
    this.#child = new Child('writer-main.ts', [file, url, String(seed), String(pause)], (message) => this.#counted((message as { count: number }).count));
  }

  async start(): Promise<void> {
    await this.#child.ask({ kind: 'start' });
  }

  /** Resolves once the transactions under way have ended: then all is in the file. */
  async stop(): Promise<void> {
    this.#counted(await this.#child.ask<number>({ kind: 'stop' }));
  }

  /** One transaction of so many changes; resolves once it is committed. */
  async bulk(changes: number): Promise<void> {
    this.#counted(await this.#child.ask<number>({ kind: 'bulk', changes }));
  }

  /** How many changes have arrived: it does not get too far ahead of that. */
  async arrived(count: number): Promise<void> {
    await this.#child.ask({ kind: 'arrived', count });
  }

  /** Resolves once so many more changes are committed. */
  more(changes: number): Promise<void> {
    const count = this.count + changes;
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  read(): TimedRecord {
    const committed = new Map<number, string[]>();
    const committedAt = new Map<string, number>();
    const rolledBack = new Set<string>();
    for (const text of readFileSync(this.#file, 'utf8').split('\n')) {
      if (text === '') continue;
      const { t, c, r } = JSON.parse(text) as WriterLine;
      for (const [row, name] of c) {
        const names = committed.get(row);
        if (names === undefined) committed.set(row, [name]);
        else names.push(name);
        committedAt.set(name, t);
      }
      for (const name of r) rolledBack.add(name);
    }
    return { committed, committedAt, rolledBack };
  }

  kill(): void {
    this.#child.stop();
  }

  #counted(count: number): void {
    this.count = count;
    const ready = this.#waiters.filter((waiter) => waiter.count <= count);
    this.#waiters = this.#waiters.filter((waiter) => waiter.count > count);
    for (const { resolve } of ready) resolve();
  }
}
