import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { copyIn } from './copy-in.ts';
import { type Random, random as seeded } from './random.ts';
import { type Change, Statements, type Step, type Versions } from './transactions.ts';

/**
 * The table that the writer writes. `version` is new with each insert and update, so that it tells every change apart;
 * as a lookup field it does so for a delete too, which has the old row's. `secret` is hidden always, and holds HIDDEN.
 * Nobody watches the other table: it tells
 * whether a transaction whose COMMIT got no answer was committed.
 */
export const ITEMS_SQL = `
  create table items (id int primary key, version bigint not null, note text not null, secret text, secret_visible bool);
  create table written (transaction int primary key);
`;

/** The hook's side of it, under `tables`. */
export const ITEMS_TABLE = { items: { lookup: ['version'], visibility: { secret: 'secret_visible' }, replica_identity: 'full' } } as const;

/** What was written, as COMMIT and ROLLBACK said. A change is named as `nameOf` names the body that tells of it. */
export interface WrittenRecord {
  /** The changes of each row, by its id, in the order of their commits. */
  readonly committed: ReadonlyMap<number, readonly string[]>;
  readonly rolledBack: ReadonlySet<string>;
}

/** The name of the change that a body tells of: `data_update 17`. */
export function nameOf(body: Buffer): string {
  const { meta } = JSON.parse(body.toString()) as { meta: { operation: string; lookup_values: { value: number }[] } };
  return `${meta.operation} ${meta.lookup_values[0]?.value}`;
}

export interface WriterOptions {
  readonly database: { client(): Promise<pg.Client> };
  readonly seed: number;
  /** Rows. Default 50. */
  readonly rows?: number;
  /** Connections that write at the same time. Default 4. */
  readonly connections?: number;
  /** The longest pause between a connection's transactions, in milliseconds. Default 40. */
  readonly pause?: number;
  /** One in so many transactions is large. Default 50; 0 for none. */
  readonly largeOneIn?: number;
  /** Told of each transaction once it is known how it ended. */
  readonly onNote?: (note: Note) => void;
  /** How many changes have arrived: while that is far behind what is written, it writes ten times slower. Default: it is not asked. */
  readonly arrived?: () => number;
}

/** So many changes are "far behind". */
const FAR_BEHIND = 1_000;

/** What became of a transaction. */
export interface Note {
  /** In the order of the WAL; none if it was rolled back. */
  readonly committed: readonly Change[];
  /** Names of changes that were undone. */
  readonly rolledBack: readonly string[];
}

/** Keys of rows that only `bulk` writes begin here. */
const FIRST_BULK_ROW = 1_000_000;

/** A transaction before it is run: what it does, and which versions its rows have if it commits. */
interface Draft {
  readonly number: number;
  readonly rows: readonly number[];
  readonly steps: readonly Step[];
  readonly undone: readonly Step[];
  readonly after: Versions;
  readonly commits: boolean;
}

/**
 * Writes inserts, updates and deletes from several connections at once, by a seed, and keeps what was committed: noted
 * only once COMMIT has returned. A row is lent to one transaction at a time, so that the order of its commits is known.
 * Some transactions are rolled back, some in part (to a savepoint). A connection that breaks is replaced.
 */
export class Writer implements WrittenRecord {
  readonly committed = new Map<number, string[]>();
  readonly rolledBack = new Set<string>();
  /** Committed changes so far. */
  count = 0;
  /** Connections that broke. */
  broken = 0;
  readonly #options: Required<WriterOptions>;
  readonly #random: Random;
  readonly #statements: Statements;
  readonly #free: number[];
  /** The version of each row that is there. */
  readonly #versions = new Map<number, number>();
  #transaction = 0;
  #bulkRow = FIRST_BULK_ROW;
  #stopping = false;
  #loops: Promise<void>[] = [];
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(options: WriterOptions) {
    this.#options = { rows: 50, connections: 4, pause: 40, largeOneIn: 50, arrived: () => Number.POSITIVE_INFINITY, onNote: () => undefined, ...options };
    this.#random = seeded(options.seed);
    this.#statements = new Statements(this.#random);
    this.#free = Array.from({ length: this.#options.rows }, (_, row) => row + 1);
  }

  start(): this {
    this.#stopping = false;
    this.#loops = Array.from({ length: this.#options.connections }, () => this.#loop());
    // One that fails is told of by `more` or `stop`.
    for (const loop of this.#loops) loop.catch(() => undefined);
    return this;
  }

  /** Resolves once so many more changes have been committed. */
  more(changes: number): Promise<void> {
    const count = this.count + changes;
    return Promise.race([
      new Promise<void>((resolve) => this.#waiters.push({ count, resolve })),
      // A loop ends early only by an error, which should be seen.
      Promise.all(this.#loops).then(() => undefined),
    ]);
  }

  /** Ends the transactions under way. It may be started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  /** One transaction of so many changes, on a connection of its own. Resolves once it is committed. */
  async bulk(changes: number): Promise<void> {
    const rows = Array.from({ length: Math.ceil(changes / 2) }, () => this.#bulkRow++);
    const after: Versions = new Map();
    const steps = this.#statements.bulk(rows, after);
    const draft: Draft = { number: ++this.#transaction, rows: [], steps, undone: [], after, commits: true };
    const client = await this.#run(draft, await this.#options.database.client());
    await client.end().catch(() => undefined);
  }

  async #loop(): Promise<void> {
    let client = await this.#options.database.client();
    while (!this.#stopping) {
      const draft = this.#draft();
      if (draft !== null) {
        client = await this.#run(draft, client);
        this.#free.push(...draft.rows);
      }
      const isFarAhead = this.count - this.#options.arrived() > FAR_BEHIND;
      await pause(this.#random.int(0, this.#options.pause * (isFarAhead ? 10 : 1)));
    }
    await client.end().catch(() => undefined);
  }

  /** Null if all rows are lent. */
  #draft(): Draft | null {
    const { largeOneIn } = this.#options;
    const chance = this.#random;
    const large = largeOneIn > 0 && chance.chance(1 / largeOneIn);
    const rows: number[] = [];
    for (let wanted = large ? 15 : chance.int(1, 4); wanted > 0 && this.#free.length > 0; wanted--) {
      rows.push(...this.#free.splice(chance.int(0, this.#free.length - 1), 1));
    }
    if (rows.length === 0) return null;
    const after: Versions = new Map(rows.map((row) => [row, this.#versions.get(row) ?? null]));
    const steps = this.#statements.some(rows, after, large ? 200 : chance.int(1, 6));
    // What the savepoint undoes comes last, so that nothing builds on it.
    const undone = chance.chance(0.1) ? this.#statements.some(rows, new Map(after), chance.int(1, 3)) : [];
    return { number: ++this.#transaction, rows, steps, undone, after, commits: !chance.chance(0.1) };
  }

  /** Gives the client for the next transaction. */
  async #run(draft: Draft, client: pg.Client): Promise<pg.Client> {
    try {
      await client.query('begin');
      await client.query('insert into written values ($1)', [draft.number]);
      await runAll(client, draft.steps);
      if (draft.undone.length > 0) {
        await client.query('savepoint part');
        await runAll(client, draft.undone);
        await client.query('rollback to part');
      }
      await client.query(draft.commits ? 'commit' : 'rollback');
      this.#note(draft, draft.commits);
      return client;
    } catch (error) {
      if (!isLost(error)) throw error;
      this.broken++;
      return this.#settle(draft);
    }
  }

  /** Asks over a new connection whether a transaction was committed; Postgres may be restarting. Gives the connection. */
  async #settle(draft: Draft): Promise<pg.Client> {
    for (;;) {
      try {
        const client = await this.#options.database.client();
        const { rows } = await client.query('select from written where transaction = $1', [draft.number]);
        this.#note(draft, rows.length === 1);
        return client;
      } catch (error) {
        if (!isLost(error)) throw error;
        await pause(20);
      }
    }
  }

  #note({ steps, undone, after }: Draft, isCommitted: boolean): void {
    const changes = steps.flatMap((step) => step.changes);
    const gone = [...(isCommitted ? [] : changes), ...undone.flatMap((step) => step.changes)];
    // The old version's delete is a name that may be committed later.
    const rolledBack = gone.map(({ name }) => name).filter((name) => !name.startsWith('delete'));
    for (const name of rolledBack) this.rolledBack.add(name);
    const committed = isCommitted ? changes : [];
    for (const { row, name } of committed) {
      const names = this.committed.get(row);
      if (names === undefined) this.committed.set(row, [name]);
      else names.push(name);
    }
    if (isCommitted) this.#remember(after);
    this.count += committed.length;
    this.#options.onNote({ committed, rolledBack });
    const ready = this.#waiters.filter((waiter) => waiter.count <= this.count);
    this.#waiters = this.#waiters.filter((waiter) => waiter.count > this.count);
    for (const { resolve } of ready) resolve();
  }

  #remember(after: Versions): void {
    for (const [row, version] of after) {
      if (row >= FIRST_BULK_ROW) continue;
      if (version === null) this.#versions.delete(row);
      else this.#versions.set(row, version);
    }
  }
}

async function runAll(client: pg.Client, steps: readonly Step[]): Promise<void> {
  for (const { sql, params, copy } of steps) {
    if (copy === null) await client.query(sql, [...params]);
    else await copyIn(client, sql, copy);
  }
}

function isLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(?:ECONN|EPIPE|57P|08)/.test(code) || (error instanceof Error && /^(?:Connection terminated|Client has encountered)/.test(error.message));
}
