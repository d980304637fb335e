import fc from 'fast-check';

/** A type to put in a column, and the texts that its input function takes. */
export interface SampleType {
  /** As in CREATE TABLE, with its typmod. */
  readonly typeName: string;
  /** Texts of values; extremes come up often. Quote one with `literal`. */
  readonly text: fc.Arbitrary<string>;
  /** The byte between elements in an array's text. Default: a comma. */
  readonly delimiter?: string;
}

/** `'…'::type`, to be put in SQL as it stands. */
export function literal(text: string | null, typeName: string): string {
  return text === null ? `null::${typeName}` : `'${text.replaceAll("'", "''")}'::${typeName}`;
}

/** Creates the types that `userTypes` speaks of, in the schema `samples` and the extensions' own. */
export const USER_TYPES_SQL = `
  create extension if not exists hstore;
  create extension if not exists citext;
  create schema samples;
  create type samples.mood as enum ('happy', 'so "so"', 'c:\\sad', 'a,b', '{x}', '(y)', 'NULL', '', 'día');
  create domain samples.percent as numeric(5, 2) check (value between 0 and 100);
  create domain samples.half as samples.percent;
  create domain samples.tags as text[];
  create type samples.point3 as (x int, y float8, "Z ""quoted""" numeric);
  create domain samples.place as samples.point3;
  create type samples.everything as (
    id bigint, "__proto__" text, flag bool, at timestamptz, doc jsonb, points samples.point3[], "where" samples.place,
    mood samples.mood, tags samples.tags, props hstore, parts float8[], span tstzrange, gone int, blob bytea);
  alter type samples.everything drop attribute gone;
  create type samples.single as (alone text);
  create type samples.nothing as ();
  create type samples.floatrange as range (subtype = float8, multirange_type_name = samples.floatmultirange);
  create domain samples.document as json;
`;

const pick = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const or = (extremes: readonly string[], ...rest: fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.oneof(fc.constantFrom(...extremes), ...rest);
const digits = (n: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{${n}}$`));
const pad = (n: number, length = 2): string => String(n).padStart(length, '0');

/** Any text Postgres can hold: no U+0000, no half of a surrogate pair. */
export const anyText: fc.Arbitrary<string> = or(
  ['', ' ', 'NULL', 'null', '"', '\\', '\\\\"', '{}', '{a,b}', '(a,b)', '""', "it's", 'a;b', '\n\r\t\b\f\v\u0001\u001f\u007f', '\u2028\u2029', 'Zoë', '日本語', '👩‍👩‍👧', '\ufeffbom', '=>', '</script>', 'x'.repeat(3000), 'é'.repeat(500)],
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\u0000', '')),
  fc.string({ maxLength: 12 }),
);

const int = (bits: 16n | 32n | 64n): fc.Arbitrary<string> => {
  const max = 2n ** (bits - 1n) - 1n;
  return or([String(max), String(-max - 1n), '0', '-1', '9', '123456789', '1234567890'].filter((text) => BigInt(text) <= max), fc.bigInt({ min: -max - 1n, max }).map(String));
};

const float8 = or(
  ['0', '-0', 'NaN', 'Infinity', '-Infinity', '1e20', '1e15', '1e16', '1e-4', '1e-5', '-1.5e-7', '5e-324', '1.7976931348623157e308', '0.1', '9007199254740993', '123456.789e3'],
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const float4 = or(
  ['0', '-0', 'NaN', 'Infinity', '-Infinity', '1e20', '1e-7', '1e-45', '3.4028235e38', '16777216', '0.1', '1e6', '999999'],
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const finiteNumeric = or(
  ['0', '0.00', '-0.0', '1.500', '9007199254740991', '9007199254740993', '0.1000000000000000055511151231257827', '1e100', '1e-100', `-${'9'.repeat(900)}.${'1'.repeat(300)}`, '100'],
  fc.tuple(fc.constantFrom('', '-'), fc.integer({ min: 0, max: 25 }).chain(digits), fc.integer({ min: 0, max: 25 }).chain(digits)).map(([sign, whole, part]) => `${sign}${whole}0.${part}0`),
  fc.integer().map(String),
);
const numeric = fc.oneof({ weight: 9, arbitrary: finiteNumeric }, pick('NaN', 'Infinity', '-Infinity'));

const date = (lastYear: number): fc.Arbitrary<string> =>
  or(
    ['2000-01-01', '1999-12-31', '0044-03-15 BC', '0001-01-01', '0001-12-31 BC', '4713-01-01 BC', `${lastYear}-12-31`, '9999-12-31', '10000-01-01', '1970-01-01', '2024-02-29'],
    fc.tuple(fc.integer({ min: 1, max: 12_000 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }), fc.constantFrom('', '', '', ' BC')).map(
      ([year, month, day, era]) => `${pad(era === '' ? year : (year % 4700) + 1, 4)}-${pad(month)}-${pad(day)}${era}`,
    ),
  );
const time = or(
  ['00:00:00', '24:00:00', '23:59:59.999999', '12:00:00.1', '04:05:06.789'],
  fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999)).map(([h, m, s, us]) => `${pad(h)}:${pad(m)}:${pad(s)}${us % 3 === 0 ? '' : `.${pad(us, 6)}`}`),
);
const offset = pick('+00', '-00', '+05:30', '-08', '+15:59', '-15:59', '+01:02:03');
const moment = fc.tuple(date(294_276), time).map(([day, clock]) => {
  const [, calendar = '', era = ''] = /^(\S+)( BC)?$/.exec(day) ?? [];
  return `${calendar} ${clock === '24:00:00' ? '00:00:00' : clock}${era}`;
});
const withInfinity = (text: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof({ weight: 9, arbitrary: text }, pick('infinity', '-infinity'));

const jsonValue = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }).map((value) => JSON.stringify(value).replaceAll('\\u0000', ''));
const jsonText = or(
  ['null', '{}', '[]', '""', ' { "a" : 1e2 ,\n\t"b": [ 3.00, -0.0, 12345678901234567890.123456789 ] }\n', '"\\u00e9\\ud83d\\ude00\\n\\/"', '{"a":{"a":{"a":[[[]]]}},"__proto__":1,"":2}', 'true', '1.10'],
  jsonValue,
);

const byte = fc.nat(255);
const hex = (bytes: readonly number[]): string => bytes.map((n) => n.toString(16).padStart(2, '0')).join('');
const colons = (n: number): fc.Arbitrary<string> => fc.array(byte, { minLength: n, maxLength: n }).map((bytes) => bytes.map((b) => hex([b])).join(':'));
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
const ipv6 = or(['::1', '::', 'fe80::1', '::ffff:1.2.3.4', '2001:db8::ff00:42:8329'], fc.array(fc.nat(65_535), { minLength: 8, maxLength: 8 }).map((parts) => parts.map((p) => p.toString(16)).join(':')));
const bits = (max: number): fc.Arbitrary<string> => fc.array(fc.constantFrom('0', '1'), { maxLength: max }).map((all) => all.join(''));
const coordinate = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -1e10, max: 1e10, noNaN: true })).map(String);
const xy = fc.tuple(coordinate, coordinate).map(([x, y]) => `(${x},${y})`);
const word = fc.stringMatching(/^[a-z]{1,8}$/);

const range = (bound: fc.Arbitrary<string>, order: (a: string, b: string) => number): fc.Arbitrary<string> =>
  fc.oneof(
    pick('empty', '(,)'),
    fc.tuple(bound, bound, fc.constantFrom('[', '('), fc.constantFrom(']', ')'), fc.nat(5)).map(([a, b, open, close, which]) => {
      const [low, high] = order(a, b) <= 0 ? [a, b] : [b, a];
      return `${open}${which === 0 ? '' : `"${low}"`},${which === 1 ? '' : `"${high}"`}${close}`;
    }),
  );
const multirange = (of: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.array(of, { maxLength: 3 }).map((ranges) => `{${ranges.join(',')}}`);
const byNumber = (a: string, b: string): number => Number(a) - Number(b);
const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const plainDate = fc.tuple(fc.integer({ min: 1000, max: 9998 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 })).map(([y, m, d]) => `${y}-${pad(m)}-${pad(d)}`);
const plainMoment = fc.tuple(plainDate, time.filter((text) => text !== '24:00:00')).map(([d, t]) => `${d} ${t}`);
const plainInt = fc.integer({ min: -1e9, max: 1e9 }).map(String);
const plainFloat = fc.double({ min: -1e12, max: 1e12, noNaN: true }).map(String);

const RANGES = {
  int4: range(plainInt, byNumber),
  int8: range(plainInt, byNumber),
  num: range(plainInt.map((n) => `${n}.50`), byNumber),
  date: range(plainDate, byText),
  ts: range(plainMoment, byText),
  tstz: range(plainMoment.map((text) => `${text}+00`), byText),
};

/** Every built-in scalar type that has an input function, under the name of pg_type. */
export const builtinTypes: readonly SampleType[] = [
  { typeName: 'bool', text: pick('t', 'f') },
  { typeName: 'int2', text: int(16n) },
  { typeName: 'int4', text: int(32n) },
  { typeName: 'int8', text: int(64n) },
  { typeName: 'float4', text: float4 },
  { typeName: 'float8', text: float8 },
  { typeName: 'numeric', text: numeric },
  { typeName: 'money', text: or(['-92233720368547758.08', '92233720368547758.07', '0'], fc.integer().map((n) => String(n / 100))) },
  { typeName: 'oid', text: or(['0', '4294967295'], fc.nat().map(String)) },
  { typeName: 'text', text: anyText },
  { typeName: 'varchar', text: anyText },
  { typeName: 'bpchar', text: anyText },
  { typeName: 'name', text: anyText.map((text) => Array.from(text).slice(0, 15).join('')) },
  { typeName: '"char"', text: or(['', '"', '\\', ' ', '\\377', '{', ','], fc.string({ maxLength: 1 })) },
  { typeName: 'bytea', text: or(['\\x', '\\x00', '\\xdeadbeef'], fc.array(byte).map((bytes) => `\\x${hex(bytes)}`)) },
  { typeName: 'uuid', text: fc.uuid() },
  { typeName: 'date', text: withInfinity(date(5_874_897)) },
  { typeName: 'time', text: time },
  { typeName: 'timetz', text: fc.tuple(time, offset).map(([clock, zone]) => clock + zone) },
  { typeName: 'timestamp', text: withInfinity(moment) },
  { typeName: 'timestamptz', text: withInfinity(moment.map((text) => text.replace(/( BC)?$/, '+00$1'))) },
  { typeName: 'interval', text: or(['0', '1 mon', '-178000000 years', '178000000 years', '1 year 2 mons -3 days +04:05:06.789', '-00:00:00.000001', 'P1Y2M3DT4H5M6S'], fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -999, max: 999 }), time).map(([months, days, clock]) => `${months} mons ${days} days ${clock}`)) },
  { typeName: 'json', text: jsonText },
  { typeName: 'jsonb', text: jsonText },
  { typeName: 'jsonpath', text: pick('$.a', '$.a[*] ? (@.b > 1 && @.c == "x\\"y")', 'strict $."key with space"', '$') },
  { typeName: 'xml', text: or(['<a b="c">&lt;</a>', 'just text', '<?xml version="1.0"?><r/>'], word.map((tag) => `<${tag}/>`)) },
  { typeName: 'inet', text: fc.oneof(ipv4, ipv6, fc.tuple(ipv4, fc.nat(32)).map(([address, mask]) => `${address}/${mask}`)) },
  { typeName: 'cidr', text: fc.oneof(ipv4, ipv6, pick('10.0.0.0/8', '0.0.0.0/0', '2001:db8::/32')) },
  { typeName: 'macaddr', text: colons(6) },
  { typeName: 'macaddr8', text: colons(8) },
  { typeName: 'bit', text: pick('0', '1') },
  { typeName: 'varbit', text: bits(70) },
  { typeName: 'point', text: xy },
  { typeName: 'lseg', text: fc.tuple(xy, xy).map(([a, b]) => `[${a},${b}]`) },
  { typeName: 'box', text: fc.tuple(xy, xy).map(([a, b]) => `${a},${b}`), delimiter: ';' },
  { typeName: 'path', text: fc.tuple(fc.array(xy, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([points, open]) => (open ? `[${points.join(',')}]` : `(${points.join(',')})`)) },
  { typeName: 'polygon', text: fc.array(xy, { minLength: 1, maxLength: 4 }).map((points) => `(${points.join(',')})`) },
  { typeName: 'line', text: fc.tuple(fc.integer({ min: 1, max: 99 }), coordinate, coordinate).map(([a, b, c]) => `{${a},${b},${c}}`) },
  { typeName: 'circle', text: fc.tuple(xy, fc.nat(999)).map(([centre, radius]) => `<${centre},${radius}>`) },
  { typeName: 'tsvector', text: fc.array(fc.tuple(word, fc.integer({ min: 1, max: 99 })), { maxLength: 5 }).map((words) => words.map(([w, at]) => `'${w} ''x''':${at}A`).join(' ')) },
  { typeName: 'tsquery', text: or(['', "'it''s' & !b", 'a <-> b | c:*A'], fc.tuple(word, word).map((both) => both.map((w) => `'${w}'`).join(' & '))) },
  { typeName: 'pg_lsn', text: or(['0/0', 'FFFFFFFF/FFFFFFFF'], fc.nat().map((n) => `${(n % 99).toString(16)}/${n.toString(16)}`)) },
  { typeName: 'xid', text: or(['0', '4294967295'], fc.nat().map(String)) },
  { typeName: 'xid8', text: or(['0', '18446744073709551615'], fc.nat().map(String)) },
  { typeName: 'cid', text: or(['0', '4294967295'], fc.nat().map(String)) },
  { typeName: 'tid', text: fc.tuple(fc.nat(), fc.nat(65_535)).map(([block, at]) => `(${block},${at})`) },
  { typeName: 'txid_snapshot', text: pick('10:20:10,14,15', '1:1:') },
  { typeName: 'pg_snapshot', text: pick('10:20:10,14,15', '1:1:') },
  { typeName: 'refcursor', text: anyText },
  { typeName: 'aclitem', text: pick('pg_monitor=r/pg_monitor', '=arwdDxt/pg_monitor', 'pg_monitor=r*w/pg_monitor') },
  { typeName: 'int2vector', text: fc.array(int(16n), { maxLength: 5 }).map((items) => items.join(' ')) },
  { typeName: 'oidvector', text: fc.array(fc.nat().map(String), { maxLength: 5 }).map((items) => items.join(' ')) },
  { typeName: 'regproc', text: pick('pg_sleep', '-') },
  { typeName: 'regprocedure', text: pick('sum(int4)', '-') },
  { typeName: 'regoper', text: pick('||/', '0') },
  { typeName: 'regoperator', text: pick('+(int4,int4)', '0') },
  { typeName: 'regclass', text: pick('pg_class', 'information_schema.tables', '-', '4294967295') },
  { typeName: 'regtype', text: pick('int4', 'timestamp with time zone[]', '-') },
  { typeName: 'regrole', text: pick('pg_monitor', '-') },
  { typeName: 'regnamespace', text: pick('pg_catalog', '-') },
  { typeName: 'regcollation', text: pick('"C"', '-') },
  { typeName: 'regconfig', text: pick('english', 'simple') },
  { typeName: 'regdictionary', text: pick('simple', 'english_stem') },
  { typeName: 'int4range', text: RANGES.int4 },
  { typeName: 'int8range', text: RANGES.int8 },
  { typeName: 'numrange', text: RANGES.num },
  { typeName: 'daterange', text: RANGES.date },
  { typeName: 'tsrange', text: RANGES.ts },
  { typeName: 'tstzrange', text: RANGES.tstz },
  { typeName: 'int4multirange', text: multirange(RANGES.int4) },
  { typeName: 'int8multirange', text: multirange(RANGES.int8) },
  { typeName: 'nummultirange', text: multirange(RANGES.num) },
  { typeName: 'datemultirange', text: multirange(RANGES.date) },
  { typeName: 'tsmultirange', text: multirange(RANGES.ts) },
  { typeName: 'tstzmultirange', text: multirange(RANGES.tstz) },
];

/** Types with a length, precision or interval fields. */
export const typesWithModifier: readonly SampleType[] = [
  { typeName: 'char(5)', text: anyText.map((text) => Array.from(text).slice(0, 5).join('')) },
  { typeName: 'varchar(7)', text: anyText.map((text) => Array.from(text).slice(0, 7).join('')) },
  { typeName: 'numeric(12,4)', text: fc.oneof(pick('0', '-0.00004', 'NaN'), fc.integer({ min: -9_999_999, max: 9_999_999 }).map((n) => String(n / 100))) },
  { typeName: 'numeric(3,-2)', text: fc.integer({ min: -99_000, max: 99_000 }).map(String) },
  { typeName: 'timestamp(0)', text: moment.filter((text) => !text.startsWith('294276')) },
  { typeName: 'timestamptz(3)', text: moment.filter((text) => !text.startsWith('294276')).map((text) => text.replace(/( BC)?$/, '+00$1')) },
  { typeName: 'bit(9)', text: digits(9).map((text) => text.replaceAll(/[2-9]/g, '1')) },
  { typeName: 'interval day to second(2)', text: time },
];

/** Samples of what USER_TYPES_SQL creates. */
export const userTypes: readonly SampleType[] = ((): readonly SampleType[] => {
  const mood = pick('happy', 'so "so"', 'c:\\sad', 'a,b', '{x}', '(y)', 'NULL', '', 'día');
  const hstore = fc
    .uniqueArray(fc.tuple(anyText.filter((key) => key.length < 100), fc.option(anyText)), { maxLength: 4, selector: ([key]) => key })
    .map((pairs) => pairs.map(([key, value]) => `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}`).join(', '));
  const point3 = compositeText(int(32n), float8, numeric);
  const everything = compositeText(
    int(64n), anyText, pick('t', 'f'), withInfinity(moment), jsonText, arrayText({ typeName: 'samples.point3', text: point3 }), point3,
    mood, arrayText({ typeName: 'text', text: anyText }), hstore, arrayText({ typeName: 'float8', text: float8 }), RANGES.tstz, pick('\\x', '\\x00ff'),
  );
  const float = range(plainFloat, byNumber);
  return [
    { typeName: 'samples.mood', text: mood },
    { typeName: 'samples.percent', text: fc.nat(10_000).map((n) => (n / 100).toFixed(2)) },
    { typeName: 'samples.half', text: fc.nat(100).map(String) },
    { typeName: 'samples.tags', text: arrayText({ typeName: 'text', text: anyText }) },
    { typeName: 'samples.point3', text: point3 },
    { typeName: 'samples.place', text: point3 },
    { typeName: 'samples.everything', text: everything },
    { typeName: 'samples.single', text: compositeText(anyText) },
    { typeName: 'samples.nothing', text: pick('()') },
    { typeName: 'samples.floatrange', text: float },
    { typeName: 'samples.floatmultirange', text: multirange(float) },
    { typeName: 'samples.document', text: jsonText },
    { typeName: 'hstore', text: hstore },
    { typeName: 'citext', text: anyText },
  ];
})();

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Texts of a composite with these attributes, each of which may be null. */
export function compositeText(...attributes: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...attributes.map((text) => fc.option(text, { freq: 4 }))).map((values) => `(${values.map((value) => (value === null ? '' : quoted(value))).join(',')})`);
}

/** The array type of a sample: up to three dimensions, other lower bounds, NULL elements, empty. */
export function arrayOf(sample: SampleType): SampleType {
  return { ...sample, typeName: `${sample.typeName}[]`, text: arrayText(sample) };
}

function arrayText(sample: SampleType): fc.Arbitrary<string> {
  const delimiter = sample.delimiter ?? ',';
  const full = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -2, max: 2 })), { minLength: 1, maxLength: 3 }).chain((dimensions) => {
    const size = dimensions.reduce((product, [length]) => product * length, 1);
    return fc.array(fc.option(sample.text, { freq: 4 }), { minLength: size, maxLength: size }).map((items) => {
      let level = items.map((item) => (item === null ? 'NULL' : quoted(item)));
      for (const [length] of dimensions.toReversed()) {
        const groups: string[] = [];
        for (let i = 0; i < level.length; i += length) groups.push(`{${level.slice(i, i + length).join(delimiter)}}`);
        level = groups;
      }
      const bounds = dimensions.map(([length, lower]) => `[${lower}:${lower + length - 1}]`).join('');
      return `${dimensions.every(([, lower]) => lower === 1) ? '' : `${bounds}=`}${level.join('')}`;
    });
  });
  return fc.oneof({ weight: 1, arbitrary: fc.constant('{}') }, { weight: 9, arbitrary: full });
}
