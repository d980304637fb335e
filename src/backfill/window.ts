import type { RecentTransactions } from './recent-transactions.ts';
import type { Snapshot } from './snapshot.ts';

/** A window takes this many rows that were touched; with more, its chunk is read again, in smaller parts. */
const MOST_TOUCHED = 1_000_000;

/** What is left of a chunk when the stream has come to its end. */
export type Merged =
  | {
      readonly kind: 'merged';
      /** Places in the chunk of the rows to be sent: the stream has told nothing of them meanwhile. */
      readonly send: readonly number[];
      /** Places of rows that were touched in a way that the hook does not send: they have to be read again, for nobody else tells of them. */
      readonly again: readonly number[];
    }
  /** The chunk has rows that are older than what the stream told before the window opened: it must be read again. */
  | { readonly kind: 'torn' }
  /** Too much was touched: it must be read again in smaller parts. */
  | { readonly kind: 'crowded' };

/** What the stream tells between the moment before a chunk is read and the moment after it. */
export class ChunkWindow {
  readonly #recent: RecentTransactions;
  readonly #most: number;
  /** Where the stream was when the window opened, counted in transactions. */
  readonly #openedAt: number;
  /** Rows that were touched; true: what happened was sent. */
  readonly #touched = new Map<string, boolean>();
  #isCrowded = false;
  #isTruncated = false;
  #isTorn = false;

  constructor(recent: RecentTransactions, most = MOST_TOUCHED) {
    this.#recent = recent;
    this.#most = most;
    this.#openedAt = recent.count;
  }

  /**
   * The stream has brought a change of a row.
   *
   * @param key what tells the row: see RowIdentity. Null: it could be any.
   * @param isSent the hook sends it
   */
  touch(key: string | null, isSent: boolean): void {
    if (this.#isCrowded) return;
    if (key === null) {
      this.#isTorn = true;
      return;
    }
    if (isSent || !this.#touched.has(key)) this.#touched.set(key, isSent);
    if (this.#touched.size <= this.#most) return;
    this.#isCrowded = true;
    this.#touched.clear();
  }

  /** The table has been emptied. */
  truncate(): void {
    this.#isTruncated = true;
    this.#touched.clear();
  }

  /**
   * The stream has come to the end of the window.
   *
   * @param keys of the chunk's rows, in their order
   * @param doubtful transactions that the snapshot does not see and that may have been in the stream before anybody remembers
   */
  merge(keys: readonly string[], snapshot: Snapshot, doubtful: readonly number[] = []): Merged {
    const isOld = this.#recent.wasAheadOf(snapshot, this.#openedAt) || doubtful.some((xid) => !this.#recent.hasSince(xid, this.#openedAt));
    if (this.#isTorn || isOld) return { kind: 'torn' };
    if (this.#isCrowded) return { kind: 'crowded' };
    const send: number[] = [];
    const again: number[] = [];
    for (const [i, key] of keys.entries()) {
      const isSent = this.#touched.size === 0 ? undefined : this.#touched.get(key);
      if (isSent === false) again.push(i);
      else if (isSent === undefined && !this.#isTruncated) send.push(i);
    }
    return { kind: 'merged', send, again };
  }
}
