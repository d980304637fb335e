/** What the suite tells the receiver's process, and what it answers. */
export type Order =
  /** Counts until it has had so many requests, or rows in their bodies, and tells how long that took from the first behind `skip`. Bodies are kept of `keep` requests. */
  | { readonly kind: 'count'; readonly what: 'requests' | 'rows'; readonly skip: number; readonly until: number; readonly keep: number }
  /** Tells, of so many requests with a time in their bodies, how long each took from that until it was here. */
  | { readonly kind: 'stamp'; readonly until: number }
  /** Keeps of each request that has a time in its body when it came, and which it is: tells when `until` different ones have come. */
  | { readonly kind: 'record'; readonly until: number }
  /** Tells what was kept so far. */
  | { readonly kind: 'report' }
  /** Answers after so many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'answer'; readonly status: 204 | 500 };

export type Reply =
  | { readonly kind: 'listening'; readonly port: number; readonly hangingPort: number }
  /** What was to be skipped has come: from now on it counts. */
  | { readonly kind: 'began' }
  | { readonly kind: 'counted'; readonly counted: Counted }
  | { readonly kind: 'stamped'; readonly latencies: readonly number[] }
  /** As many different ones as were wanted have come. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'recorded'; readonly arrivals: readonly Arrival[] };

/** A beat as it was received: when, when it was written (both in Unix milliseconds), and the how-manieth that was written it is. */
export type Arrival = readonly [at: number, sentAt: number, beat: number];

export interface Counted {
  /** Milliseconds from what was skipped to the last. */
  readonly ms: number;
  /** The part of that time that the receiver's process used a core: near 1, it is what holds up the rest. */
  readonly cpuShare: number;
  /** The mean time from a request to its answer, in milliseconds. */
  readonly answeredAfter: number;
  readonly bodies: readonly string[];
}

/** The column of a row that says when it was written, in Unix milliseconds by the server's clock. */
export const SENT_AT = 'sent_at';
/** The column that counts what is written. */
export const BEAT = 'beat';
