import type { Random } from './random.ts';

/** A change as a receiver is told of it: of which row, under which name (see `nameOf` in writer.ts). */
export interface Change {
  /** The row's key after it; before it, if it was deleted. This is its lane. */
  readonly row: number;
  readonly name: string;
}

/** One statement and the changes that it makes, in the order of the WAL. */
export interface Step {
  readonly sql: string;
  readonly params: readonly unknown[];
  /** What COPY FROM STDIN reads; null for any other statement. */
  readonly copy: string | null;
  readonly changes: readonly Change[];
}

/** The version of each row that is there; null for one that is not. */
export type Versions = Map<number, number | null>;

/**
 * Marks values of the hidden column, which no receiver, no stored delivery and no log may ever show. What follows it is
 * the version, so that each tells itself apart.
 */
export const HIDDEN = 'hidden-4c7d1f';

/** Makes up statements by chance. Versions are counted up over all transactions, so that each change has its own name. */
export class Statements {
  readonly #random: Random;
  #version = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Statements that make about so many changes to `rows`; `versions` is how they are, and then how they will be. */
  some(rows: readonly number[], versions: Versions, count: number): Step[] {
    const steps: Step[] = [];
    for (let made = 0; made < count; ) {
      const step = this.#one(rows, versions);
      steps.push(step);
      made += step.changes.length;
    }
    return steps;
  }

  /** So many new rows with one statement, and then one update of them all: two changes a row. */
  bulk(rows: readonly number[], versions: Versions): Step[] {
    return [this.#insertMany(rows, versions, false), this.#updateMany(rows, versions)];
  }

  #one(rows: readonly number[], versions: Versions): Step {
    const chance = this.#random;
    const there = rows.filter((row) => (versions.get(row) ?? null) !== null);
    const absent = rows.filter((row) => (versions.get(row) ?? null) === null);
    if (absent.length > 1 && chance.chance(0.3)) return this.#insertMany(absent, versions, chance.chance(0.5));
    if (there.length > 1 && chance.chance(0.1)) return this.#updateMany(there, versions);
    if (there.length > 0 && absent.length > 0 && chance.chance(0.1)) return this.#move(chance.pick(there), chance.pick(absent), versions);
    const row = chance.pick(rows);
    const before = versions.get(row) ?? null;
    if (before === null) return this.#insertMany([row], versions, false);
    return chance.chance(0.15) ? this.#delete(row, before, versions) : this.#update(row, versions);
  }

  /** By COPY, rows come to share an LSN. */
  #insertMany(rows: readonly number[], versions: Versions, byCopy: boolean): Step {
    const fresh = rows.map((row) => ({ row, version: this.#next(row, versions), note: this.#note() }));
    const changes = fresh.map(({ row, version }) => ({ row, name: `data_insert ${version}` }));
    const columns = '(id, version, note, secret)';
    if (byCopy) {
      const copy = fresh.map(({ row, version, note }) => `${row}\t${version}\t${note}\t${HIDDEN}-${version}\n`).join('');
      return { sql: `copy items ${columns} from stdin`, params: [], copy, changes };
    }
    return {
      sql: `insert into items ${columns} select id, version, note, '${HIDDEN}-' || version from unnest($1::int[], $2::bigint[], $3::text[]) as new (id, version, note)`,
      params: [fresh.map(({ row }) => row), fresh.map(({ version }) => version), fresh.map(({ note }) => note)],
      copy: null,
      changes,
    };
  }

  #updateMany(rows: readonly number[], versions: Versions): Step {
    const next = rows.map((row) => ({ row, version: this.#next(row, versions) }));
    return {
      sql: `update items set version = new.version, secret = '${HIDDEN}-' || new.version from unnest($1::int[], $2::bigint[]) as new (id, version) where items.id = new.id`,
      params: [next.map(({ row }) => row), next.map(({ version }) => version)],
      copy: null,
      changes: next.map(({ row, version }) => ({ row, name: `data_update ${version}` })),
    };
  }

  #update(row: number, versions: Versions): Step {
    const version = this.#next(row, versions);
    return {
      sql: 'update items set version = $2, note = $3, secret = $4 where id = $1',
      params: [row, version, this.#note(), `${HIDDEN}-${version}`],
      copy: null,
      changes: [{ row, name: `data_update ${version}` }],
    };
  }

  /** The key changes: from now on it is another row's lane. */
  #move(from: number, to: number, versions: Versions): Step {
    const version = this.#next(to, versions);
    versions.set(from, null);
    return { sql: 'update items set id = $2, version = $3 where id = $1', params: [from, to, version], copy: null, changes: [{ row: to, name: `data_update ${version}` }] };
  }

  #delete(row: number, version: number, versions: Versions): Step {
    versions.set(row, null);
    return { sql: 'delete from items where id = $1', params: [row], copy: null, changes: [{ row, name: `delete ${version}` }] };
  }

  #next(row: number, versions: Versions): number {
    const version = ++this.#version;
    versions.set(row, version);
    return version;
  }

  #note(): string {
    return 'n'.repeat(this.#random.int(0, 300));
  }
}
