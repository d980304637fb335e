import { type RawBuilder, sql } from 'kysely';
import { bytesInMemory, type Delivery, type RequestShape } from '../delivery.ts';
import { parseLsn } from '../lsn.ts';
import type { Failure, Stored } from '../queue/port.ts';
import { bigintArray, bytesArray, doubleArray, integerArray, lsnArray, textArray, utf8Array } from './binary-array.ts';
import type { Cipher, Place } from './cipher.ts';
import { headersText, parseHeaders } from './headers-text.ts';

const SENT = 'key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, trace, method, path, content_type, headers, body, attempts';

/** The columns of a dead letter that say what is sent. It takes no part in a cooldown any more, so its row is not among them. */
export const DEAD_COLUMNS = sql.raw(SENT);

/** The columns of a parked delivery that say what is sent. */
export const DELIVERY_COLUMNS = sql.raw(`${SENT}, row_hash`);

/** What DELIVERY_COLUMNS are made from. */
export interface DeliveryInput {
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly failure: Failure | null;
  /** Absent where the table has no such column. */
  readonly dueIn?: number;
}

/**
 * A query that gives DELIVERY_COLUMNS, committed_ms, due_in, failure, status, message and response of a batch: one round
 * trip and one plan, whatever its size. What many rows share is sent once, and a row has its index: a column of unnest()
 * costs the server more than the value does. What is sealed is shared by none.
 */
export function deliveryRows(batch: readonly DeliveryInput[], cipher: Cipher): RawBuilder<unknown> {
  const of = <T>(value: (delivery: Delivery) => T): T[] => batch.map(({ delivery }) => value(delivery));
  const requests = numbered(batch);
  // An element of an array of text is found by walking to it, so that many of them are dearer than a column of unnest().
  const seals = cipher.sealsBy !== null;
  const isTemplated = requests.size > MOST_SHARED || (seals && [...requests.keys()].some(({ path, headers }) => path !== null || headers.length > 0));
  const shapes = new Distinct(batch, ({ delivery: { request, operation, table } }) => `${isTemplated ? kindOf(request) : requests.get(request)} ${operation} ${table}`);
  const failures = new Distinct(batch, ({ failure: f }) => (f === null ? '' : [f.failure, f.status, f.message, f.response].join('\0')));
  const shared = (value: (delivery: Delivery) => string | null): RawBuilder<unknown> =>
    sql`(${textArray(shapes.first.map(({ delivery }) => value(delivery)))}::text[])[shape]`;
  const failed = (value: (failure: Failure) => string): RawBuilder<unknown> =>
    sql`(${textArray(failures.first.map(({ failure }) => (failure === null ? null : storable(value(failure)))))}::text[])[why]`;
  const endpoint = shared((d) => d.request.endpoint);
  // What most deliveries have not is sent with the batches that have it.
  const rowHashes = optional('row_hash', of(({ row }) => row));
  const traces = optional('trace', of(({ trace }) => trace));
  const sealed = (column: string, value: (delivery: Delivery) => string | null): (string | null)[] => of((d) => sealedText(cipher, value(d), placeOf(d, column)));
  const templated = isTemplated ? sql`, ${textArray(sealed('path', pathText))}::text[], ${textArray(sealed('headers', headersOf))}::text[]` : sql``;
  const responses = seals ? sql`, ${textArray(batch.map(({ delivery, failure }) => responseText(cipher, failure, placeOf(delivery, 'response'))))}::text[]` : sql``;
  const bodies = seals ? bytesArray(of((d) => cipher.sealBytes(d.body, placeOf(d, 'body')))) : utf8Array(of((d) => d.body));
  return sql`
    select id || ' ' || ${endpoint} as key, ${endpoint} as endpoint, id, ${shared((d) => d.request.hook)} as hook, lane, commit_lsn, ordinal, nth,
      ${shared((d) => d.operation)} as operation, ${shared((d) => d.table)} as table_name, ${rowHashes.value} as row_hash, ${traces.value} as trace, ${shared((d) => d.request.method)} as method,
      ${isTemplated ? sql`path` : shared(pathText)} as path, ${shared((d) => d.request.contentType)} as content_type,
      ${isTemplated ? sql`headers` : shared(headersOf)} as headers, body, attempts, committed_ms, due_in,
      ${failed((f) => f.failure)} as failure, (${integerArray(failures.first.map(({ failure }) => failure?.status ?? null))}::integer[])[why] as status,
      ${failed((f) => f.message)} as message, ${seals ? sql`response` : failed((f) => f.response)} as response
    from unnest(${integerArray(shapes.indexes)}::integer[], ${integerArray(failures.indexes)}::integer[], ${textArray(of((d) => d.id))}::text[],
        ${bigintArray(of((d) => d.lane))}::bigint[], ${lsnArray(of((d) => d.sequence.commitLsn))}::pg_lsn[],
        ${bigintArray(of((d) => d.sequence.ordinal))}::bigint[], ${integerArray(of((d) => d.sequence.nth))}::integer[],
        ${bodies}::bytea[], ${integerArray(batch.map((item) => item.attempts))}::integer[],
        ${doubleArray(of((d) => d.committedAt))}::double precision[], ${doubleArray(batch.map((item) => item.dueIn ?? 0))}::double precision[]${templated}${rowHashes.array}${traces.array}${responses})
      as input (shape, why, id, lane, commit_lsn, ordinal, nth, body, attempts, committed_ms, due_in${sql.raw(isTemplated ? ', path, headers' : '')}${rowHashes.name}${traces.name}${sql.raw(seals ? ', response' : '')})`;
}

/** A column of texts, or of nulls where there are none. */
function optional(column: string, texts: readonly (string | undefined)[]): Readonly<Record<'array' | 'name' | 'value', RawBuilder<unknown>>> {
  if (texts.every((text) => text === undefined)) return { array: sql``, name: sql``, value: sql`null::text` };
  return { array: sql`, ${textArray(texts.map((text) => text ?? null))}::text[]`, name: sql.raw(`, ${column}`), value: sql.raw(column) };
}

function pathText({ request: { path } }: Delivery): string | null {
  return path === null ? null : storable(path);
}

function headersOf({ request: { headers } }: Delivery): string | null {
  return headersText(headers);
}

/** How many request shapes of a batch are sent as shared ones. */
const MOST_SHARED = 32;

/** Deliveries of a hook share the object, unless its path or headers have templates: then each has its own. */
function numbered(batch: readonly DeliveryInput[]): Map<RequestShape, number> {
  const numbers = new Map<RequestShape, number>();
  for (const { delivery } of batch) if (!numbers.has(delivery.request)) numbers.set(delivery.request, numbers.size);
  return numbers;
}

/** What of a shape has no templates, or few different outcomes. */
function kindOf({ hook, endpoint, method, contentType }: RequestShape): string {
  return [hook, endpoint, method ?? '', contentType ?? ''].join('\0');
}

/** The first of each kind, and for each item the index of its kind, counted from 1 as Postgres does. */
class Distinct<T> {
  readonly first: T[] = [];
  readonly indexes: number[] = [];

  constructor(items: readonly T[], kind: (item: T) => string) {
    const known = new Map<string, number>();
    for (const item of items) {
      const of = kind(item);
      let index = known.get(of);
      if (index === undefined) known.set(of, (index = this.first.push(item)));
      this.indexes.push(index);
    }
  }
}

/** Arguments of unnest() for the columns failure, status, message, response; `keys` of the rows they are for. */
export function failureArrays(failures: readonly (Failure | null)[], keys: readonly string[], cipher: Cipher): RawBuilder<unknown> {
  const text = (value: (failure: Failure) => string): RawBuilder<unknown> =>
    sql`${textArray(failures.map((failure) => (failure === null ? null : storable(value(failure)))))}::text[]`;
  return sql.join([
    text((f) => f.failure),
    sql`${integerArray(failures.map((f) => f?.status ?? null))}::integer[]`,
    text((f) => f.message),
    sql`${textArray(failures.map((failure, n) => responseText(cipher, failure, { column: 'response', key: keys[n] ?? '' })))}::text[]`,
  ]);
}

function responseText(cipher: Cipher, failure: Failure | null, place: Place): string | null {
  return failure === null ? null : sealedText(cipher, storable(failure.response), place);
}

/** Null, and what tells nothing, stays as it is. */
export function sealedText(cipher: Cipher, text: string | null, place: Place): string | null {
  return text === null || text === '' || cipher.sealsBy === null ? text : cipher.sealText(text, place);
}

/** Postgres' text has no U+0000, but an endpoint's response may. By U+0001 what is sealed is known. */
function storable(text: string): string {
  const whole = text.replaceAll('\0', '\u{fffd}');
  return whole.startsWith('\u0001') ? `\u{fffd}${whole.slice(1)}` : whole;
}

function placeOf({ id, request: { endpoint } }: Delivery, column: string): Place {
  return { column, key: deliveryKey(id, endpoint) };
}

/** What tells one delivery from every other: an id is the same for each endpoint of its hook. */
export function deliveryKey(id: string, endpoint: string): string {
  return `${id} ${endpoint}`;
}

/** A row of parked, with `committed_ms` for committed_at and `due_in` for due_at, both in milliseconds. */
export interface DeliveryRow {
  readonly endpoint: string;
  readonly id: string;
  readonly hook: string;
  readonly lane: string;
  readonly commit_lsn: string;
  readonly ordinal: string;
  readonly nth: number;
  readonly operation: string;
  readonly table_name: string;
  readonly row_hash: string | null;
  readonly trace: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly content_type: string | null;
  readonly headers: string | null;
  readonly body: Buffer;
  readonly attempts: number;
  readonly committed_ms: string;
  readonly due_in: number;
}

/** Rows to deliveries; those with an equal request shape share one. @throws WalhookError as `Cipher.openBytes` */
export function toStored(rows: readonly DeliveryRow[], cipher: Cipher): Stored[] {
  const shapes = new Map<string, RequestShape>();
  return rows.map((row) => {
    const at = deliveryKey(row.id, row.endpoint);
    const { body, path, headers } = opened(row, at, cipher);
    const key = JSON.stringify([row.endpoint, row.hook, row.method, path, row.content_type, headers]);
    let request = shapes.get(key);
    if (request === undefined) {
      request = { hook: row.hook, endpoint: row.endpoint, method: row.method, path, contentType: row.content_type, headers: parseHeaders(headers) };
      shapes.set(key, request);
    }
    const delivery: Delivery = {
      id: row.id,
      request,
      lane: Number(row.lane),
      sequence: { commitLsn: parseLsn(row.commit_lsn), ordinal: Number(row.ordinal), nth: row.nth },
      ...(row.row_hash === null ? {} : { row: row.row_hash }),
      ...(row.trace === null ? {} : { trace: row.trace }),
      operation: row.operation,
      table: row.table_name,
      body,
      bytes: bytesInMemory(body, request),
      committedAt: Number(row.committed_ms),
    };
    return { delivery, attempts: row.attempts, dueIn: row.due_in };
  });
}

interface Sealable {
  readonly path: string | null;
  readonly headers: string | null;
  readonly body: Buffer;
}

/** What of a row may be sealed, as it was; `key`: the row's. @throws WalhookError as `Cipher.openBytes` */
export function opened({ path, headers, body }: Sealable, key: string, cipher: Cipher): { readonly path: string | null; readonly headers: string | null; readonly body: string } {
  const text = (column: string, value: string | null): string | null => (value === null ? null : cipher.openText(value, { column, key }));
  return { path: text('path', path), headers: text('headers', headers), body: cipher.openBytes(body, { column: 'body', key }) };
}
