import type { Relation } from '../change.ts';
import type { ReadTable } from './describe-query.ts';

/** Tells queries when a table that they read has changed, as far as the stream tells of it. */
export class WatchedAnswers {
  /** By table, as `schema.table` and as OID: one that was made anew has another OID, one that was renamed another name. */
  readonly #drops = new Map<string, Set<() => void>>();
  /** For each version of a relation that the stream has, what there is to call: looked up once. */
  #ofRelation = new WeakMap<Relation, readonly (() => void)[]>();

  watch(tables: readonly ReadTable[], drop: () => void): void {
    for (const { oid, schema, table } of tables) {
      for (const key of [keyOf(schema, table), String(oid)]) {
        const drops = this.#drops.get(key) ?? new Set();
        this.#drops.set(key, drops.add(drop));
      }
    }
    this.#ofRelation = new WeakMap();
  }

  /** Rows of the relation have changed, or all of them are gone. */
  changed(relation: Relation): void {
    let drops = this.#ofRelation.get(relation);
    if (drops === undefined) {
      const of = (key: string): readonly (() => void)[] => [...(this.#drops.get(key) ?? [])];
      drops = [...new Set([...of(keyOf(relation.schema, relation.table)), ...of(String(relation.oid))])];
      this.#ofRelation.set(relation, drops);
    }
    for (const drop of drops) drop();
  }
}

function keyOf(schema: string, table: string): string {
  return JSON.stringify([schema, table]);
}
