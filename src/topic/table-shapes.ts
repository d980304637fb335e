import type { Column, LiveTable, Relation } from '../change.ts';
import type { TableConfig } from '../config.ts';

/** So many are kept of a table. There are more only where records leave out what is null, each another. */
const MOST_SHAPES = 128;

/** A version of a table, as some of its records have it. The same object whenever one comes that is like it. */
export interface TableShape {
  readonly relation: Relation;
  readonly live: LiveTable;
}

/** The versions of a table that records have: other columns, or other types, are another version. Several are there at a time. */
export class TableShapes {
  readonly #of: Pick<Relation, 'oid' | 'schema' | 'table'>;
  readonly #table: TableConfig;
  /** The one that was asked for last is the first. */
  readonly #shapes: TableShape[] = [];

  constructor(of: Pick<Relation, 'oid' | 'schema' | 'table'>, table: TableConfig) {
    this.#of = of;
    this.#table = table;
  }

  /** @param names of its columns @param types OIDs @param key names */
  find(names: readonly string[], types: readonly number[], key: readonly string[]): TableShape {
    const at = this.#shapes.findIndex((shape) => isOf(shape, names, types, key));
    const found = this.#shapes[at] ?? this.#make(names, types, key);
    if (at === 0) return found;
    if (at > 0) this.#shapes.splice(at, 1);
    this.#shapes.unshift(found);
    if (this.#shapes.length > MOST_SHAPES) this.#shapes.pop();
    return found;
  }

  #make(names: readonly string[], types: readonly number[], key: readonly string[]): TableShape {
    // A row before says itself of which columns it has no values.
    const columns = names.map((name, i): Column => ({ name, typeOid: types[i] ?? 0, typmod: -1, identity: true }));
    const { visibility } = this.#table;
    // What is to be hidden and is not there has not gone: some records do without it.
    const hidden = visibility?.kind === 'columns' ? [...visibility.flags.keys()] : [];
    return { relation: { ...this.#of, replicaIdentity: 'f', columns }, live: { primaryKey: key, columns: [...names, ...hidden] } };
  }
}

function isOf({ relation: { columns }, live }: TableShape, names: readonly string[], types: readonly number[], key: readonly string[]): boolean {
  if (columns.length !== names.length || live.primaryKey.length !== key.length) return false;
  for (const [i, { name, typeOid }] of columns.entries()) if (name !== names[i] || typeOid !== types[i]) return false;
  return key.every((name, i) => name === live.primaryKey[i]);
}
