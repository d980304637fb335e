import { hash } from 'node:crypto';
import { compilePattern } from './regular-expression.ts';
import { checkZone, compileTimeFormat, type FormatTime, isoTime } from './time-format.ts';
import { jsonOf, textOf } from './value-text.ts';

/** A function of walhook's own, beside those of CEL. */
export interface HelperFunction {
  readonly name: string;
  /** As people write it; `?` marks what may be left out. */
  readonly signature: string;
  readonly about: string;
  readonly example: string;
  /** What the example gives, as JSON text. */
  readonly gives: string;
  /** CEL's signatures, and what is done. An argument is never null: a function of null is null, but for `default`. */
  readonly overloads: readonly (readonly [signature: string, handler: (...values: never[]) => unknown])[];
}

const TIME = 'google.protobuf.Timestamp';
const MOST_PATTERNS = 1_000;

/** All of them give the same result whenever they are asked: an event that is read again makes the same bytes. */
export const HELPER_FUNCTIONS: readonly HelperFunction[] = [
  {
    name: 'format',
    signature: 'format(time, pattern, zone?) → string',
    about: 'A time by the directives of strftime: %Y %m %d %H %M %S and %L for milliseconds, %F for %Y-%m-%d, %T for %H:%M:%S, %y %j %e %I %p %u %a %A %b %B %s %z %:z %%. In UTC, or in a time zone of IANA.',
    example: "format(timestamp('2026-01-02T23:04:05.678Z'), '%Y-%m-%d %H:%M:%S', 'Europe/Amsterdam')",
    gives: '"2026-01-03 00:04:05"',
    overloads: [
      [`format(${TIME}, string): string`, (time: Date, pattern: string) => timeFormat(pattern)(time, 'UTC')],
      [`format(${TIME}, string, string): string`, (time: Date, pattern: string, zone: string) => timeFormat(pattern)(time, zone)],
    ],
  },
  {
    name: 'iso',
    signature: 'iso(time, zone?) → string',
    about: 'A time in ISO 8601 with milliseconds: in UTC with a Z, in a time zone of IANA with its offset.',
    example: "iso(timestamp('2026-07-02T03:04:05.678Z'), 'Europe/Amsterdam')",
    gives: '"2026-07-02T05:04:05.678+02:00"',
    overloads: [
      [`iso(${TIME}): string`, (time: Date) => isoTime(time, 'UTC')],
      [`iso(${TIME}, string): string`, isoTime],
    ],
  },
  {
    name: 'unix',
    signature: 'unix(time) → int',
    about: 'Whole seconds since 1970.',
    example: "unix(timestamp('2026-01-02T03:04:05.678Z'))",
    gives: '1767323045',
    overloads: [[`unix(${TIME}): int`, unixSeconds]],
  },
  {
    name: 'unix_ms',
    signature: 'unix_ms(time) → int',
    about: 'Milliseconds since 1970.',
    example: "unix_ms(timestamp('2026-01-02T03:04:05.678Z'))",
    gives: '1767323045678',
    overloads: [[`unix_ms(${TIME}): int`, (time: Date) => BigInt(time.getTime())]],
  },
  {
    name: 'lower',
    signature: 'lower(text) → string',
    about: 'In lower case.',
    example: "lower('Ünal@ACME.com')",
    gives: '"ünal@acme.com"',
    overloads: [['lower(string): string', (text: string) => text.toLowerCase()]],
  },
  {
    name: 'upper',
    signature: 'upper(text) → string',
    about: 'In upper case.',
    example: "upper('nl')",
    gives: '"NL"',
    overloads: [['upper(string): string', (text: string) => text.toUpperCase()]],
  },
  {
    name: 'trim',
    signature: 'trim(text) → string',
    about: 'Without white space at its ends.',
    example: "trim('  Juliet ')",
    gives: '"Juliet"',
    overloads: [['trim(string): string', (text: string) => text.trim()]],
  },
  {
    name: 'replace',
    signature: 'replace(text, what, with) → string',
    about: 'With every `what` replaced, which is text and no pattern.',
    example: "replace('06 12 34', ' ', '')",
    gives: '"061234"',
    overloads: [['replace(string, string, string): string', (text: string, what: string, by: string) => text.replaceAll(what, () => by)]],
  },
  {
    name: 'split',
    signature: 'split(text, separator) → list',
    about: 'The pieces between the separators.',
    example: "split('a,b', ',')",
    gives: '["a","b"]',
    overloads: [['split(string, string): list<string>', (text: string, separator: string) => text.split(separator)]],
  },
  {
    name: 'join',
    signature: 'join(list, separator) → string',
    about: 'The items as text with the separator between them. Nulls are left out, as array_to_string does.',
    example: "join(['Juliet', null, 'Rose'], ' ')",
    gives: '"Juliet Rose"',
    overloads: [['join(list, string): string', joined]],
  },
  {
    name: 'default',
    signature: 'default(value, other, …) → the first that is not null',
    about: 'SQL\'s coalesce, of two to four values.',
    example: "default(null, 'unknown')",
    gives: '"unknown"',
    // What it does is sql-null.ts's, for here an argument may be null.
    overloads: [
      ['default(dyn, dyn): dyn', first],
      ['default(dyn, dyn, dyn): dyn', first],
      ['default(dyn, dyn, dyn, dyn): dyn', first],
    ],
  },
  {
    name: 'json',
    signature: 'json(value) → string',
    about: 'The JSON text of a value.',
    example: "json({'a': [1, 2.5, 'x']})",
    gives: String.raw`"{\"a\":[1,2.5,\"x\"]}"`,
    overloads: [['json(dyn): string', jsonOf]],
  },
  {
    name: 'base64',
    signature: 'base64(text) → string',
    about: 'Base64 of the text in UTF-8.',
    example: "base64('walhook')",
    gives: '"d2FsaG9vaw=="',
    overloads: [['base64(string): string', (text: string) => Buffer.from(text).toString('base64')]],
  },
  {
    name: 'url_encode',
    signature: 'url_encode(text) → string',
    about: 'Percent-encoded, for a URL within a body or a header. What stands in `path` is encoded without it.',
    example: "url_encode('a b&c')",
    gives: '"a%20b%26c"',
    overloads: [['url_encode(string): string', (text: string) => encodeURIComponent(text.toWellFormed())]],
  },
  hashFunction('sha256', '705f520612afedea663c1c01902b49a2dc9581f90d7883f46fe9dea9bb14a18d'),
  hashFunction('sha1', '0ea69836cd4845b35c8b371a4b6b2025ce6d03cb'),
  hashFunction('md5', 'e0189f004f5eea6abd62377cc87faf3e'),
  {
    name: 'string',
    signature: 'string(value) → string',
    about: 'A number, bool or time as text. Of a time: ISO 8601 with milliseconds.',
    example: "string(timestamp('2026-01-02T03:04:05.678Z'))",
    gives: '"2026-01-02T03:04:05.678Z"',
    overloads: [[`string(${TIME}): string`, (time: Date) => isoTime(time, 'UTC')]],
  },
  {
    name: 'int',
    signature: 'int(value) → int',
    about: 'A number or text as an integer. Of a time: whole seconds since 1970.',
    example: "int(timestamp('2026-01-02T03:04:05.678Z'))",
    gives: '1767323045',
    overloads: [[`int(${TIME}): int`, unixSeconds]],
  },
];

/** What is wrong with the arguments of a call that are written out, by their index; null if nothing is. */
export function literalFault(name: string, values: readonly unknown[]): { readonly index: number; readonly message: string } | null {
  const check = (index: number, run: (text: string) => unknown): { readonly index: number; readonly message: string } | null => {
    const value = values[index];
    if (typeof value !== 'string') return null;
    try {
      run(value);
      return null;
    } catch (error) {
      return { index, message: error instanceof Error ? error.message : '' };
    }
  };
  if (name === 'format') return check(1, compileTimeFormat) ?? check(2, checkZone);
  if (name === 'matches') return check(1, compilePattern);
  return name === 'iso' ? check(1, checkZone) : null;
}

function hashFunction(algorithm: 'sha256' | 'sha1' | 'md5', gives: string): HelperFunction {
  return {
    name: algorithm,
    signature: `${algorithm}(text) → string`,
    about: `The ${algorithm} hash of the text in UTF-8, in hex.`,
    example: `${algorithm}('jrose@acme.com')`,
    gives: `"${gives}"`,
    overloads: [[`${algorithm}(string): string`, (text: string) => hash(algorithm, text)]],
  };
}

const patterns = new Map<string, FormatTime>();

function timeFormat(pattern: string): FormatTime {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = compileTimeFormat(pattern);
  if (patterns.size >= MOST_PATTERNS) patterns.clear();
  patterns.set(pattern, made);
  return made;
}

function unixSeconds(time: Date): bigint {
  return BigInt(Math.floor(time.getTime() / 1000));
}

function joined(items: Iterable<unknown>, separator: string): string {
  return [...items]
    .map(textOf)
    .filter((text) => text !== null)
    .join(separator);
}

function first(...values: readonly unknown[]): unknown {
  return values.find((value) => value !== null) ?? null;
}
