import type { Delivery, Headers } from '../delivery.ts';
import type { KeptAttempt } from '../kept-attempts.ts';
import type { FailureClass, Outcome } from '../outcome.ts';
import type { AttemptReport } from '../traffic.ts';
import { Names } from './names.ts';
import { RecordRing } from './record-ring.ts';

export const ATTEMPTS_KEPT = 8_192;
const RING_BYTES = 4 * 1024 * 1024;
/** A larger body is not kept, for a part of it could not be sent again. */
export const LARGEST_BODY = 16 * 1024;
const LONGEST_MESSAGE = 1_024;
const LONGEST_RESPONSE = 4_096;
/** An id, path and headers beyond this are somebody's mistake: the attempt is passed over. */
const LONGEST_TEXT = 16 * 1024;

const RESULTS: readonly AttemptReport['result'][] = ['delivered', 'parked', 'dead'];
/** In a record, in this order; each may be null. */
const ID = 0;
const PATH = 1;
const CONTENT_TYPE = 2;
const HEADERS = 3;
const MESSAGE = 4;
const RESPONSE = 5;
const BODY = 6;
const TEXTS = 7;
const ABSENT = -1;
const NO_STATUS = 0;

/** Which attempts are meant: all for which everything that is given holds. */
export interface AttemptQuery {
  readonly result?: AttemptReport['result'];
  readonly endpoint?: string | undefined;
  readonly hook?: string | undefined;
  readonly table?: string | undefined;
}

/** The latest attempts, with what was sent and what was answered, in memory that is written over again and again. */
export class AttemptRing {
  readonly #ring: RecordRing;
  readonly #names = new Names();
  readonly #lengths: Int32Array;
  readonly #at: Float64Array;
  readonly #ms: Float64Array;
  readonly #committedAt: Float64Array;
  readonly #lane: Float64Array;
  readonly #commitLsn: BigUint64Array;
  readonly #ordinal: Float64Array;
  readonly #nth: Uint32Array;
  readonly #attempt: Uint32Array;
  readonly #bytes: Uint32Array;
  readonly #status: Uint16Array;
  readonly #result: Uint8Array;
  /** Numbers of the names of endpoint, hook, table, operation, method and failure. */
  readonly #named: Uint16Array;

  constructor({ slots = ATTEMPTS_KEPT, bytes = RING_BYTES }: { readonly slots?: number; readonly bytes?: number } = {}) {
    this.#ring = new RecordRing({ slots, bytes });
    this.#lengths = new Int32Array(slots * TEXTS);
    this.#at = new Float64Array(slots);
    this.#ms = new Float64Array(slots);
    this.#committedAt = new Float64Array(slots);
    this.#lane = new Float64Array(slots);
    this.#commitLsn = new BigUint64Array(slots);
    this.#ordinal = new Float64Array(slots);
    this.#nth = new Uint32Array(slots);
    this.#attempt = new Uint32Array(slots);
    this.#bytes = new Uint32Array(slots);
    this.#status = new Uint16Array(slots);
    this.#result = new Uint8Array(slots);
    this.#named = new Uint16Array(slots * NAMED);
  }

  /** Serials of the oldest and of the next to come. */
  get first(): number {
    return this.#ring.first;
  }

  get next(): number {
    return this.#ring.next;
  }

  /** False if it is too large to be kept. @param now when it ended, in Unix milliseconds */
  keep(delivery: Delivery, outcome: Outcome, { result, attempt, now }: { readonly result: AttemptReport['result']; readonly attempt: number; readonly now: number }): boolean {
    const { id, request, sequence, body } = delivery;
    const failed = outcome.kind === 'failed' ? outcome : null;
    const headers = headersText(request.headers);
    const message = failed === null ? null : failed.message.slice(0, LONGEST_MESSAGE);
    const response = failed === null ? null : failed.response.slice(0, LONGEST_RESPONSE);
    const bodyBytes = Buffer.byteLength(body);
    const keptBody = bodyBytes > LARGEST_BODY ? ABSENT : bodyBytes;
    const rest = lengthOf(id) + lengthOf(request.path) + lengthOf(request.contentType) + lengthOf(headers) + lengthOf(message) + lengthOf(response);
    if (rest > LONGEST_TEXT) return false;
    const serial = this.#ring.add(rest + Math.max(0, keptBody));
    const slot = serial % this.#ring.slots;
    let to = this.#ring.startOf(serial);
    to += this.#write(slot, ID, { text: id, to });
    to += this.#write(slot, PATH, { text: request.path, to });
    to += this.#write(slot, CONTENT_TYPE, { text: request.contentType, to });
    to += this.#write(slot, HEADERS, { text: headers, to });
    to += this.#write(slot, MESSAGE, { text: message, to });
    to += this.#write(slot, RESPONSE, { text: response, to });
    this.#write(slot, BODY, { text: keptBody === ABSENT ? null : body, to });
    this.#at[slot] = now;
    this.#ms[slot] = outcome.ms;
    this.#committedAt[slot] = delivery.committedAt;
    this.#lane[slot] = delivery.lane;
    this.#commitLsn[slot] = sequence.commitLsn;
    this.#ordinal[slot] = sequence.ordinal;
    this.#nth[slot] = sequence.nth;
    this.#attempt[slot] = attempt;
    this.#bytes[slot] = bodyBytes;
    this.#status[slot] = outcome.status ?? NO_STATUS;
    this.#result[slot] = RESULTS.indexOf(result);
    const at = slot * NAMED;
    this.#named[at + ENDPOINT] = this.#names.numberOf(request.endpoint);
    this.#named[at + HOOK] = this.#names.numberOf(request.hook);
    this.#named[at + TABLE] = this.#names.numberOf(delivery.table);
    this.#named[at + OPERATION] = this.#names.numberOf(delivery.operation);
    this.#named[at + METHOD] = this.#names.numberOf(request.method ?? '');
    this.#named[at + FAILURE] = this.#names.numberOf(failed?.failure ?? '');
    return true;
  }

  /** The attempt of a serial; null if it is not there any more. */
  get(serial: number): KeptAttempt | null {
    if (!this.#ring.has(serial)) return null;
    const slot = serial % this.#ring.slots;
    const status = this.#status[slot] ?? NO_STATUS;
    const text = (place: number): string | null => this.#read(serial, place)?.toString() ?? null;
    const body = this.#read(serial, BODY);
    return {
      id: text(ID) ?? '',
      endpoint: this.#name(slot, ENDPOINT),
      hook: this.#name(slot, HOOK),
      table: this.#name(slot, TABLE),
      operation: this.#name(slot, OPERATION),
      lane: this.#lane[slot] ?? 0,
      sequence: { commitLsn: this.#commitLsn[slot] ?? 0n, ordinal: this.#ordinal[slot] ?? 0, nth: this.#nth[slot] ?? 0 },
      committedAt: this.#committedAt[slot] ?? 0,
      at: this.#at[slot] ?? 0,
      ms: this.#ms[slot] ?? 0,
      attempt: this.#attempt[slot] ?? 0,
      result: RESULTS[this.#result[slot] ?? 0] ?? 'delivered',
      failure: (this.#name(slot, FAILURE) || null) as FailureClass | null,
      status: status === NO_STATUS ? null : status,
      message: text(MESSAGE),
      response: text(RESPONSE),
      method: this.#name(slot, METHOD) || null,
      path: text(PATH),
      contentType: text(CONTENT_TYPE),
      headers: text(HEADERS),
      // A copy, for the ring goes on.
      body: body === null ? null : Buffer.from(body),
      bytes: this.#bytes[slot] ?? 0,
    };
  }

  /** Serials of what is meant, the latest first. Looks at no text. */
  *find({ result, endpoint, hook, table }: AttemptQuery): Generator<number> {
    const [wantedResult, ...wanted] = [result === undefined ? null : RESULTS.indexOf(result), ...[endpoint, hook, table].map((name) => (name === undefined ? undefined : this.#names.find(name)))];
    // A name that nothing bears.
    if (wanted.includes(null)) return;
    for (let serial = this.next - 1; serial >= this.first; serial--) {
      const slot = serial % this.#ring.slots;
      if (wantedResult !== null && this.#result[slot] !== wantedResult) continue;
      if (wanted.every((number, place) => number === undefined || this.#named[slot * NAMED + place] === number)) yield serial;
    }
  }

  /** Serials of attempts at a delivery, the first first. */
  ofDelivery(id: string): number[] {
    const wanted = Buffer.from(id);
    const found: number[] = [];
    for (let serial = this.first; serial < this.next; serial++) {
      const there = this.#read(serial, ID);
      if (there !== null && there.equals(wanted)) found.push(serial);
    }
    return found;
  }

  #name(slot: number, place: number): string {
    return this.#names.nameOf(this.#named[slot * NAMED + place] ?? 0);
  }

  /** Gives the bytes that it took. */
  #write(slot: number, place: number, { text, to }: { readonly text: string | null; readonly to: number }): number {
    const length = text === null ? ABSENT : text === '' ? 0 : this.#ring.bytes.write(text, to);
    this.#lengths[slot * TEXTS + place] = length;
    return Math.max(0, length);
  }

  /** Valid until the next `keep`. */
  #read(serial: number, place: number): Buffer | null {
    const slot = serial % this.#ring.slots;
    let from = this.#ring.startOf(serial);
    for (let before = 0; before < place; before++) from += Math.max(0, this.#lengths[slot * TEXTS + before] ?? 0);
    const length = this.#lengths[slot * TEXTS + place] ?? ABSENT;
    return length === ABSENT ? null : this.#ring.bytes.subarray(from, from + length);
  }
}

const ENDPOINT = 0;
const HOOK = 1;
const TABLE = 2;
const OPERATION = 3;
const METHOD = 4;
const FAILURE = 5;
const NAMED = 6;

function lengthOf(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text);
}

/** As the state schema keeps them. */
function headersText(headers: Headers): string | null {
  return headers.length === 0 ? null : JSON.stringify(headers);
}
