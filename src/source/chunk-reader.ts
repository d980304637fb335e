import type { Tuple } from '../change.ts';
import { WalhookError } from '../errors.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import { sqlState } from '../reaction.ts';
import type { CopyOutOptions, SelectedRows } from './copy-out.ts';
import { CopyRow } from './copy-row.ts';
import { type CurrentTable, type RowsDatabase, shapeSql } from './current-rows.ts';
import { identifier, literal, qualified } from './quote.ts';

/** The prefix of the logical messages that stand in the WAL before and after a chunk. */
export const MARK_PREFIX = 'walhook.backfill';

/** Milliseconds for a question without a table. */
const PATIENCE = 10_000;

/** ReadOnlyDatabase. */
export interface ChunkDatabase extends RowsDatabase {
  copyOut(options: CopyOutOptions, timeout: number): Promise<SelectedRows>;
}

/** The texts of a key's columns, in their order. */
export type KeyTexts = readonly string[];

export interface ChunkQuery {
  /** The rows behind this key; null: from the first. */
  readonly after: KeyTexts | null;
  /** Besides, the rows with these keys. */
  readonly again: readonly KeyTexts[];
  readonly limit: number;
  /** Once the rows have come to so many bytes the rest is left to the next chunk. */
  readonly bytes: number;
  /** What is written to the WAL before it is read; null: nothing may be. */
  readonly mark: string | null;
  /** Milliseconds. */
  readonly timeout: number;
  /** Takes each row and its key: a tuple that is valid until it returns. */
  readonly onRow: (row: Tuple, key: KeyTexts) => void;
}

export interface ReadChunk {
  /** `pg_current_snapshot()` of the read. */
  readonly snapshot: string;
  /** Where the WAL was before, and after: without marks these are its ends. */
  readonly low: Lsn;
  readonly high: Lsn;
  /** The key of the last row, `again` aside; null if there is none. */
  readonly last: KeyTexts | null;
  /** Rows, `again` aside. */
  readonly count: number;
  /** Its rows have come to too many bytes. */
  readonly isFull: boolean;
  /** No row comes behind it. */
  readonly isLast: boolean;
}

export interface ChunkReaderOptions {
  readonly database: ChunkDatabase;
  readonly table: CurrentTable;
  /** Names of the columns along which the rows are read: those of a unique key, none of which is null. */
  readonly key: readonly string[];
  /** SQL: which rows; null: all. */
  readonly where: string | null;
}

/** Reads a table in chunks, along its key, in the database's own order of it. */
export class ChunkReader {
  readonly #options: ChunkReaderOptions;
  readonly #row: CopyRow;
  readonly #key: readonly { readonly column: string; readonly type: string; readonly place: number }[];
  readonly #from: string;
  readonly #columns: string;
  readonly #conditions: readonly string[];
  /** SQL for how the table of that name is now. */
  readonly #shape: string;
  /** SQL; null: nothing needs to be set. */
  readonly #searchPath: string | null;

  constructor(options: ChunkReaderOptions) {
    const { table, key, where } = options;
    const { relation, types, rowFilter } = table;
    const name = identifier(relation.table);
    this.#options = options;
    this.#row = new CopyRow(relation.columns.length);
    this.#key = key.map((column) => ({ column: `${name}.${identifier(column)}`, type: types.get(column) ?? 'text', place: relation.columns.findIndex((one) => one.name === column) }));
    this.#shape = shapeSql(`to_regclass(${literal(qualified(relation))})`);
    this.#searchPath = searchPath(table, key);
    this.#from = `${qualified(relation)} as ${name}`;
    this.#columns = relation.columns.map((column) => `${name}.${identifier(column.name)}`).join(', ');
    this.#conditions = [
      // Each on lines of its own: it may end with a comment.
      ...(where === null ? [] : [`(\n${where}\n)`]),
      // A publication's filter names columns without the table.
      ...(rowFilter === null ? [] : [`(select ${rowFilter} from (select ${name}.*) as row_of)`]),
    ];
  }

  /**
   * How many rows there are, as the planner thinks; and that the condition can be asked, in one statement, and is one.
   *
   * @throws WalhookError `backfill_where`; `backfill_table` if not all of it may be read
   */
  async estimate(): Promise<number> {
    const { database, where } = this.#options;
    const text = `explain (format json) select ${this.#columns} from ${this.#from}${this.#where([])}`;
    try {
      // `true) or (true` would set aside what goes along the key: between brackets of another kind it is no expression.
      if (where !== null) await database.run({ text: `explain select array[\n${where}\n] from ${this.#from}`, values: [] }, PATIENCE);
      const [row] = await database.run({ text, values: [] }, PATIENCE);
      const [plan] = JSON.parse(row?.[0] ?? '[]') as { readonly Plan?: { readonly 'Plan Rows'?: number } }[];
      return plan?.Plan?.['Plan Rows'] ?? 0;
    } catch (error) {
      throw explain(error, this.#options);
    }
  }

  /** The first column of the key that has a NULL somewhere: its rows would be left out. Null if there is none. */
  async columnWithNull(timeout: number): Promise<string | null> {
    const { database, key, table } = this.#options;
    if (key.every((name) => table.live.primaryKey.includes(name))) return null;
    for (const [i, { column }] of this.#key.entries()) {
      const [row] = await database.run({ text: `select exists (select from ${this.#from} where ${column} is null)`, values: [] }, timeout);
      if (row?.[0] === 't') return key[i] ?? null;
    }
    return null;
  }

  /**
   * Reads the next chunk. The table cannot be altered while it is read.
   *
   * @throws WalhookError `table_altered` if it was before: it must be described again
   */
  async read({ after, again, limit, bytes, mark, timeout, onRow }: ChunkQuery): Promise<ReadChunk> {
    const { database, table } = this.#options;
    const places = this.#key.map(({ place }) => place);
    const page = new Page(bytes);
    const pageSize = Math.max(1, Math.round(limit));
    const statements = [
      'begin',
      ...(mark === null ? [] : [`select pg_logical_emit_message(true, ${literal(MARK_PREFIX)}, ${literal(mark)})`]),
      `select ${WAL_END}`,
      'commit',
      'begin isolation level repeatable read read only',
      ...(this.#searchPath === null ? [] : [this.#searchPath]),
      // Before the snapshot is taken: a table that is rewritten meanwhile looks empty to an older one.
      `lock table ${qualified(table.relation)} in access share mode`,
      `select pg_current_snapshot(), (${this.#shape})`,
      ...(again.length === 0 ? [] : [this.#copy([this.#isOneOf(again)])]),
      this.#copy(after === null ? [] : [this.#isBehind(after)], ` order by ${this.#key.map(({ column }) => column).join(', ')} limit ${pageSize}`),
      'commit',
      `select ${WAL_END}`,
    ];
    const pageCopy = again.length === 0 ? 0 : 1;
    const read = database.copyOut(
      {
        text: statements.join(';\n'),
        onRow: (line, copy) => {
          const isPage = copy === pageCopy;
          if (isPage && page.isFull) return;
          const row = this.#row;
          row.read(line);
          const key = places.map((place) => row.bytes.utf8Slice(row.start[place] ?? 0, row.end[place] ?? 0));
          if (isPage) page.add(key, line.length);
          onRow(row, key);
        },
      },
      timeout,
    );
    const selected = await read.catch(async (error: unknown) => {
      // Of a column that is gone, or of another type, Postgres complains first.
      if (sqlState(error) !== null && (await this.#isAltered())) throw this.#altered();
      throw error;
    });
    const [low, found, high] = mark === null ? selected : selected.slice(1);
    if (found?.[1] !== table.shape) throw this.#altered();
    return { snapshot: found[0] ?? '', low: parseLsn(low?.[0] ?? '0/0'), high: parseLsn(high?.[0] ?? '0/0'), last: page.last, count: page.count, isFull: page.isFull, isLast: !page.isFull && page.count < pageSize };
  }

  /** Writes a mark to the WAL. Resolves once it is committed. */
  async mark(text: string): Promise<void> {
    await this.#options.database.run({ text: 'select pg_logical_emit_message(true, $1, $2)', values: [MARK_PREFIX, text] }, PATIENCE);
  }

  /** Where the WAL ends now. */
  async end(): Promise<Lsn> {
    const [row] = await this.#options.database.run({ text: `select ${WAL_END}`, values: [] }, PATIENCE);
    return parseLsn(row?.[0] ?? '0/0');
  }

  /** Of transactions that are not over, those that have written to the table, or were over just now. @param xids cut to 32 bits */
  async writers(xids: readonly number[]): Promise<number[]> {
    if (xids.length === 0) return [];
    const { database, table } = this.#options;
    const rows = await database.run({ text: STRANGERS, values: [`{${xids.join(',')}}`, table.relation.oid] }, PATIENCE);
    const strangers = new Set(rows.map(([xid]) => Number(xid)));
    return xids.filter((xid) => !strangers.has(xid));
  }

  async #isAltered(): Promise<boolean> {
    const { database, table } = this.#options;
    const [row] = await database.run({ text: this.#shape, values: [] }, PATIENCE);
    return row?.[0] !== table.shape;
  }

  #altered(): WalhookError {
    const { schema, table } = this.#options.table.relation;
    return new WalhookError(`table ${schema}.${table} was altered`, { code: 'table_altered', reaction: 'retry' });
  }

  #copy(conditions: readonly string[], order = ''): string {
    return `copy (select ${this.#columns} from ${this.#from}${this.#where(conditions)}${order}) to stdout`;
  }

  #where(conditions: readonly string[]): string {
    const all = [...conditions, ...this.#key.map(({ column }) => `${column} is not null`), ...this.#conditions];
    return `\nwhere ${all.join(' and ')}`;
  }

  #isBehind(after: KeyTexts): string {
    return `(${this.#key.map(({ column }) => column).join(', ')}) > (${this.#literals(after)})`;
  }

  #isOneOf(keys: readonly KeyTexts[]): string {
    return `(${this.#key.map(({ column }) => column).join(', ')}) in (${keys.map((key) => `(${this.#literals(key)})`).join(', ')})`;
  }

  #literals(key: KeyTexts): string {
    return this.#key.map(({ type }, i) => `${literal(key[i] ?? '')}::${type}`).join(', ');
  }
}

/** The rows of a chunk, as they come. */
class Page {
  readonly #mostBytes: number;
  #bytes = 0;
  count = 0;
  last: KeyTexts | null = null;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#mostBytes;
  }

  add(key: KeyTexts, size: number): void {
    this.#bytes += size;
    this.count++;
    this.last = key;
  }
}

/** Which transactions can be in the WAL is known by where it ends. A standby has what it has replayed. */
const WAL_END = 'case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end';

/** Transactions of $1 that are under way and have no lock on table $2, or a partition, that one who wrote to it would have. */
const STRANGERS = `
  select holder.transactionid from pg_catalog.pg_locks as holder
  where holder.locktype = 'transactionid' and holder.mode = 'ExclusiveLock' and holder.granted and holder.transactionid = any ($1::xid[])
    and not exists (
      select from pg_catalog.pg_locks as lock
      where lock.locktype = 'relation' and lock.virtualtransaction = holder.virtualtransaction and lock.pid is not distinct from holder.pid
        and lock.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and (lock.relation = $2::oid or lock.relation in (select relid from pg_catalog.pg_partition_tree($2::oid::regclass)))
    )`;

/**
 * Sets it so that a key is compared as it is ordered. An operator is looked for by its name: of a type that is elsewhere (citext, in a schema of
 * extensions) that of a type it can be taken for would be found, and rows be left out.
 */
function searchPath({ searchPath: path, typeSchemas }: CurrentTable, key: readonly string[]): string | null {
  const schemas = new Set(key.map((column) => typeSchemas.get(column) ?? 'pg_catalog'));
  schemas.delete('pg_catalog');
  if (schemas.size === 0) return null;
  return `set local search_path to ${[...(path === '' ? [] : [path]), ...schemas].join(', ')}`;
}

function explain(error: unknown, { table, where }: ChunkReaderOptions): unknown {
  if (!(error instanceof Error)) return error;
  const message = error.message.split('\n', 1)[0] ?? '';
  // insufficient_privilege
  if (where === null && sqlState(error) === '42501') {
    const { schema, table: name } = table.relation;
    return new WalhookError(`table ${schema}.${name} cannot be read as a whole: ${message}`, {
      code: 'backfill_table',
      hint: `GRANT SELECT ON ${qualified(table.relation)} TO …;  -- and, where it has row-level security: ALTER ROLE … BYPASSRLS`,
      cause: error,
    });
  }
  if (where === null) return error;
  return new WalhookError(`the condition cannot be asked: ${message}`, {
    code: 'backfill_where',
    hint: 'it is SQL, and sees the columns of the table: --where "created_at > now() - interval \'30 days\'"',
    cause: error,
  });
}
