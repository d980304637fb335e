/** Kinds of values that are read and written differently. Everything else is `text`: a JSON string of what Postgres prints. */
export type ScalarKind = 'bool' | 'int' | 'float' | 'numeric' | 'date' | 'timestamp' | 'timestamptz' | 'json' | 'hstore' | 'text';

export interface ScalarType {
  readonly kind: ScalarKind;
  /** `int8`; with its schema if it is not built in. */
  readonly name: string;
}

export interface ArrayType {
  readonly kind: 'array';
  readonly name: string;
  /** OID of the element type. */
  readonly element: number;
  /** The byte between elements in text. */
  readonly delimiter: number;
}

/** int2vector and oidvector: arrays with a text form of their own. */
export interface VectorType {
  readonly kind: 'vector';
  readonly name: string;
  readonly element: number;
}

export interface Attribute {
  readonly name: string;
  readonly type: number;
}

export interface CompositeType {
  readonly kind: 'composite';
  readonly name: string;
  /** Without dropped ones, in order. */
  readonly attributes: readonly Attribute[];
}

export interface DomainType {
  readonly kind: 'domain';
  readonly name: string;
  /** OID of the type it restricts, which may be a domain again. */
  readonly base: number;
}

/** A type as the catalog has it. */
export type PgType = ScalarType | ArrayType | VectorType | CompositeType | DomainType;

/** OIDs of the types that a type's values contain. */
export function dependencies(type: PgType): readonly number[] {
  switch (type.kind) {
    case 'array':
    case 'vector':
      return [type.element];
    case 'domain':
      return [type.base];
    case 'composite':
      return type.attributes.map((attribute) => attribute.type);
    default:
      return [];
  }
}
