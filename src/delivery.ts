import { hash } from 'node:crypto';
import type { Lsn } from './lsn.ts';

/** What a request is besides its body. For a Kafka endpoint it is a record: `method` is PRODUCE, `path` as recordPath makes it (record-path.ts). Made once for each hook and endpoint and shared by their deliveries, but where it has templates. */
export interface RequestShape {
  readonly hook: string;
  readonly endpoint: string;
  /** Null: the endpoint's, as it is when the delivery is sent. */
  readonly method: string | null;
  /** Path and query to send to. Null: those of the endpoint's URL, as it is when the delivery is sent. */
  readonly path: string | null;
  /** What `Delivery.body` is. null: pairs for the URL's query, behind what it has; the request then has no body. */
  readonly contentType: string | null;
  /** The hook's own headers, which go before the endpoint's; names in lower case. */
  readonly headers: Headers;
}

/** True if requests of the two shapes differ in their bodies alone, whichever hooks they are of. */
export function sendsAlike(a: RequestShape, b: RequestShape): boolean {
  if (a === b) return true;
  if (a.method !== b.method || a.path !== b.path || a.contentType !== b.contentType || a.headers.length !== b.headers.length) return false;
  return a.headers.every(([name, value], i) => b.headers[i]?.[0] === name && b.headers[i][1] === value);
}

/** True if the body is JSON, so that several can be one array. Pairs of names and values cannot. */
export function isJson({ contentType }: RequestShape): boolean {
  return contentType !== null && contentType.endsWith('json');
}

export type Headers = readonly (readonly [name: string, value: string])[];

export const NO_HEADERS: Headers = [];

/**
 * Content type of a dead letter whose request could not be made, because an expression failed: its body only tells which event
 * it was. There is nothing in it to send.
 */
export const UNRENDERED = 'application/vnd.walhook.unrendered+json';

/**
 * Content type of a delivery whose request is still to be made: its hook looks something up first (`enrich`), which is done when it is
 * attempted. Its body is the event, without the values that are hidden: see enrich/draft.ts.
 */
export const DRAFT = 'application/vnd.walhook.draft+json';

/** The lane of a row that a hook sends by its schedule: its own, so that it holds up nothing that comes with the stream. @param row a hash of the row's key */
export function scheduledLane(hook: string, row: string): number {
  return Number.parseInt(hash('sha256', `${hook} ${row}`).slice(0, 13), 16);
}

/** What a delivery takes in memory besides its body and what its request has, in bytes: an estimate. */
const OVERHEAD = 512;

/** What a delivery counts against `limits.memory`, in bytes: path and headers may be its own. */
export function bytesInMemory(body: string, { path, headers }: Pick<RequestShape, 'path' | 'headers'>): number {
  let size = body.length + OVERHEAD + (path?.length ?? 0);
  for (const [name, value] of headers) size += name.length + value.length;
  return size;
}

/** The order of deliveries of one endpoint: commit LSN, then the change's place in its transaction, then the delivery's among those of its change. */
export interface Sequence {
  readonly commitLsn: Lsn;
  readonly ordinal: number;
  readonly nth: number;
}

/** True if `a` is in the order before `b`. */
export function precedes(a: Sequence, b: Sequence): boolean {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn;
  return a.ordinal === b.ordinal ? a.nth < b.nth : a.ordinal < b.ordinal;
}

/** One event for one hook and endpoint, until it is delivered or dead. */
export interface Delivery {
  /** webhook-id: the same across retries, restarts, crashes and replays. */
  readonly id: string;
  readonly request: RequestShape;
  /** The lane within the endpoint: a 53-bit hash of table and key, so it tells no values. Lanes that collide only share their order. */
  readonly lane: number;
  readonly sequence: Sequence;
  /** A hash of the row's key, where its hook has a cooldown; not that of a dead letter, which is sent when it is replayed. See RowHash. */
  readonly row?: string | undefined;
  /** The W3C traceparent that its change came with, where `tracing` is on and there was one. */
  readonly trace?: string | undefined;
  /** What the event says happened: for people and for the log. */
  readonly operation: string;
  /** `schema.table`. */
  readonly table: string;
  /** The exact body. */
  readonly body: string;
  /** What it counts against `limits.memory`, in bytes. */
  readonly bytes: number;
  /** When the change was committed, in Unix milliseconds. */
  readonly committedAt: number;
}
