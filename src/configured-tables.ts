import type { Relation } from './change.ts';
import type { Config, TableConfig } from './config.ts';
import type { Lsn } from './lsn.ts';

interface Named {
  readonly schema: string;
  readonly table: string;
}

export interface ConfiguredTablesOptions {
  readonly config: Config;
  /** The configured tables as the database had them at the start. */
  readonly found: readonly (Named & { readonly relation: { readonly oid: number } | null })[];
  /** The end of the WAL at the start. */
  readonly since: Lsn;
  /** A configured table has got another name since the start. Told once for each name. */
  readonly onRenamed: (table: TableConfig, relation: Relation) => void;
}

/**
 * Tells which configured table a relation of the stream is. By OID first: a table that is renamed while it is streamed
 * keeps its hooks, as does one whose changes from before a rename are still to be read. Then by name.
 */
export class ConfiguredTables {
  readonly #options: ConfiguredTablesOptions;
  readonly #byOid: ReadonlyMap<number, TableConfig>;
  readonly #told = new Set<string>();

  constructor(options: ConfiguredTablesOptions) {
    const { config, found } = options;
    this.#options = options;
    this.#byOid = new Map(
      config.tables.flatMap((table) => {
        const relation = found.find((candidate) => isNamed(candidate, table))?.relation ?? null;
        return relation === null ? [] : [[relation.oid, table] as const];
      }),
    );
  }

  /**
   * Null if no table is configured for the relation.
   * @param commitLsn of the transaction in which the relation has this name
   */
  of(relation: Relation, commitLsn: Lsn): TableConfig | null {
    const { config, since, onRenamed } = this.#options;
    const table = this.#byOid.get(relation.oid) ?? config.tables.find((candidate) => isNamed(candidate, relation)) ?? null;
    if (table === null || isNamed(table, relation)) return table;
    // What was committed before the start may well bear an older name.
    const name = JSON.stringify([relation.schema, relation.table]);
    if (commitLsn >= since && !this.#told.has(name)) {
      this.#told.add(name);
      onRenamed(table, relation);
    }
    return table;
  }
}

function isNamed(a: Named, b: Named): boolean {
  return a.schema === b.schema && a.table === b.table;
}
