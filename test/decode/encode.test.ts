import { expect, test } from 'vitest';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';

const catalog = new TypeCatalog(async () => {
  throw new Error('built-in types need no query');
});

function encode(oid: number, text: string, largeNumbers: 'number' | 'string' = 'number'): string {
  const bytes = Buffer.from(`x${text}                `);
  return catalog.encoder(oid, { largeNumbers })(bytes, 1, 1 + Buffer.byteLength(text));
}

const OID = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25, json: 114, box: 603, float8: 701, int4s: 1007, texts: 1009, int8s: 1016, boxes: 1020, date: 1082, timestamp: 1114, timestamptz: 1184, numeric: 1700, int2vector: 22 };

test.each([
  [OID.bool, 't', 'true'],
  [OID.bool, 'f', 'false'],
  [OID.int4, '-2147483648', '-2147483648'],
  [OID.int4, '7', '7'],
  [OID.int8, '9223372036854775807', '9223372036854775807'],
  [OID.numeric, '1.500', '1.500'],
  [OID.numeric, 'NaN', '"NaN"'],
  [OID.numeric, '-Infinity', '"-Infinity"'],
  [OID.float8, '1e+20', '100000000000000000000'],
  [OID.float8, '-1.5e-07', '-0.00000015'],
  [OID.float8, '1.2345678901234568e+17', '123456789012345680'],
  [OID.float8, '1.25e+01', '12.5'],
  [OID.float8, '-0', '0'],
  [OID.float8, 'Infinity', '"Infinity"'],
  [OID.date, '0044-03-15 BC', '"0044-03-15 BC"'],
  [OID.timestamp, '2024-01-02 03:04:05.6', '"2024-01-02T03:04:05.6"'],
  [OID.timestamp, '-infinity', '"-infinity"'],
  [OID.timestamptz, '2024-01-02 03:04:05.600001+00', '"2024-01-02T03:04:05.600001+00:00"'],
  [OID.timestamptz, '0044-03-15 12:00:00+00 BC', '"0044-03-15T12:00:00+00:00 BC"'],
  [OID.timestamptz, '294276-12-31 23:59:59.999999+00', '"294276-12-31T23:59:59.999999+00:00"'],
  [OID.timestamptz, 'infinity', '"infinity"'],
  [OID.bytea, '\\x00ff', '"\\\\x00ff"'],
  [OID.json, ' {"a" : 1e2,\n"b":"\\u0000"} ', ' {"a" : 1e2,\n"b":"\\u0000"} '],
  [OID.text, '', '""'],
  [OID.text, 'a"b', '"a\\"b"'],
  [OID.text, 'é"', '"é\\""'],
  [OID.text, 'a longer line\nand \\ another', '"a longer line\\nand \\\\ another"'],
  [OID.text, '日本語', '"日本語"'],
  [OID.int4s, '{}', '[]'],
  [OID.int4s, '[0:1][-1:-1]={{1},{NULL}}', '[[1],[null]]'],
  [OID.texts, '{a,NULL,"NULL","","a,b","\\"\\\\{}"}', '["a",null,"NULL","","a,b","\\"\\\\{}"]'],
  [OID.boxes, '{(1,1),(0,0);(2,2),(1,1)}', '["(1,1),(0,0)","(2,2),(1,1)"]'],
  [OID.int2vector, '1 -2 3', '[1,-2,3]'],
  [OID.int2vector, '', '[]'],
])('type %i: %s is %s', (oid, text, json) => {
  expect(encode(oid, text)).toBe(json);
});

test.each([
  [OID.int8, '9007199254740991', '9007199254740991'],
  [OID.int8, '9007199254740993', '"9007199254740993"'],
  [OID.int8, '-9007199254740992', '"-9007199254740992"'],
  [OID.int8s, '{1,9007199254740993}', '[1,"9007199254740993"]'],
  [OID.numeric, '0.1', '0.1'],
  [OID.numeric, '1.50000000000000000000', '1.50000000000000000000'],
  [OID.numeric, '1.50000000000000000001', '"1.50000000000000000001"'],
  [OID.numeric, '9007199254740993.000', '"9007199254740993.000"'],
  [OID.numeric, '0.00000000000000000012', '0.00000000000000000012'],
  [OID.numeric, 'NaN', '"NaN"'],
  [OID.float8, '1e+20', '100000000000000000000'],
])('with large numbers as strings, type %i: %s is %s', (oid, text, json) => {
  expect(encode(oid, text, 'string')).toBe(json);
});

test.each([
  [OID.int4s, '{1,2'],
  [OID.int4s, '1,2'],
  [OID.int4s, ''],
  [OID.texts, '{"a}'],
])('type %i: %s is refused, and the message does not show it', (oid, text) => {
  expect(() => encode(oid, text)).toThrow(/^a value cannot be read as (an array|quoted text): its type may have changed$/);
});
