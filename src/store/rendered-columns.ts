import { type RawBuilder, sql } from 'kysely';
import type { FailedAttempt } from '../queue/port.ts';
import { bytesArray, textArray, utf8Array } from './binary-array.ts';
import type { Cipher } from './cipher.ts';
import { deliveryKey, sealedText } from './delivery-columns.ts';
import { headersText } from './headers-text.ts';

const COLUMNS = ['method', 'path', 'content_type', 'headers', 'body'] as const;

/** Parts of a statement that joins rows of `parked` with `input`, an unnest() that has a row for each attempt. */
export interface RenderedColumns {
  /** Further arguments of the unnest(), and its further columns' names. */
  readonly arrays: RawBuilder<unknown>;
  readonly names: RawBuilder<unknown>;
  /** What goes behind the other assignments of an update. */
  readonly assignments: RawBuilder<unknown>;
  /** COLUMNS as they are from now on, with commas between. */
  readonly current: RawBuilder<unknown>;
}

const AS_STORED: RenderedColumns = {
  arrays: sql``,
  names: sql``,
  assignments: sql``,
  current: sql.raw(COLUMNS.map((column) => `parked.${column}`).join(', ')),
};

/** What was sent of drafts takes their place; where there are none, the statement stays as it is without them. */
export function renderedColumns(attempts: readonly FailedAttempt[], endpoint: string, cipher: Cipher): RenderedColumns {
  if (attempts.every(({ rendered }) => rendered === undefined)) return AS_STORED;
  const requests = attempts.map(({ rendered }) => rendered?.request);
  const place = (n: number, column: string) => ({ column, key: deliveryKey(attempts[n]?.id ?? '', endpoint) });
  const body = (text: string, n: number): Buffer => cipher.sealBytes(text, place(n, 'body'));
  const texts = attempts.map(({ rendered }) => rendered?.body ?? null);
  const bodies = cipher.sealsBy === null ? utf8Array(texts) : bytesArray(texts.map((text, n) => (text === null ? null : body(text, n))));
  return {
    arrays: sql`, ${textArray(requests.map((request) => request?.method ?? null))}::text[], ${textArray(requests.map((request, n) => sealedText(cipher, request?.path ?? null, place(n, 'path'))))}::text[],
      ${textArray(requests.map((request) => request?.contentType ?? null))}::text[],
      ${textArray(requests.map((request, n) => (request === undefined ? null : sealedText(cipher, headersText(request.headers), place(n, 'headers')))))}::text[],
      ${bodies}::bytea[]`,
    names: sql.raw(`, ${COLUMNS.join(', ')}`),
    assignments: sql.raw(COLUMNS.map((column) => `, ${column} = ${replaced(column)}`).join('')),
    current: sql.raw(COLUMNS.map((column) => `${replaced(column)} as ${column}`).join(', ')),
  };
}

/** Every request has a body, if only an empty one. */
function replaced(column: string): string {
  return `case when input.body is null then parked.${column} else input.${column} end`;
}
