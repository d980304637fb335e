import fc from 'fast-check';
import { expect, test } from 'vitest';
import { debeziumValue } from '../../src/format/debezium-value.ts';
import { connectValue } from '../../src/topic/connect-value.ts';
import { membersOf } from '../../src/topic/json-text.ts';
import { builtinCodecs } from '../support/table.ts';
import type { ConnectField } from './debezium-samples.ts';

/** What Debezium writes of a value of Postgres: as `format: debezium` has it. */
function debezium(typeOid: number, text: string, typmod = -1): string {
  const bytes = Buffer.from(text);
  return debeziumValue(builtinCodecs, { typeOid, typmod }, 'number')(bytes, 0, bytes.length);
}

function read(schema: Omit<ConnectField, 'field'>, json: string): string | null | symbol {
  return connectValue(membersOf(JSON.stringify({ field: 'f', ...schema })) ?? new Map())(json).text;
}

const int64 = (name: string): Omit<ConnectField, 'field'> => ({ type: 'int64', name: `io.debezium.time.${name}` });
const int32 = (name: string): Omit<ConnectField, 'field'> => ({ type: 'int32', name: `io.debezium.time.${name}` });
const text = (name: string): Omit<ConnectField, 'field'> => ({ type: 'string', name: `io.debezium.time.${name}` });
const decimal = (scale: number): Omit<ConnectField, 'field'> => ({ type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: String(scale) } });
const TEN_TWO = ((10 << 16) | 2) + 4;

test.each<readonly [oid: number, typmod: number, schema: Omit<ConnectField, 'field'>, values: readonly string[]]>([
  [16, -1, { type: 'boolean' }, ['t', 'f']],
  [20, -1, { type: 'int64' }, ['9223372036854775807', '-1']],
  [17, -1, { type: 'bytes' }, ['\\x', '\\x00ff']],
  [25, -1, { type: 'string' }, ['', '"\\', 'é\n']],
  [3802, -1, { type: 'string', name: 'io.debezium.data.Json' }, ['{"a": [1e2, 1.10]}', '"x"', 'null']],
  [600, -1, { type: 'struct', name: 'io.debezium.data.geometry.Point' }, ['(1,-2.5)']],
  [1562, 9, { type: 'bytes', name: 'io.debezium.data.Bits', parameters: { length: '9' } }, ['000000001', '100000000', '000000000']],
  [1700, TEN_TWO, decimal(2), ['12.50', '-1.29', '0.00', '-0.01', '0.05', '99999999.99']],
  [1700, -1, { type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' }, ['1.5', '100', '-128', '0.001', '0']],
  [1082, -1, int32('Date'), ['2024-02-29', '1969-12-31', 'infinity', '-infinity', '0044-03-15 BC', '0001-01-01', '10000-01-01']],
  [1083, -1, int64('MicroTime'), ['00:00:00', '24:00:00', '04:05:06.789']],
  [1083, 3, int32('Time'), ['04:05:06.789']],
  [1114, -1, int64('MicroTimestamp'), ['2018-06-20 15:13:16.945104', '1969-12-31 23:59:59.999999', 'infinity', '-infinity', '0044-03-15 12:00:00 BC', '12345-06-20 15:13:16']],
  [1114, 3, int64('Timestamp'), ['2018-06-20 15:13:16.945', 'infinity', '-infinity']],
  [1184, -1, text('ZonedTimestamp'), ['2018-06-20 15:13:16.945104+00', '12345-06-20 15:13:16+00', '0044-03-15 12:00:00+00 BC', '0001-03-15 12:00:00+00 BC', '-infinity']],
  [1266, -1, text('ZonedTime'), ['23:02:03.5+00']],
  [1186, -1, int64('MicroDuration'), ['04:05:06.789', '50:00:00', '-00:00:01', '00:00:00']],
])('what Debezium writes of type %s(%s) is read as it was', (oid, typmod, schema, values) => {
  expect(values.map((value) => read(schema, debezium(oid, value, typmod)))).toEqual(values);
});

test('every moment between the years 1 and 9999 comes back to the microsecond', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), fc.nat(999_999), (date, micros) => {
      const clock = micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
      const moment = `${date.toISOString().slice(0, 19).replace('T', ' ')}${clock}`;
      expect(read(int64('MicroTimestamp'), debezium(1114, moment))).toBe(moment);
      expect(read(text('ZonedTimestamp'), debezium(1184, `${moment}+00`))).toBe(`${moment}+00`);
    }),
  );
});

test('every numeric comes back with its digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (digits) => {
      const padded = String(digits < 0n ? -digits : digits).padStart(5, '0');
      const value = `${digits < 0n ? '-' : ''}${padded.slice(0, -4)}.${padded.slice(-4)}`;
      expect(read(decimal(4), debezium(1700, value, ((40 << 16) | 4) + 4))).toBe(value);
    }),
  );
});

test.each<readonly [Omit<ConnectField, 'field'>, string, string | null]>([
  [int64('NanoTimestamp'), '1529507596945104999', '2018-06-20 15:13:16.945104'],
  [int64('NanoTimestamp'), '-1', '1969-12-31 23:59:59.999999'],
  [text('ZonedTimestamp'), '"2018-06-20T15:13:16+02:00"', '2018-06-20 13:13:16+00'],
  [text('Interval'), '"P1Y2M"', 'P1Y2M'],
  [{ type: 'int64', name: 'org.apache.kafka.connect.data.Timestamp' }, '0', '1970-01-01 00:00:00'],
  [{ type: 'string', name: 'io.debezium.data.Enum' }, '"sad"', 'sad'],
  [{ type: 'float' }, '"NaN"', 'NaN'],
  [{ type: 'double' }, '1.0E10', '1.0e10'],
  [{ type: 'map' }, '{"a":1}', '{"a":1}'],
  [{ type: 'boolean' }, 'null', null],
])('%j: %s is %s', (schema, json, value) => {
  expect(read(schema, json)).toBe(value);
});

test('a value that is none of its type is no null', () => {
  expect(() => read(int64('MicroTimestamp'), '"secret"')).toThrow(/column f cannot be read as io.debezium.time.MicroTimestamp$/);
  expect(() => read(decimal(2), '"not base64!"')).toThrow(/column f/);
});

test.each([
  ['IsoDate', '2005-05-12Z', '2005-05-12'],
  ['IsoTime', '04:05:06.789Z', '04:05:06.789'],
  ['IsoTimestamp', '2018-06-20T15:13:16.945104Z', '2018-06-20 15:13:16.945104'],
  ['IsoTimestamp', '-0043-03-15T12:00:00Z', '0044-03-15 12:00:00 BC'],
])('times that the connector was told to write in ISO 8601: %s', (name, written, expected) => {
  expect(read(text(name), JSON.stringify(written))).toBe(expected);
});
