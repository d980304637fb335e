import { isBefore, type Snapshot, sees } from './snapshot.ts';

/** How many are remembered; a power of two. */
const MOST = 65_536;

/**
 * The transactions that the stream has brought lately. A commit is in the WAL, and so in the stream, some time before other sessions see it:
 * with synchronous replication, for as long as the standby takes. A query that runs in between reads rows that are older than what the
 * stream has told of them, and can be known by this memory alone.
 */
export class RecentTransactions {
  readonly #xids: Uint32Array;
  #count = 0;
  /** Transactions from here on cannot have been in the stream without being remembered; null: not known yet. */
  #horizon: number | null = null;

  /** @param most a power of two */
  constructor(most = MOST) {
    this.#xids = new Uint32Array(most);
  }

  /** How many the stream has brought: the place of the next. */
  get count(): number {
    return this.#count;
  }

  /** @param xid one that was given out after this memory began */
  begin(xid: number): void {
    if (this.#horizon === null || isBefore(this.#horizon, xid)) this.#horizon = xid;
  }

  add(xid: number): void {
    const place = this.#count & (this.#xids.length - 1);
    if (this.#count >= this.#xids.length) this.begin(((this.#xids[place] ?? 0) + 1) >>> 0);
    this.#xids[place] = xid;
    this.#count++;
  }

  /** True if the stream had brought, before it came to `place`, a transaction that the snapshot does not see. */
  wasAheadOf(snapshot: Snapshot, place: number): boolean {
    for (let i = this.#first; i < place; i++) {
      if (!sees(snapshot, this.#at(i))) return true;
    }
    return false;
  }

  /** Of the transactions that the snapshot does not see, those that may have been in the stream so long ago that nobody remembers. */
  forgotten(snapshot: Snapshot): number[] {
    const horizon = this.#horizon;
    const old = [...snapshot.inProgress].filter((xid) => horizon === null || isBefore(xid, horizon));
    return old.filter((xid) => !this.hasSince(xid, this.#first));
  }

  /** True if the stream has brought it since it came to `place`. */
  hasSince(xid: number, place: number): boolean {
    for (let i = Math.max(place, this.#first); i < this.#count; i++) if (this.#at(i) === xid) return true;
    return false;
  }

  get #first(): number {
    return Math.max(0, this.#count - this.#xids.length);
  }

  #at(i: number): number {
    return this.#xids[i & (this.#xids.length - 1)] ?? 0;
  }
}
