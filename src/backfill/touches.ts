import type { Change, Relation } from '../change.ts';
import { RowIdentity } from './row-identity.ts';
import type { StreamWindows } from './stream-windows.ts';

interface Watched {
  /** `schema.table` of the configuration: partitions, and a table that was renamed, go by that. */
  readonly table: string;
  readonly identity: RowIdentity;
}

/** Tells the windows of chunks which rows the stream's changes touch. */
export class Touches {
  readonly #windows: StreamWindows;
  /** By OID. */
  readonly #watched = new Map<number, Watched>();

  constructor(windows: StreamWindows) {
    this.#windows = windows;
  }

  /** @param key the columns that identify a row, by their places */
  watch(relation: Relation, table: string, key: readonly number[]): void {
    this.#watched.set(relation.oid, { table, identity: new RowIdentity(relation, key) });
  }

  /** @param isSentFor true for the name of a hook that sends it */
  touch(change: Change, isSentFor: (hook: string) => boolean): void {
    const watched = this.#watched.get(change.relation.oid);
    if (watched === undefined) return;
    const { table, identity } = watched;
    if (change.kind === 'truncate') return this.#windows.truncated(table);
    const { columns } = identity;
    this.#windows.touched(table, () => ({ columns, isSentFor, keys: keysOf(change, identity) }));
  }
}

function keysOf({ row, old }: Change, identity: RowIdentity): (string | null)[] {
  const before = old === null ? null : identity.of(old);
  if (row === null) return [before];
  const after = identity.of(row);
  // A value that the new row does not carry, because it is large and was not changed, is the old one.
  if (after === null || after === before) return [before];
  return old === null ? [after] : [before, after];
}
