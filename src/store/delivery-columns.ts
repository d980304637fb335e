import { type RawBuilder, sql } from 'kysely';
import type { Delivery, RequestShape } from '../delivery.ts';
import { parseLsn } from '../lsn.ts';
import type { Failure, Stored } from '../queue/port.ts';
import { bigintArray, integerArray, lsnArray, textArray, utf8Array } from './binary-array.ts';

/** The columns that say what is sent, in the order of `deliveryArrays`. */
export const DELIVERY_COLUMNS = sql.raw(
  'key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, method, path, content_type, body, attempts',
);

/** What DELIVERY_COLUMNS are made from. */
export interface DeliveryInput {
  readonly delivery: Delivery;
  readonly attempts: number;
}

/** Arguments of unnest() that make DELIVERY_COLUMNS, one array a column: one round trip and one plan for a batch of any size. */
export function deliveryArrays(batch: readonly DeliveryInput[]): RawBuilder<unknown> {
  const of = <T>(value: (delivery: Delivery) => T): T[] => batch.map(({ delivery }) => value(delivery));
  const text = (value: (delivery: Delivery) => string | null): RawBuilder<unknown> => sql`${textArray(of(value))}::text[]`;
  return sql.join([
    text((d) => deliveryKey(d.id, d.request.endpoint)),
    text((d) => d.request.endpoint),
    text((d) => d.id),
    text((d) => d.request.hook),
    sql`${bigintArray(of((d) => d.lane))}::bigint[]`,
    sql`${lsnArray(of((d) => d.sequence.commitLsn))}::pg_lsn[]`,
    sql`${bigintArray(of((d) => d.sequence.ordinal))}::bigint[]`,
    sql`${integerArray(of((d) => d.sequence.nth))}::integer[]`,
    text((d) => d.operation),
    text((d) => d.table),
    text((d) => d.request.method),
    text((d) => d.request.path),
    text((d) => d.request.contentType),
    sql`${utf8Array(of((d) => d.body))}::bytea[]`,
    sql`${integerArray(batch.map((item) => item.attempts))}::integer[]`,
  ]);
}

/** Arguments of unnest() for the columns failure, status, message, response. */
export function failureArrays(failures: readonly (Failure | null)[]): RawBuilder<unknown> {
  const text = (value: (failure: Failure) => string): RawBuilder<unknown> =>
    sql`${textArray(failures.map((failure) => (failure === null ? null : storable(value(failure)))))}::text[]`;
  return sql.join([
    text((f) => f.failure),
    sql`${integerArray(failures.map((f) => f?.status ?? null))}::integer[]`,
    text((f) => f.message),
    text((f) => f.response),
  ]);
}

/** Postgres' text has no U+0000, but an endpoint's response may. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
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
  readonly method: string | null;
  readonly path: string | null;
  readonly content_type: string;
  readonly body: Buffer;
  readonly attempts: number;
  readonly committed_ms: string;
  readonly due_in: number;
}

/** What a delivery takes besides its body: the object, its strings, its place in the queue. A guess, in bytes. */
const OVERHEAD = 512;

/** Rows to deliveries; those with an equal request shape share one. */
export function toStored(rows: readonly DeliveryRow[]): Stored[] {
  const shapes = new Map<string, RequestShape>();
  return rows.map((row) => {
    const key = JSON.stringify([row.endpoint, row.hook, row.method, row.path, row.content_type]);
    let request = shapes.get(key);
    if (request === undefined) {
      request = { hook: row.hook, endpoint: row.endpoint, method: row.method, path: row.path, contentType: row.content_type };
      shapes.set(key, request);
    }
    const delivery: Delivery = {
      id: row.id,
      request,
      lane: Number(row.lane),
      sequence: { commitLsn: parseLsn(row.commit_lsn), ordinal: Number(row.ordinal), nth: row.nth },
      operation: row.operation,
      table: row.table_name,
      body: row.body.toString('utf8'),
      bytes: row.body.length + OVERHEAD,
      committedAt: Number(row.committed_ms),
    };
    return { delivery, attempts: row.attempts, dueIn: row.due_in };
  });
}
