import type { JsonWriter } from '../codec.ts';
import { builtinTypes } from './builtin-types.ts';
import { compileWriter, encoderOf } from './compile-writer.ts';
import type { Encoder, LargeNumbers } from './encoder.ts';
import { type Attribute, dependencies, type DomainType, type PgType, type ScalarKind } from './pg-type.ts';

/** Runs one SQL statement and gives its rows, keyed by column name. */
export type CatalogQuery = (sql: string, params: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export interface EncoderOptions {
  /** Default: `number`. */
  readonly largeNumbers?: LargeNumbers;
}

/** A type with its domains taken off. */
export type ResolvedType = Exclude<PgType, DomainType>;

/**
 * The types of a database by OID: built-in ones from the start, others once they are loaded. What it knows does not
 * age: make a new one for each connection, or `forget` when a value cannot be read as its type.
 */
export class TypeCatalog {
  readonly #query: CatalogQuery;
  #types = builtinTypes();
  readonly #encoders = { number: new Map<number, Encoder>(), string: new Map<number, Encoder>() };

  constructor(query: CatalogQuery) {
    this.#query = query;
  }

  /** True if values of the type, and everything within them, can be encoded without asking the database. */
  knows(oid: number): boolean {
    const type = this.#types.get(oid);
    return type !== undefined && dependencies(type).every((dependency) => this.knows(dependency));
  }

  /**
   * Looks up those of the types that are not known, and the types within them; no round trip if all are known.
   * Gives the OIDs that the database does not have (any more): their values are encoded as strings of their text.
   */
  async load(oids: readonly number[]): Promise<readonly number[]> {
    const missing: number[] = [];
    let wanted = this.#unknown(oids);
    while (wanted.length > 0) {
      const rows = await this.#query(TYPES_SQL, [wanted.map(String)]);
      const found = new Map(rows.map((row) => [Number(row['oid']), typeOf(row)]));
      for (const oid of wanted) {
        const type = found.get(oid);
        if (type === undefined) missing.push(oid);
        this.#types.set(oid, type ?? { kind: 'text', name: `type ${oid}` });
      }
      wanted = this.#unknown([...found.values()].flatMap(dependencies));
    }
    return missing;
  }

  /** Forgets all that was loaded. Encoders handed out before go on as they were. */
  forget(): void {
    this.#types = builtinTypes();
    this.#encoders.number.clear();
    this.#encoders.string.clear();
  }

  /** What a column of the type holds: its type, with domains taken off. Throws a RangeError unless the type is known. */
  describe(oid: number): ResolvedType {
    const type = this.#types.get(oid);
    if (type === undefined) throw new RangeError(`type ${oid} is not loaded`);
    return type.kind === 'domain' ? this.describe(type.base) : type;
  }

  /** The encoder of a type, compiled once. Throws a RangeError unless the type is known. */
  encoder(oid: number, options: EncoderOptions = {}): Encoder {
    const largeNumbers = options.largeNumbers ?? 'number';
    const compiled = this.#encoders[largeNumbers];
    let encoder = compiled.get(oid);
    if (encoder === undefined) {
      encoder = encoderOf(compileWriter(this, oid, largeNumbers));
      compiled.set(oid, encoder);
    }
    return encoder;
  }

  /** The writer of a type. Throws a RangeError unless the type is known. */
  writer(oid: number, options: EncoderOptions = {}): JsonWriter {
    return compileWriter(this, oid, options.largeNumbers ?? 'number');
  }

  #unknown(oids: readonly number[]): number[] {
    return [...new Set(oids)].filter((oid) => !this.#types.has(oid));
  }
}

/**
 * Arrays are told by their output function, as some types are subscripted like arrays but print otherwise. A type's
 * cast to json is the one that `to_jsonb` would call: of those only hstore's is known here; any other type with such a
 * cast (PostGIS' geometry, say) is encoded as a string of its text, because the cast can only run in the database.
 */
const TYPES_SQL = `
select t.oid::text as oid,
       case when n.nspname = 'pg_catalog' then t.typname else n.nspname || '.' || t.typname end as name,
       case
         when t.typtype = 'd' then 'domain'
         when t.typtype = 'c' then 'composite'
         when t.typelem <> 0 and t.typoutput = 'pg_catalog.array_out'::regproc then 'array'
         when exists (select from pg_catalog.pg_cast c join pg_catalog.pg_proc p on p.oid = c.castfunc
                      where c.castsource = t.oid and c.casttarget = 'pg_catalog.json'::regtype
                        and c.castmethod = 'f' and p.prosrc = 'hstore_to_json') then 'hstore'
         else 'text'
       end as kind,
       t.typbasetype::text as base,
       t.typelem::text as element,
       (select ascii(e.typdelim::text) from pg_catalog.pg_type e where e.oid = t.typelem)::text as delimiter,
       (select json_agg(json_build_array(a.attname, a.atttypid::text) order by a.attnum)
          from pg_catalog.pg_attribute a
         where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)::text as attributes
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
 where t.oid = any ($1::text[]::oid[])`;

function typeOf(row: Record<string, unknown>): PgType {
  const name = String(row['name']);
  const kind = String(row['kind']);
  switch (kind) {
    case 'domain':
      return { kind, name, base: Number(row['base']) };
    case 'array':
      return { kind, name, element: Number(row['element']), delimiter: Number(row['delimiter']) };
    case 'composite':
      return { kind, name, attributes: attributesOf(row['attributes']) };
    default:
      return { kind: kind as ScalarKind, name };
  }
}

function attributesOf(json: unknown): Attribute[] {
  if (typeof json !== 'string') return []; // a composite may have none
  const pairs = JSON.parse(json) as [name: string, type: string][];
  return pairs.map(([name, type]) => ({ name, type: Number(type) }));
}
