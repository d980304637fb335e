import { JSONB } from './type-oids.ts';
import type { Fields } from './told-change.ts';

/**
 * The types of a table's columns where nothing tells them but the values. A column's type is that of its first value
 * that is not null. Once it has had values of two types it is jsonb for good, which shows them all as they are: so it
 * changes twice at most, however often the values do.
 */
export class SeenTypes {
  readonly #types = new Map<string, number>();

  see(fields: Fields): void {
    for (const [name, { typeOid }] of fields) {
      if (typeOid === 0) continue;
      const known = this.#types.get(name);
      if (known === undefined) this.#types.set(name, typeOid);
      else if (known !== typeOid) this.#types.set(name, JSONB);
    }
  }

  /** jsonb for a column of which nothing has been seen: an expression may compare null with anything. */
  of(name: string): number {
    return this.#types.get(name) ?? JSONB;
  }
}
