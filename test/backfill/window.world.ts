import { RecentTransactions } from '../../src/backfill/recent-transactions.ts';
import type { Snapshot } from '../../src/backfill/snapshot.ts';
import { ChunkWindow } from '../../src/backfill/window.ts';

/** What is done to a row, or to all. `wanted`: the hook sends it. */
interface Write {
  readonly kind: 'put' | 'delete' | 'truncate';
  readonly key: string;
  readonly version: number;
  readonly wanted: boolean;
}

interface Transaction {
  readonly xid: number;
  readonly writes: Write[];
  /** Its commit is in the WAL; other sessions may not see it yet. */
  isCommitted: boolean;
}

type WalRecord = { readonly transaction: Transaction } | { readonly mark: string };

interface Row {
  readonly key: string;
  readonly version: number;
}

interface Chunk {
  readonly number: number;
  readonly low: string;
  readonly high: string;
  window: ChunkWindow | null;
  read: { readonly rows: readonly Row[]; readonly snapshot: Snapshot; readonly doubtful: readonly number[]; readonly isLast: boolean; readonly after: string | null } | null;
  isMarked: boolean;
}

/** What is drawn: a step of somebody. Numbers choose among what there is. */
export type Step =
  | { readonly do: 'begin' }
  | { readonly do: 'write'; readonly who: number; readonly key: number; readonly kind: 'put' | 'delete'; readonly wanted: boolean }
  | { readonly do: 'truncate'; readonly who: number }
  | { readonly do: 'commit' | 'show' | 'abort'; readonly who: number }
  | { readonly do: 'stream'; readonly count: number }
  | { readonly do: 'backfill' }
  | { readonly do: 'kill' };

/** Leaves out a rule of the merge: the property must notice. */
export type Breakage = 'touched' | 'torn' | 'doubtful' | 'again' | null;

const CHUNK = 2;

/**
 * A table, its WAL, a reader of it and a backfill, as little as shows what may go wrong: a commit is in the WAL before it is seen,
 * transactions hold the rows that they wrote until then, and the process may be killed.
 */
export class World {
  /** What is wrong, if anything is. */
  readonly violations: string[] = [];
  /** What the receiver has, deleted rows as null. */
  readonly received = new Map<string, { readonly version: number; readonly isThere: boolean }>();
  readonly table = new Map<string, number>();
  readonly #breakage: Breakage;
  readonly #open: Transaction[] = [];
  readonly #wal: WalRecord[] = [];
  #nextXid = 100;
  #completed = 99;
  #version = 0;
  /** How far the stream has been read. */
  #read = 0;
  #recent = new RecentTransactions(8);
  #chunk: Chunk | null = null;
  #chunks = 0;
  #run = 0;
  /** What is stored of the backfill. */
  #progress: { after: string | null; again: readonly string[]; isDone: boolean } = { after: null, again: [], isDone: false };

  constructor(keys: readonly string[], breakage: Breakage = null) {
    this.#breakage = breakage;
    for (const key of keys) this.table.set(key, ++this.#version);
    this.#beginRun();
  }

  get isDone(): boolean {
    return this.#progress.isDone;
  }

  take(step: Step): void {
    switch (step.do) {
      case 'begin':
        if (this.#open.length < 4) this.#open.push({ xid: this.#nextXid++, writes: [], isCommitted: false });
        return;
      case 'write':
        return this.#write(this.#running(step.who), { kind: step.kind, key: `k${step.key}`, version: 0, wanted: step.wanted });
      case 'truncate':
        return this.#write(this.#running(step.who), { kind: 'truncate', key: '', version: 0, wanted: true });
      case 'commit': {
        const transaction = this.#running(step.who);
        if (transaction === undefined) return;
        transaction.isCommitted = true;
        this.#wal.push({ transaction });
        return;
      }
      case 'abort':
        return this.#end(this.#running(step.who));
      case 'show':
        return this.#show(this.#open.filter(({ isCommitted }) => isCommitted)[step.who]);
      case 'stream':
        for (let i = 0; i < step.count; i++) this.#stream();
        return;
      case 'backfill':
        return this.#backfill();
      case 'kill':
        return this.#beginRun();
    }
  }

  /** All that is under way comes to its end, and so does the backfill. */
  finish(): void {
    for (const transaction of this.#open.slice()) {
      if (!transaction.isCommitted) {
        transaction.isCommitted = true;
        this.#wal.push({ transaction });
      }
      this.#show(transaction);
    }
    for (let i = 0; i < 500 && !this.isDone; i++) {
      this.#backfill();
      while (this.#read < this.#wal.length) this.#stream();
    }
    while (this.#read < this.#wal.length) this.#stream();
  }

  #running(who: number): Transaction | undefined {
    return this.#open.filter(({ isCommitted }) => !isCommitted)[who];
  }

  /** Waits for nobody: what would have to is not done. */
  #write(transaction: Transaction | undefined, write: Write): void {
    if (transaction === undefined) return;
    const others = this.#open.filter((other) => other !== transaction).flatMap(({ writes }) => writes);
    const isHeld = write.kind === 'truncate' ? others.length > 0 : others.some(({ kind, key }) => kind === 'truncate' || key === write.key);
    if (isHeld) return;
    transaction.writes.push({ ...write, version: ++this.#version });
  }

  #show(transaction: Transaction | undefined): void {
    if (transaction === undefined) return;
    for (const { kind, key, version } of transaction.writes) {
      if (kind === 'truncate') this.table.clear();
      else if (kind === 'delete') this.table.delete(key);
      else this.table.set(key, version);
    }
    this.#end(transaction);
  }

  #end(transaction: Transaction | undefined): void {
    if (transaction === undefined) return;
    this.#open.splice(this.#open.indexOf(transaction), 1);
    this.#completed = Math.max(this.#completed, transaction.xid);
  }

  /** A transaction of its own, seen at once. */
  #emit(mark: string): void {
    this.#completed = Math.max(this.#completed, this.#nextXid++);
    this.#wal.push({ mark });
  }

  #stream(): void {
    const record = this.#wal[this.#read];
    if (record === undefined) return;
    this.#read++;
    if ('mark' in record) return this.#marked(record.mark);
    const { xid, writes } = record.transaction;
    this.#recent.add(xid);
    const window = this.#chunk?.window ?? null;
    for (const { kind, key, version, wanted } of writes) {
      if (kind === 'truncate') {
        window?.truncate();
        for (const [one, { isThere }] of this.received) if (isThere) this.#receive(one, version, false);
        continue;
      }
      if (this.#breakage !== 'touched') window?.touch(key, wanted);
      if (wanted) this.#receive(key, version, kind === 'put');
    }
  }

  #receive(key: string, version: number, isThere: boolean): void {
    const before = this.received.get(key)?.version ?? 0;
    if (version < before) this.violations.push(`${key} went from ${before} back to ${version}`);
    this.received.set(key, { version, isThere });
  }

  #marked(mark: string): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    if (mark === chunk.low) chunk.window = new ChunkWindow(this.#recent, 3);
    if (mark !== chunk.high) return;
    const { window, read } = chunk;
    this.#chunk = null;
    if (window === null || read === null) return void this.violations.push('a chunk ends before it has begun');
    const snapshot: Snapshot = this.#breakage === 'torn' ? { ...read.snapshot, xmin: this.#nextXid } : read.snapshot;
    const merged = window.merge(read.rows.map(({ key }) => key), snapshot, this.#breakage === 'doubtful' ? [] : read.doubtful);
    if (merged.kind !== 'merged') return;
    for (const i of merged.send) {
      const row = read.rows[i];
      if (row !== undefined) this.#receive(row.key, row.version, true);
    }
    const again = this.#breakage === 'again' ? [] : merged.again.map((i) => read.rows[i]?.key ?? '');
    this.#progress = { after: read.after, again, isDone: read.isLast && again.length === 0 };
  }

  /** The next thing that the backfill does. */
  #backfill(): void {
    if (this.isDone) return;
    const chunk = this.#chunk;
    if (chunk === null) {
      const number = ++this.#chunks;
      const name = `${this.#run}:${number}`;
      this.#chunk = { number, low: `${name}:low`, high: `${name}:high`, window: null, read: null, isMarked: false };
      this.#emit(this.#chunk.low);
    } else if (chunk.read === null) {
      chunk.read = this.#readChunk();
    } else if (!chunk.isMarked) {
      chunk.isMarked = true;
      this.#emit(chunk.high);
    }
  }

  #readChunk(): NonNullable<Chunk['read']> {
    const { after, again } = this.#progress;
    const rows = [...this.table].map(([key, version]): Row => ({ key, version })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const page = rows.filter(({ key }) => after === null || key > after).slice(0, CHUNK);
    const snapshot: Snapshot = {
      xmin: Math.min(this.#completed + 1, ...this.#open.map(({ xid }) => xid)),
      xmax: this.#completed + 1,
      inProgress: new Set(this.#open.map(({ xid }) => xid).filter((xid) => xid <= this.#completed)),
    };
    // As pg_locks tells: what has written to the table, and is not over.
    const writers = new Set(this.#open.filter(({ writes }) => writes.length > 0).map(({ xid }) => xid));
    const doubtful = this.#recent.forgotten(snapshot).filter((xid) => writers.has(xid));
    return { rows: [...page, ...rows.filter(({ key }) => again.includes(key))], snapshot, doubtful, isLast: page.length < CHUNK, after: page.at(-1)?.key ?? after };
  }

  /** The process begins, for the first time or after it was killed. What the stream brought stays brought. */
  #beginRun(): void {
    this.#run++;
    this.#chunk = null;
    this.#recent = new RecentTransactions(8);
    this.#recent.begin(this.#nextXid++);
    this.#completed = Math.max(this.#completed, this.#nextXid - 1);
  }
}
