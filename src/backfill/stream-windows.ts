import type { Lsn } from '../lsn.ts';
import { type Mark, readMark } from './mark.ts';
import { RecentTransactions } from './recent-transactions.ts';
import { ChunkWindow } from './window.ts';

/** A place in the stream, behind all that came before it and before all that comes after. */
export interface StreamPlace {
  readonly commitLsn: Lsn;
  readonly ordinal: number;
}

/** A change of a row, as far as it matters to those who read the table. */
export interface Touch {
  /** What tells the row, by the columns named. Null: the WAL does not tell. See RowIdentity. */
  readonly keys: readonly (string | null)[];
  readonly columns: readonly string[];
  /** True if it is sent for a hook. */
  readonly isSentFor: (hook: string) => boolean;
}

export interface AwaitedChunk extends Pick<Mark, 'backfill' | 'run' | 'chunk'> {
  readonly hook: string;
  /** `schema.table` of the configuration. */
  readonly table: string;
  /** Columns that tell its rows: see RowIdentity. */
  readonly columns: readonly string[];
  /** The stream has come to its end: what is left of it takes its place here. Never throws. */
  readonly onEnd: (window: ChunkWindow, place: StreamPlace) => void;
  /** Its marks do not come any more. */
  readonly onLost: () => void;
}

interface Awaited {
  readonly chunk: AwaitedChunk;
  window: ChunkWindow | null;
  /** Without marks: it ends where the stream has come to. Null until that is known. */
  endsAt: Lsn | null;
  /** With marks: they come before this, or never. Null until that is known. */
  comesBefore: Lsn | null;
}

/** The chunks that are being read, as the stream goes by: it opens and closes their windows, and shows them what it brings meanwhile. */
export class StreamWindows {
  readonly #recent = new RecentTransactions();
  readonly #awaited = new Set<Awaited>();
  /** Up to here all has been read; null within a transaction. */
  #reached: Lsn | null = null;

  /** True while somebody wants to be told of changes. */
  get isOpen(): boolean {
    return this.#awaited.size > 0;
  }

  get recent(): RecentTransactions {
    return this.#recent;
  }

  /** The window opens and closes where the stream brings the chunk's marks. Gives what ends it before that. */
  awaitMarks(chunk: AwaitedChunk): () => void {
    const awaited: Awaited = { chunk, window: null, endsAt: null, comesBefore: null };
    this.#awaited.add(awaited);
    return () => void this.#awaited.delete(awaited);
  }

  /** The window opens now, and closes where the stream has come to an LSN, which is told later. */
  openNow(chunk: AwaitedChunk): { readonly endAt: (lsn: Lsn) => void; readonly cancel: () => void } {
    const awaited: Awaited = { chunk, window: new ChunkWindow(this.#recent), endsAt: null, comesBefore: null };
    this.#awaited.add(awaited);
    return {
      endAt: (lsn) => {
        awaited.endsAt = firstOfPage(lsn);
        if (this.#reached !== null) this.reached(this.#reached);
      },
      cancel: () => void this.#awaited.delete(awaited),
    };
  }

  /** An LSN behind the marks of a chunk, which are written. Where the stream has come to it without them a server is gone that alone had them. */
  marksComeBefore(chunk: AwaitedChunk, lsn: Lsn): void {
    for (const awaited of this.#awaited) if (awaited.chunk === chunk) awaited.comesBefore = firstOfPage(lsn);
    if (this.#reached !== null) this.reached(this.#reached);
  }

  /** A transaction begins. */
  began(xid: number): void {
    this.#reached = null;
    this.#recent.add(xid);
  }

  /** @param touch made once, if a window is open for the table */
  touched(table: string, touch: () => Touch): void {
    let made: Touch | null = null;
    for (const { chunk, window } of this.#awaited) {
      if (window === null || chunk.table !== table) continue;
      const { keys, columns, isSentFor } = (made ??= touch());
      const isSent = isSentFor(chunk.hook);
      // The table's identity is another one now: its rows cannot be told by this.
      const isKnown = columns.length === chunk.columns.length && columns.every((name, i) => name === chunk.columns[i]);
      for (const key of keys) window.touch(isKnown ? key : null, isSent);
    }
  }

  truncated(table: string): void {
    for (const { chunk, window } of this.#awaited) if (chunk.table === table) window?.truncate();
  }

  /** A logical message of our prefix. */
  message(text: string, place: StreamPlace): void {
    const mark = readMark(text);
    if (mark === null) return;
    for (const awaited of this.#awaited) {
      const { backfill, run, chunk } = awaited.chunk;
      if (backfill !== mark.backfill || run !== mark.run || chunk !== mark.chunk) continue;
      if (mark.side === 'low') awaited.window ??= new ChunkWindow(this.#recent);
      else if (awaited.window !== null) this.#end(awaited, awaited.window, place);
    }
  }

  /** All that was committed before `lsn` has been read, and no transaction is open. */
  reached(lsn: Lsn): void {
    this.#reached = lsn;
    for (const awaited of this.#awaited) {
      const { comesBefore, endsAt, window } = awaited;
      if (comesBefore !== null && comesBefore <= lsn) {
        this.#awaited.delete(awaited);
        awaited.chunk.onLost();
      }
      // Behind the last commit record, and before whatever comes.
      if (endsAt !== null && endsAt <= lsn && window !== null) this.#end(awaited, window, { commitLsn: lsn - 1n, ordinal: 0 });
    }
  }

  #end(awaited: Awaited, window: ChunkWindow, place: StreamPlace): void {
    this.#awaited.delete(awaited);
    awaited.chunk.onEnd(window, place);
  }
}

/** wal_block_size, unless Postgres was built otherwise; the longest header of a page. */
const WAL_PAGE = 8192n;
const PAGE_HEADER = 40n;

/** Where nothing is on a page yet but its header, the stream has come to all there is where the page begins. */
function firstOfPage(lsn: Lsn): Lsn {
  const within = lsn % WAL_PAGE;
  return within <= PAGE_HEADER ? lsn - within : lsn;
}
