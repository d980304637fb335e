import type { PgType, ScalarKind } from './pg-type.ts';
import { COMMA } from './text-bytes.ts';

const SEMICOLON = 0x3b;

/** OID, OID of its array (0: none), name; kind if it is not `text`. */
type Row = readonly [oid: number, array: number, name: string, kind?: ScalarKind];

/**
 * The types that every database has under the same OIDs, so that an ordinary table costs no look-up.
 * Fixed since they were introduced: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
 */
const SCALARS: readonly Row[] = [
  [16, 1000, 'bool', 'bool'],
  [17, 1001, 'bytea'],
  [18, 1002, 'char'],
  [19, 1003, 'name'],
  [20, 1016, 'int8', 'int'],
  [21, 1005, 'int2', 'int'],
  [23, 1007, 'int4', 'int'],
  [24, 1008, 'regproc'],
  [25, 1009, 'text'],
  [26, 1028, 'oid'],
  [27, 1010, 'tid'],
  [28, 1011, 'xid'],
  [29, 1012, 'cid'],
  [114, 199, 'json', 'json'],
  [142, 143, 'xml'],
  [600, 1017, 'point'],
  [601, 1018, 'lseg'],
  [602, 1019, 'path'],
  [603, 1020, 'box'],
  [604, 1027, 'polygon'],
  [628, 629, 'line'],
  [650, 651, 'cidr'],
  [700, 1021, 'float4', 'float'],
  [701, 1022, 'float8', 'float'],
  [718, 719, 'circle'],
  [774, 775, 'macaddr8'],
  [790, 791, 'money'],
  [829, 1040, 'macaddr'],
  [869, 1041, 'inet'],
  [1033, 1034, 'aclitem'],
  [1042, 1014, 'bpchar'],
  [1043, 1015, 'varchar'],
  [1082, 1182, 'date', 'date'],
  [1083, 1183, 'time'],
  [1114, 1115, 'timestamp', 'timestamp'],
  [1184, 1185, 'timestamptz', 'timestamptz'],
  [1186, 1187, 'interval'],
  [1266, 1270, 'timetz'],
  [1560, 1561, 'bit'],
  [1562, 1563, 'varbit'],
  [1700, 1231, 'numeric', 'numeric'],
  [1790, 2201, 'refcursor'],
  [2202, 2207, 'regprocedure'],
  [2203, 2208, 'regoper'],
  [2204, 2209, 'regoperator'],
  [2205, 2210, 'regclass'],
  [2206, 2211, 'regtype'],
  [2950, 2951, 'uuid'],
  [2970, 2949, 'txid_snapshot'],
  [3220, 3221, 'pg_lsn'],
  [3614, 3643, 'tsvector'],
  [3615, 3645, 'tsquery'],
  [3642, 3644, 'gtsvector'],
  [3734, 3735, 'regconfig'],
  [3769, 3770, 'regdictionary'],
  [3802, 3807, 'jsonb', 'json'],
  [3904, 3905, 'int4range'],
  [3906, 3907, 'numrange'],
  [3908, 3909, 'tsrange'],
  [3910, 3911, 'tstzrange'],
  [3912, 3913, 'daterange'],
  [3926, 3927, 'int8range'],
  [4072, 4073, 'jsonpath'],
  [4089, 4090, 'regnamespace'],
  [4096, 4097, 'regrole'],
  [4191, 4192, 'regcollation'],
  [4451, 6150, 'int4multirange'],
  [4532, 6151, 'nummultirange'],
  [4533, 6152, 'tsmultirange'],
  [4534, 6153, 'tstzmultirange'],
  [4535, 6155, 'datemultirange'],
  [4536, 6157, 'int8multirange'],
  [5038, 5039, 'pg_snapshot'],
  [5069, 271, 'xid8'],
];

/** Element OID, OID, OID of its array, name. */
const VECTORS: readonly (readonly [element: number, oid: number, array: number, name: string])[] = [
  [21, 22, 1006, 'int2vector'],
  [26, 30, 1013, 'oidvector'],
];

/** Built-in types by OID, arrays included. A new map each time. */
export function builtinTypes(): Map<number, PgType> {
  const types = new Map<number, PgType>();
  const addArray = (oid: number, element: number, name: string): void => {
    if (oid !== 0) types.set(oid, { kind: 'array', name: `${name}[]`, element, delimiter: name === 'box' ? SEMICOLON : COMMA });
  };
  for (const [oid, array, name, kind = 'text'] of SCALARS) {
    types.set(oid, { kind, name });
    addArray(array, oid, name);
  }
  for (const [element, oid, array, name] of VECTORS) {
    types.set(oid, { kind: 'vector', name, element });
    addArray(array, oid, name);
  }
  return types;
}
