import type { Reaction } from './errors.ts';

/** Node's names for a network that does not answer now but may later. */
const NETWORK = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH',
  'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOENT', 'EMFILE', 'ENFILE', 'ERR_STREAM_DESTROYED',
]);

/** pg's own errors that stand for a lost or silent connection; they carry no code. */
const LOST = /^(?:connection terminated|timeout expired|timeout exceeded when trying to connect|query read timeout|client was closed|client has encountered a connection error)/i;

/**
 * SQLSTATE classes and codes that pass by themselves. https://www.postgresql.org/docs/current/errcodes-appendix.html
 *
 * 08 connection, 53 out of resources, 58 system and I/O errors; admin shutdown, crash, cannot connect now, idle session
 * timeout; serialization failure, deadlock, lock not available, query canceled, object in use; read-only transaction
 * (a failover is going on, or the disk is full).
 */
const PASSING = /^(?:08|53|58)|^(?:57P01|57P02|57P03|57P05|57014|40001|40P01|55P03|55006|25006)$/;

/** The SQLSTATE of a Postgres error, or null for any other error. */
export function sqlState(error: unknown): string | null {
  const code = codeOf(error);
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && !NETWORK.has(code) ? code : null;
}

/** The `code` of an error, be it Node's or Postgres', or null. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** `retry` if the fault of an error from Postgres, or from the way there, passes by itself. */
export function reactionTo(error: unknown): Reaction {
  const code = codeOf(error);
  if (code !== null) return NETWORK.has(code) || PASSING.test(code) ? 'retry' : 'stop';
  return error instanceof Error && LOST.test(error.message) ? 'retry' : 'stop';
}

/**
 * What may be shown of an error's message. Data exceptions, constraint violations and what a trigger raises (classes
 * 22, 23 and P0) quote values of rows, so of these only the SQLSTATE is told.
 */
export function safeMessage(error: unknown): string {
  const state = sqlState(error);
  if (state !== null && /^(?:22|23|P0)/.test(state)) return `SQLSTATE ${state}`;
  const message = error instanceof Error ? firstLine(error) : String(error);
  return state === null ? message : `${message} (SQLSTATE ${state})`;
}

/** Connecting to a name with several addresses fails with an AggregateError whose own message is empty. */
function firstLine(error: Error): string {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message !== '' ? error.message : inner instanceof Error ? inner.message : error.name;
  return message.split('\n', 1)[0] ?? '';
}
