/** What the suite tells the receiver's process, and what it answers. */
export type Order =
  /** Counts until it has had so many requests, or rows in their bodies, and tells when. Bodies are kept for `keep` requests. */
  | { readonly kind: 'count'; readonly what: 'requests' | 'rows'; readonly until: number; readonly keep: number }
  /** Tells, of so many requests, how long each took from the time in its body until it was here. */
  | { readonly kind: 'stamp'; readonly until: number }
  /** Answers after so many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'answer'; readonly status: 204 | 500 };

export type Reply =
  | { readonly kind: 'listening'; readonly port: number; readonly hangingPort: number }
  /** The first request that is counted. */
  | { readonly kind: 'began' }
  | { readonly kind: 'counted'; readonly counted: Counted }
  | { readonly kind: 'stamped'; readonly latencies: readonly number[] };

export interface Counted {
  /** Milliseconds from the first request to the last. */
  readonly ms: number;
  readonly requests: number;
  /** The part of that time that the receiver's process used a core: near 1, it is what holds up the rest. */
  readonly cpuShare: number;
  /** The mean time from a request to its answer, in milliseconds. */
  readonly answeredAfter: number;
  readonly bodies: readonly string[];
}

/** The column of a row that says when it was written, in Unix milliseconds by the server's clock. */
export const SENT_AT = 'sent_at';
