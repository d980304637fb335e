import { type Headers, NO_HEADERS } from '../delivery.ts';

/** Headers as the state schema keeps them: JSON text, whose escapes stand for what Postgres' text cannot hold. Null for none. */
export function headersText(headers: Headers): string | null {
  return headers.length === 0 ? null : JSON.stringify(headers);
}

/** What `headersText` has written. */
export function parseHeaders(text: string | null): Headers {
  return text === null ? NO_HEADERS : (JSON.parse(text) as Headers);
}
