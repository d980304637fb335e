import { type RawBuilder, sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import type { StoredFate } from './delivery-filter.ts';

/*
 * The order in which people see stored deliveries, oldest to latest within an endpoint: dead letters by the time of their
 * death, parked deliveries by their place in the stream. Each goes along one index, and its bounds compare rows with that
 * index's columns for the reason that parked-index.ts gives.
 */

/** A place in the order of one endpoint, as text: the values of COLUMNS, or of the first of them. */
export type Place = readonly string[];

interface OrderColumn {
  readonly name: string;
  readonly type: string;
  /** SQL of the value as text that `type` reads back exactly. */
  readonly text: string;
  readonly pattern: RegExp;
}

const COLUMNS: Readonly<Record<StoredFate, readonly OrderColumn[]>> = {
  parked: [
    { name: 'commit_lsn', type: 'pg_lsn', text: 'commit_lsn::text', pattern: /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/ },
    { name: 'ordinal', type: 'bigint', text: 'ordinal::text', pattern: /^\d{1,18}$/ },
    { name: 'nth', type: 'integer', text: 'nth::text', pattern: /^\d{1,9}$/ },
  ],
  dead: [
    { name: 'died_at', type: 'timestamptz', text: isoText('died_at'), pattern: /^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/ },
    { name: 'id', type: 'text', text: 'id', pattern: /^[^\0]{1,1000}$/ },
  ],
};
const LOWEST: Readonly<Record<StoredFate, Place>> = { parked: ['0/0'], dead: ['-infinity'] };
const HIGHEST: Readonly<Record<StoredFate, Place>> = { parked: ['FFFFFFFF/FFFFFFFF'], dead: ['infinity'] };

/** endpoint, as the index that goes in this order has it. */
const ENDPOINT: Readonly<Record<StoredFate, string>> = { parked: 'endpoint collate "POSIX"', dead: 'endpoint' };

/** SQL of a time in ISO 8601 with all its digits, whatever the session's settings. */
export function isoText(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** SQL of a row's place: an array of text. */
export function placeOf(fate: StoredFate): RawBuilder<string[]> {
  return sql.raw(`array[${COLUMNS[fate].map((column) => column.text).join(', ')}]`);
}

/** True if the text can be a whole place of this order. */
export function isPlace(fate: StoredFate, texts: readonly unknown[]): texts is Place {
  const columns = COLUMNS[fate];
  return texts.length === columns.length && columns.every(({ pattern }, index) => pattern.test(String(texts[index])));
}

export interface Bounds {
  /** SQL, so that it may be another table's column. */
  readonly endpoint: RawBuilder<unknown>;
  /** Only what comes after it. */
  readonly after?: Place | null;
  /** Nothing that comes after it. May be the first values of a place: then all that begin so are meant too. */
  readonly upTo?: Place | null;
}

/** The condition that keeps rows of `parked` or `dead` between bounds. */
export function within(fate: StoredFate, { endpoint, after, upTo }: Bounds): RawBuilder<boolean> {
  const compare = (operator: string, place: Place): RawBuilder<unknown> =>
    sql`(${list(fate, place.length)}) ${sql.raw(operator)} (${endpoint}, ${values(fate, place)})`;
  const from = after == null ? compare('>=', LOWEST[fate]) : compare('>', after);
  return sql<boolean>`${from} and ${compare('<=', upTo ?? HIGHEST[fate])}`;
}

/** What comes after `order by` to go along the index, endpoint by endpoint. */
export function along(fate: StoredFate, direction: 'asc' | 'desc'): RawBuilder<unknown> {
  return sql.raw([ENDPOINT[fate], ...COLUMNS[fate].map(({ name }) => name)].map((column) => `${column} ${direction}`).join(', '));
}

/** What comes after `order by` to have the latest of all endpoints first. */
export function latestFirst(fate: StoredFate): RawBuilder<unknown> {
  return sql.raw([...COLUMNS[fate].map(({ name }) => name), 'endpoint'].map((column) => `${column} desc`).join(', '));
}

/** The condition that keeps what `latestFirst` puts behind a row. */
export function behind(fate: StoredFate, place: Place, endpoint: string): RawBuilder<boolean> {
  const names = sql.raw(COLUMNS[fate].map(({ name }) => name).join(', '));
  return sql<boolean>`(${names}, endpoint) < (${values(fate, place)}, ${endpoint})`;
}

/** The names of endpoints that have rows: from name to name along the index, so the rows themselves cost nothing. */
export async function storedEndpoints(state: StateDatabase, fate: StoredFate): Promise<string[]> {
  const table = sql.id(state.schema, fate);
  const next = (after: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`select endpoint from ${table} where ${after} order by ${along(fate, 'asc')} limit 1`;
  const name = sql.raw(`${ENDPOINT[fate]} > names.endpoint`);
  const { rows } = await sql<{ endpoint: string }>`
    with recursive names as (
      (${next(sql`true`)})
      union all
      select (${next(name)}) from names where names.endpoint is not null
    )
    select endpoint from names where endpoint is not null`.execute(state.db);
  return rows.map((row) => row.endpoint);
}

function list(fate: StoredFate, length: number): RawBuilder<unknown> {
  return sql.raw([ENDPOINT[fate], ...COLUMNS[fate].slice(0, length).map(({ name }) => name)].join(', '));
}

function values(fate: StoredFate, place: Place): RawBuilder<unknown> {
  return sql.join(COLUMNS[fate].slice(0, place.length).map(({ type }, index) => sql`${place[index]}::${sql.raw(type)}`));
}
