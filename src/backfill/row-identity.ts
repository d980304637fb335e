import { hash } from 'node:crypto';
import { type Relation, TEXT, type Tuple } from '../change.ts';

/** Identities longer than this are hashed: many of them may be in memory. */
const LONGEST = 64;

/**
 * Tells a table's rows apart by what the WAL tells of every change of one: the columns of the replica identity, or, where that is the whole
 * row or nothing, the key.
 */
export class RowIdentity {
  /** Names of its columns. */
  readonly columns: readonly string[];
  readonly #places: readonly number[];

  /** @param key the columns that identify a row, by their places */
  constructor(relation: Relation, key: readonly number[]) {
    const isKeyOnly = relation.replicaIdentity === 'd' || relation.replicaIdentity === 'i';
    const identity = isKeyOnly ? relation.columns.flatMap((column, i) => (column.identity ? [i] : [])) : [];
    this.#places = identity.length > 0 ? identity : key;
    this.columns = this.#places.map((place) => relation.columns[place]?.name ?? '');
  }

  /** Null if the tuple does not have it whole. */
  of(tuple: Tuple): string | null {
    let identity = '';
    for (const place of this.#places) {
      if (tuple.kind[place] !== TEXT) return null;
      const start = tuple.start[place] ?? 0;
      const end = tuple.end[place] ?? 0;
      identity += `${end - start}:${tuple.bytes.latin1Slice(start, end)}`;
    }
    return identity.length > LONGEST ? hash('sha256', identity, 'base64') : identity;
  }
}
