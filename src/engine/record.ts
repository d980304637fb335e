import type { Delivery, RequestShape } from '../delivery.ts';
import { bytesInMemory, NO_HEADERS } from '../delivery.ts';
import { formatLsn, NO_LSN, parseLsn } from '../lsn.ts';
import { WalhookError } from '../errors.ts';
import type { FailureClass } from '../outcome.ts';
import type { EngineRecord, ReadRecord } from './port.ts';

/*
 * A delivery as a record of the engine's topic. Its key is the lane, its value the exact body, so that a topic can be read
 * by people; one header has the rest, two lines of JSON: the request, which many deliveries share, and what is the
 * delivery's own.
 */

/** Name of the one header. */
export const HEADER = 'walhook';
/** What a reader must know of the format; a newer one is refused rather than misread. */
const VERSION = 1;

/** Why a delivery cannot be sent: it becomes a dead letter where it is read. */
export interface RecordFailure {
  readonly failure: FailureClass;
  readonly status: number | null;
  readonly message: string;
  readonly response: string;
}

/** The second line of the header. */
interface Own {
  readonly v: number;
  readonly id: string;
  /** Commit LSN, the change's place in its transaction, the delivery's among those of its change. */
  readonly at: readonly [lsn: string, ordinal: number, nth: number];
  readonly op: string;
  readonly table: string;
  /** Unix milliseconds. */
  readonly committed: number;
  readonly row?: string;
  readonly trace?: string;
  readonly failure?: RecordFailure;
}

/** The partition of a lane. The state's queries reckon the same way: see store/parked-index.ts. */
export function partitionOf(lane: number, partitions: number): number {
  return lane % partitions;
}

/** Writes records. One for each process: it remembers the JSON of what many of them share. */
export class RecordWriter {
  readonly #partitions: number;
  readonly #requests = new WeakMap<RequestShape, string>();
  /** Of the table and the commit that came last: rows of one transaction follow each other. */
  #table = { name: '', json: '""' };
  #commit = { lsn: NO_LSN, text: formatLsn(NO_LSN) };

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  write({ id, lane, request, sequence: { commitLsn, ordinal, nth }, operation, table, committedAt, row, trace, body }: Delivery, failure: RecordFailure | null): EngineRecord {
    let shape = this.#requests.get(request);
    if (shape === undefined) {
      shape = `${JSON.stringify(request)}\n`;
      this.#requests.set(request, shape);
    }
    if (table !== this.#table.name) this.#table = { name: table, json: JSON.stringify(table) };
    if (commitLsn !== this.#commit.lsn) this.#commit = { lsn: commitLsn, text: formatLsn(commitLsn) };
    // As JSON.stringify writes Own, which takes three times as long.
    const own = `{"v":${VERSION},"id":${quoted(id)},"at":["${this.#commit.text}",${ordinal},${nth}],"op":${quoted(operation)},"table":${this.#table.json},"committed":${committedAt}${member('row', row)}${member('trace', trace)}${member('failure', failure ?? undefined)}}`;
    return { partition: partitionOf(lane, this.#partitions), key: String(lane), value: body, header: shape + own };
  }
}

/** Characters that JSON.stringify writes as they are. */
const AS_IT_IS = /^[ !#-[\]-~]*$/;

/** As JSON.stringify writes it, which takes several times as long. */
function quoted(text: string): string {
  return AS_IT_IS.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A member of an object, behind others; nothing if there is none. */
function member(name: string, value: unknown): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}

export interface ReadDelivery {
  readonly delivery: Delivery;
  readonly failure: RecordFailure | null;
}

/** So many different requests are remembered; templates may make many. */
const MOST_REQUESTS = 10_000;

/** Reads records. One for each process: deliveries whose requests are the same share them. */
export class DeliveryReader {
  readonly #requests = new Map<string, RequestShape>();

  /**
   * Null if it is no record of walhook's.
   * @throws WalhookError `engine_record`, without values, if it is one, but cannot be read: it is of a newer walhook
   */
  read({ key, value, headers }: ReadRecord): ReadDelivery | null {
    const header = headers.find(([name]) => name?.toString() === HEADER)?.[1]?.toString();
    if (header === undefined) return null;
    if (value === null) throw unreadable('it is not as walhook writes one');
    return this.reread({ key: key?.toString() ?? '', value: value.toString(), header });
  }

  /** What a RecordWriter has written. */
  reread({ key, value: body, header }: Omit<EngineRecord, 'partition'>): ReadDelivery {
    const end = header.indexOf('\n');
    const lane = key === '' ? Number.NaN : Number(key);
    if (end === -1 || !Number.isSafeInteger(lane)) throw unreadable('it is not as walhook writes one');
    const own = parsed(header.slice(end + 1)) as Own;
    if (own.v !== VERSION) throw unreadable(`it is of version ${own.v}, and this walhook reads ${VERSION}`, 'upgrade the workers before the tail');
    const request = this.#request(header.slice(0, end));
    const [lsn, ordinal, nth] = own.at;
    const delivery: Delivery = {
      id: own.id,
      request,
      lane,
      sequence: { commitLsn: parseLsn(lsn), ordinal, nth },
      row: own.row,
      trace: own.trace,
      operation: own.op,
      table: own.table,
      body,
      bytes: bytesInMemory(body, request),
      committedAt: own.committed,
    };
    return { delivery, failure: own.failure ?? null };
  }

  #request(text: string): RequestShape {
    const known = this.#requests.get(text);
    if (known !== undefined) return known;
    const read = parsed(text) as RequestShape;
    const request: RequestShape = { ...read, headers: read.headers.length === 0 ? NO_HEADERS : read.headers };
    if (this.#requests.size >= MOST_REQUESTS) this.#requests.clear();
    this.#requests.set(text, request);
    return request;
  }
}

/** The parser's own message would quote what it read. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw unreadable('its header is not what walhook writes');
  }
}

function unreadable(why: string, hint = 'let walhook alone write to the topic'): WalhookError {
  return new WalhookError(`a record of the engine cannot be read: ${why}`, { code: 'engine_record', hint });
}
