import type { Reading } from './kinds.ts';

/** Names: of hooks and endpoints, and of what is in Postgres. No message here holds the value. */

/** Longest name Postgres keeps: NAMEDATALEN - 1. https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const MAX_IDENTIFIER_BYTES = 63;

export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$';

/** Hooks and endpoints: names that stand in ids, logs, metrics and shells as they are. */
export function nameFault(name: string): string | null {
  return new RegExp(NAME_PATTERN).test(name) ? null : 'a name is 1 to 63 letters, digits, - and _, and starts with a letter or digit';
}

export function configName(text: string): Reading<string> {
  const refused = nameFault(text);
  return refused === null ? { value: text } : { refused };
}

export function identifierFault(name: string): string | null {
  if (name === '') return 'a name in Postgres is not empty';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f]/.test(name)) return 'a name may not have control characters';
  return Buffer.byteLength(name) > MAX_IDENTIFIER_BYTES ? `a name in Postgres has at most ${MAX_IDENTIFIER_BYTES} bytes` : null;
}

/** A column, publication: any name that Postgres takes. */
export function identifier(text: string): Reading<string> {
  const refused = identifierFault(text);
  return refused === null ? { value: text } : { refused };
}

/** https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION-SLOTS-MANIPULATION */
export const SLOT_PATTERN = '^[a-z0-9_]{1,63}$';

export function slotName(text: string): Reading<string> {
  return new RegExp(SLOT_PATTERN).test(text)
    ? { value: text }
    : { refused: 'the name of a slot is 1 to 63 lower-case letters, digits and _' };
}

/** The state's schema belongs to walhook alone. */
export function stateSchema(text: string): Reading<string> {
  if (text === 'public' || text === 'information_schema' || text.startsWith('pg_')) {
    return { refused: 'must be a schema of its own, which nothing else is in' };
  }
  return identifier(text);
}

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * `profiles` (in schema public) or `app.profiles`; a name with a dot in it stands in double quotes, as in SQL.
 * Case counts as it is written. Null if it is none of these.
 */
export function parseTableName(text: string): TableName | null {
  const match = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/.exec(text);
  const table = unquote(match?.[2]);
  const schema = match?.[1] === undefined ? 'public' : unquote(match[1]);
  if (table === null || schema === null || identifierFault(table) !== null || identifierFault(schema) !== null) return null;
  return { schema, table };
}

export function tableNameFault(text: string): string | null {
  return parseTableName(text) === null ? 'expected a table: name or schema.name, and "…" around a name that has a dot in it' : null;
}

export function tableName(text: string): Reading<TableName> {
  const value = parseTableName(text);
  return value === null ? { refused: tableNameFault(text) ?? '' } : { value };
}

function unquote(part: string | undefined): string | null {
  if (part === undefined) return null;
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
