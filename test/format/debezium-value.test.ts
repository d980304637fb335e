import { expect, test } from 'vitest';
import { debeziumValue, unavailable } from '../../src/format/debezium-value.ts';
import { builtinCodecs } from '../support/table.ts';

const OID = {
  bool: 16, bytea: 17, int8: 20, oid: 26, json: 114, point: 600, float8: 701, int4s: 1007, texts: 1009, byteas: 1001, times: 1183, dates: 1182, date: 1082, time: 1083,
  timestamp: 1114, timestamptz: 1184, interval: 1186, timetz: 1266, bit: 1560, varbit: 1562, numeric: 1700, numerics: 1231, uuid: 2950, jsonb: 3802, money: 790,
};
/** The typmod of numeric(10,2). */
const TEN_TWO = ((10 << 16) | 2) + 4;

function encode(typeOid: number, text: string, typmod = -1, numbers: 'number' | 'string' = 'number'): string {
  const bytes = Buffer.from(`x${text}x`);
  return debeziumValue(builtinCodecs, { typeOid, typmod }, numbers)(bytes, 1, bytes.length - 1);
}

test.each([
  [OID.bool, -1, 't', 'true'],
  [OID.int8, -1, '9223372036854775807', '9223372036854775807'],
  [OID.oid, -1, '4294967295', '4294967295'],
  [OID.float8, -1, 'NaN', '"NaN"'],
  [OID.uuid, -1, '0e223bd4-1324-49ff-b948-122eeaaa42d1', '"0e223bd4-1324-49ff-b948-122eeaaa42d1"'],
  [OID.json, -1, '{"a": 1}', '"{\\"a\\": 1}"'],
  [OID.jsonb, -1, 'null', '"null"'],
  [OID.bytea, -1, '\\x00ff', '"AP8="'],
  [OID.bytea, -1, '\\x', '""'],
  [OID.bit, 1, '1', 'true'],
  [OID.varbit, 1, '0', 'false'],
  [OID.varbit, 33, '101', '"BQ=="'],
  [OID.bit, 10, '1000000001', '"AQI="'],
  [OID.bit, 8, '00000000', '""'],
  [OID.varbit, -1, '', '""'],
  [OID.point, -1, '(1,-2.5)', '{"x":1,"y":-2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAATA","srid":null}'],
  [OID.date, -1, '2024-02-29', '19782'],
  [OID.date, -1, 'infinity', '2147483647'],
  [OID.date, -1, '-infinity', '-2147483648'],
  [OID.time, -1, '24:00:00', '86400000000'],
  [OID.time, 3, '04:05:06.789', '14706789'],
  [OID.timestamp, -1, '2018-06-20 15:13:16.945104', '1529507596945104'],
  [OID.timestamp, 3, '2018-06-20 15:13:16.945', '1529507596945'],
  [OID.timestamp, -1, 'infinity', '9223372036825200000'],
  [OID.timestamp, -1, '-infinity', '-9223372036832400000'],
  [OID.timestamptz, -1, '2018-06-20 15:13:16.945104+00', '"2018-06-20T15:13:16.945104Z"'],
  [OID.timestamptz, -1, '12345-06-20 15:13:16+00', '"+12345-06-20T15:13:16Z"'],
  [OID.timestamptz, -1, '0044-03-15 12:00:00+00 BC', '"-0043-03-15T12:00:00Z"'],
  [OID.timestamptz, -1, '0001-03-15 12:00:00+00 BC', '"0000-03-15T12:00:00Z"'],
  [OID.timestamptz, -1, '-infinity', '"-infinity"'],
  [OID.timetz, -1, '01:02:03.5+02', '"23:02:03.5Z"'],
  [OID.interval, -1, '1 year 2 mons -3 days +04:05:06.789', '36572706789000'],
  [OID.interval, -1, '-178000000 years', '-9223372036854775808'],
  [OID.interval, -1, 'infinity', '9223372036854775807'],
  [OID.numeric, TEN_TWO, '12.50', '"BOI="'],
  [OID.numeric, TEN_TWO, '-1.29', '"/38="'],
  [OID.numeric, TEN_TWO, '0.00', '"AA=="'],
  [OID.numeric, TEN_TWO, 'NaN', 'null'],
  [OID.numeric, -1, '1.500', '{"scale":1,"value":"Dw=="}'],
  [OID.numeric, -1, '100', '{"scale":0,"value":"ZA=="}'],
  [OID.numeric, -1, '-128', '{"scale":0,"value":"gA=="}'],
  [OID.numeric, -1, '128', '{"scale":0,"value":"AIA="}'],
  [OID.numeric, -1, 'Infinity', 'null'],
  [OID.numerics, TEN_TWO, '{12.50,NULL}', '["BOI=",null]'],
  [OID.texts, -1, '{"a b",NULL}', '["a b",null]'],
  [OID.dates, -1, '{1970-01-02,NULL}', '[1,null]'],
  [OID.times, 3, '{00:00:01}', '[1000000]'],
  [OID.money, -1, '$1.50', '"$1.50"'],
])('type %i (%i): %s is %s', (oid, typmod, text, json) => {
  expect(encode(oid, text, typmod)).toBe(json);
});

test('with large numbers as strings, numerics are their text, as with decimal.handling.mode=string', () => {
  expect(encode(OID.numeric, '12.50', TEN_TWO, 'string')).toBe('"12.50"');
  expect(encode(OID.numeric, '0.5', -1, 'string')).toBe('"0.5"');
  expect(encode(OID.numerics, '{1,NULL}', -1, 'string')).toBe('["1",null]');
  expect(encode(OID.int8, '7', -1, 'string')).toBe('7');
  expect(encode(OID.int8, '9007199254740993', -1, 'string')).toBe('"9007199254740993"');
});

test('a value that is not carried has the type of those that are', () => {
  const placeholder = (typeOid: number): unknown => JSON.parse(unavailable(builtinCodecs, { typeOid }));
  expect(placeholder(OID.jsonb)).toBe('__debezium_unavailable_value');
  expect(placeholder(OID.texts)).toEqual(['__debezium_unavailable_value']);
  expect(Buffer.from(String(placeholder(OID.bytea)), 'base64').toString()).toBe('__debezium_unavailable_value');
  expect(Buffer.from(placeholder(OID.int4s) as number[]).toString()).toBe('__debezium_unavailable_value');
});

test.each([
  [OID.timestamp, 'a timestamp'],
  [OID.date, 'a date'],
  [OID.time, 'a time'],
  [OID.timetz, 'a time'],
  [OID.interval, 'an interval'],
])('type %i: what is no such value is refused, and the message does not show it', (oid, what) => {
  expect(() => encode(oid, 'secret')).toThrow(`a value cannot be read as ${what}: its type may have changed`);
});
