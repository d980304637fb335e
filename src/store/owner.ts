import { hostname } from 'node:os';
import { type RawBuilder, sql } from 'kysely';
import { WalhookError } from '../errors.ts';
import type { Cipher } from './cipher.ts';
import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

/**
 * Who may write to the state schema for a slot: the process that took it over last. It counts the slot's epoch up, and
 * every write bears the epoch it was counted to. A write of an older epoch is refused, however late it comes: a daemon
 * that was stopped (SIGSTOP), or cut off, cannot undo what its successor did.
 *
 * The owner's row is locked by each write until it is committed, so a takeover waits for the writes under way, and sees
 * what they wrote.
 */
export class Ownership {
  readonly slot: string;
  readonly #state: StateDatabase;
  readonly #holder: string;
  readonly #refused = Promise.withResolvers<WalhookError>();
  /** Bigint as text. Epochs begin at 1, so before the takeover nothing may be written. */
  #epoch = '0';

  /** @param holder who takes over, for people. Default: host and process. */
  constructor(state: StateDatabase, slot: string, holder = `${hostname()} process ${process.pid}`) {
    this.#state = state;
    this.slot = slot;
    this.#holder = holder;
  }

  get cipher(): Cipher {
    return this.#state.cipher;
  }

  /** Resolves with the error of the first write that is refused because another process has taken over. */
  get fenced(): Promise<WalhookError> {
    return this.#refused.promise;
  }

  /** From now on this object's writes alone are taken. May be called again, to take it back. */
  takeOver(): Promise<void> {
    return guarded(`take over slot ${JSON.stringify(this.slot)}`, async () => {
      const { rows } = await sql<{ epoch: string }>`
        insert into ${this.table('owner')} as owner (slot, epoch, holder) values (${this.slot}, 1, ${this.#holder})
        on conflict (slot) do update set epoch = owner.epoch + 1, holder = excluded.holder, since = excluded.since
        returning epoch`.execute(this.#state.db);
      this.#epoch = rows[0]?.epoch ?? this.#epoch;
    });
  }

  /**
   * Runs writes as one statement that has an effect only if this is still the owner.
   *
   * @param writes common table expressions that write, without `with`; each must have the condition OWNED.
   * @param result a query on those expressions' results, at most one row for each of which is given.
   * @throws WalhookError `fenced` if another process has taken over: nothing has been written then.
   */
  async write<Row extends object>(writes: RawBuilder<unknown>, result: RawBuilder<Row> = NOTHING as RawBuilder<Row>): Promise<Row[]> {
    const { rows } = await sql<Row>`
      with owned as materialized (
        select from ${this.table('owner')} where slot = ${this.slot} and epoch = ${this.#epoch}::bigint for share
      ), ${writes}
      select result.* from owned left join (${result}) as result on true`.execute(this.#state.db);
    if (rows.length === 0) throw await this.#fenced();
    return rows;
  }

  async #fenced(): Promise<WalhookError> {
    const { rows } = await sql<{ holder: string; since: Date }>`
      select holder, since from ${this.table('owner')} where slot = ${this.slot}`.execute(this.#state.db);
    const [owner] = rows;
    const by = owner === undefined ? 'nobody has taken over' : `${owner.holder} has taken over, at ${owner.since.toISOString()}`;
    const error = new WalhookError(`the state of slot ${JSON.stringify(this.slot)} may not be written any more: ${by}`, {
      code: 'fenced',
      reaction: 'stop',
      hint: 'let one daemon at a time have the slot: this one may stand by, if it is started again',
    });
    this.#refused.resolve(error);
    return error;
  }

  /** A table of the state schema. */
  table(name: 'backfill' | 'backfills' | 'checkpoint' | 'claim' | 'dead' | 'endpoint' | 'held' | 'history' | 'owner' | 'parked' | 'rotation'): RawBuilder<unknown> {
    return sql.id(this.#state.schema, name);
  }

  /** Its name as text that `regclass` reads. */
  tableName(name: string): string {
    return `"${this.#state.schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`;
  }

  /** A part of a table, which is a table of the state schema too. */
  partition(name: string): RawBuilder<unknown> {
    return sql.id(this.#state.schema, name);
  }

  /**
   * Runs statements in one transaction, for what is no query: DDL. Nobody can take over before it is committed.
   *
   * @throws WalhookError `fenced`: then nothing has been run.
   */
  transact<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#state.db.transaction().execute(async (transaction) => {
      const { rows } = await sql`select from ${this.table('owner')} where slot = ${this.slot} and epoch = ${this.#epoch}::bigint for share`.execute(transaction);
      if (rows.length === 0) throw await this.#fenced();
      return work(async <Row extends object>(statement: RawBuilder<unknown>) => (await (statement as RawBuilder<Row>).execute(transaction)).rows);
    });
  }
}

/** Runs one statement of a transaction. */
export type Run = <Row extends object>(statement: RawBuilder<unknown>) => Promise<Row[]>;

/** The condition that each writing expression must have. It is asked once, before any row is looked at. */
export const OWNED = sql.raw('exists (select from owned)');

const NOTHING = sql`select`;
