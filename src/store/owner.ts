import { hostname } from 'node:os';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { WalhookError } from '../errors.ts';
import type { Cipher } from './cipher.ts';
import type { StateDatabase, StateTables } from './database.ts';
import { guarded } from './store-error.ts';

/** Partitions of the engine's topic, and who wants them. */
export interface Parts {
  /** Of the owner's row: of one worker, and of one time that it had partitions. */
  readonly name: string;
  readonly numbers: readonly number[];
}

export interface OwnershipOptions {
  /** Who takes over, for people. Default: host and process. */
  readonly holder?: string;
  /** Null, and by default: the slot itself. */
  readonly parts?: Parts | null;
}

/**
 * Who may write to the state schema for a slot: the process that took it over last. It counts the slot's epoch up, and
 * every write bears the epoch it was counted to. A write of an older epoch is refused, however late it comes: a daemon
 * that was stopped (SIGSTOP), or cut off, cannot undo what its successor did.
 *
 * The owner's row is locked by each write until it is committed, so a takeover waits for the writes under way, and sees
 * what they wrote.
 *
 * With `parts` it is the same for partitions, many of which are one worker's: the worker has a row of its own, so that a write looks
 * at one row however many they are, and `assignment` says whose row is to go when another takes one of them over.
 */
export class Ownership {
  readonly slot: string;
  readonly #state: StateDatabase;
  readonly #holder: string;
  readonly #refused = Promise.withResolvers<WalhookError>();
  readonly #parts: Parts | null;
  /** The key of the row that each write looks at. */
  readonly #row: string;
  /** Bigint as text. Epochs begin at 1, so before the takeover nothing may be written. */
  #epoch = '0';

  constructor(state: StateDatabase, slot: string, { holder = `${hostname()} process ${process.pid}`, parts = null }: OwnershipOptions = {}) {
    this.#state = state;
    this.slot = slot;
    this.#holder = holder;
    this.#parts = parts;
    this.#row = parts?.name ?? slot;
  }

  get cipher(): Cipher {
    return this.#state.cipher;
  }

  /** Resolves with the error of the first write that is refused because another process has taken over. */
  get fenced(): Promise<WalhookError> {
    return this.#refused.promise;
  }

  /**
   * From now on this object's writes alone are taken. May be called again, to take it back.
   *
   * @param leaseUntil of parts: until when nobody else can have them, as performance.now() counts. One that comes too late must not end what
   *   its successor may write.
   * @throws WalhookError `fenced` if the lease is over, or nearly so: nothing has been taken over then.
   */
  takeOver(leaseUntil: () => number = () => Number.POSITIVE_INFINITY): Promise<void> {
    return guarded(`take over slot ${JSON.stringify(this.slot)}`, async () => {
      if (this.#parts === null) await this.#enter(this.#state.db);
      else await this.#takeParts(this.#parts, leaseUntil);
    });
  }

  /** Lets go of the parts: nothing more may be written, and nobody has to wait for it. */
  release(): Promise<void> {
    return guarded(`let go of slot ${JSON.stringify(this.slot)}`, async () => {
      await this.#transaction(async (transaction) => {
        const { rows } = await sql<{ partition: number }>`
          select partition from ${this.table('assignment')} where slot = ${this.slot} and holder = ${this.#row} order by partition for update`.execute(transaction);
        await sql`update ${this.table('assignment')} set holder = null where slot = ${this.slot} and partition = any(${rows.map(({ partition }) => partition)}::integer[])`.execute(transaction);
        await sql`delete from ${this.table('owner')} where slot = ${this.#row}`.execute(transaction);
      });
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
        select from ${this.table('owner')} where slot = ${this.#row} and epoch = ${this.#epoch}::bigint for share
      ), ${writes}
      select result.* from owned left join (${result}) as result on true`.execute(this.#state.db);
    if (rows.length === 0) throw await this.#fenced();
    return rows;
  }

  /** This one's row, at the epoch that it was counted to. */
  async #enter(db: Kysely<StateTables>): Promise<void> {
    const { rows } = await sql<{ epoch: string }>`
      insert into ${this.table('owner')} as owner (slot, epoch, holder) values (${this.#row}, 1, ${this.#holder})
      on conflict (slot) do update set epoch = owner.epoch + 1, holder = excluded.holder, since = excluded.since
      returning epoch`.execute(db);
    this.#epoch = rows[0]?.epoch ?? this.#epoch;
  }

  /** Ends what the holders of these parts may write, and of any others that they had with them. Locks go by number and by name, so that two that take over at once do not stop each other. */
  async #takeParts({ name, numbers }: Parts, leaseUntil: () => number): Promise<void> {
    const theirs = sql`slot = ${this.slot} and partition = any(${numbers}::integer[])`;
    const before = this.#epoch;
    await this.#transaction(async (transaction) => {
      await sql`
        insert into ${this.table('assignment')} (slot, partition)
        select ${this.slot}, number from unnest(${numbers}::integer[]) as number order by number on conflict do nothing`.execute(transaction);
      const { rows } = await sql<{ holder: string | null }>`select holder from ${this.table('assignment')} where ${theirs} order by partition for update`.execute(transaction);
      const holders = [...new Set(rows.map(({ holder }) => holder))].filter((holder) => holder !== null && holder !== name);
      await sql`
        delete from ${this.table('owner')} where slot in (
          select slot from ${this.table('owner')} as owner
          where slot = any(${holders}::text[])
            -- of one that had no parts, and was killed
            or starts_with(slot, ${this.slot} || '/') and slot <> ${name} and since < clock_timestamp() - interval '1 day'
              and not exists (select from ${this.table('assignment')} as assignment where assignment.slot = ${this.slot} and assignment.holder = owner.slot)
          order by slot for update
        )`.execute(transaction);
      await sql`update ${this.table('assignment')} set holder = ${name} where ${theirs}`.execute(transaction);
      await this.#enter(transaction);
      // From here the commit has until the server takes the silence for death, and others have to wait for that.
      if (performance.now() + SILENCE < leaseUntil()) return;
      this.#epoch = before;
      throw this.#refuse('their lease is over', 'nothing is to be done: the group gives them out anew');
    });
  }

  /** A process that stops in the middle (SIGSTOP, a partition) must not keep its locks: its successor waits for them. */
  #transaction<T>(work: (transaction: Transaction<StateTables>) => Promise<T>): Promise<T> {
    return this.#state.db.transaction().setIsolationLevel('read committed').execute(async (transaction) => {
      await sql`select set_config('idle_in_transaction_session_timeout', ${String(SILENCE)}, true)`.execute(transaction);
      return work(transaction);
    });
  }

  async #fenced(): Promise<WalhookError> {
    const { rows } = await sql<{ holder: string; since: Date }>`
      select holder, since from ${this.table('owner')} where ${this.#successor}`.execute(this.#state.db);
    const [owner] = rows;
    const by = owner === undefined ? 'nobody has taken over' : `${owner.holder} has taken over, at ${owner.since.toISOString()}`;
    return this.#refuse(by, this.#parts === null ? 'let one daemon at a time have the slot: this one may stand by, if it is started again' : 'nothing is to be done: the group has given them to another worker');
  }

  #refuse(by: string, hint: string): WalhookError {
    const what = this.#parts === null ? '' : `partitions ${this.#parts.numbers.join(', ')} of `;
    const error = new WalhookError(`the state of ${what}slot ${JSON.stringify(this.slot)} may not be written any more: ${by}`, { code: 'fenced', reaction: 'stop', hint });
    this.#refused.resolve(error);
    return error;
  }

  /** The condition of the row of who has taken over. */
  get #successor(): RawBuilder<unknown> {
    if (this.#parts === null) return sql`slot = ${this.slot}`;
    return sql`slot in (
      select holder from ${this.table('assignment')} where slot = ${this.slot} and partition = any(${this.#parts.numbers}::integer[]) and holder <> ${this.#row}
    ) order by since desc limit 1`;
  }

  /** A table of the state schema. */
  table(name: 'assignment' | 'backfill' | 'backfills' | 'checkpoint' | 'claim' | 'dead' | 'endpoint' | 'engine' | 'held' | 'history' | 'owner' | 'parked' | 'rotation'): RawBuilder<unknown> {
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
    return this.#transaction(async (transaction) => {
      const { rows } = await sql`select from ${this.table('owner')} where slot = ${this.#row} and epoch = ${this.#epoch}::bigint for share`.execute(transaction);
      if (rows.length === 0) throw await this.#fenced();
      return work(async <Row extends object>(statement: RawBuilder<unknown>) => (await (statement as RawBuilder<Row>).execute(transaction)).rows);
    });
  }
}

/** Milliseconds of a client's silence within a transaction after which the server ends it. */
const SILENCE = 2_000;

/** Runs one statement of a transaction. */
export type Run = <Row extends object>(statement: RawBuilder<unknown>) => Promise<Row[]>;

/** The condition that each writing expression must have. It is asked once, before any row is looked at. */
export const OWNED = sql.raw('exists (select from owned)');

const NOTHING = sql`select`;
