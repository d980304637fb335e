/*
 * Built-in types that values of a topic are given. The same in every database.
 * https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
 */
export const BOOL = 16;
export const BYTEA = 17;
export const INT8 = 20;
export const INT4 = 23;
export const TEXT_TYPE = 25;
export const POINT = 600;
export const FLOAT4 = 700;
export const FLOAT8 = 701;
export const DATE = 1082;
export const TIME = 1083;
export const TIMESTAMP = 1114;
export const TIMESTAMPTZ = 1184;
export const INTERVAL = 1186;
export const TIMETZ = 1266;
export const VARBIT = 1562;
export const NUMERIC = 1700;
export const UUID = 2950;
export const JSONB = 3802;
