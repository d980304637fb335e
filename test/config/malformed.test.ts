import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/problem.ts';
import { EXIT } from '../../src/errors.ts';
import { load, refusal } from './loading.ts';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly message: string;
}

/** malformed.txt: `=== name`, the file, `--- refused`, what walhook says. */
function readCases(): Case[] {
  const text = readFileSync(new URL('malformed.txt', import.meta.url), 'utf8');
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [, name = '', file = '', message = ''] = /^(.*)\n([^]*?)--- refused\n([^]*)\n$/.exec(part) ?? [];
      return { name, text: file, message };
    });
}

const ENV = { SECRET: 'hunter2 secret', EMPTY: '', A: 'a' };

describe('a malformed file is refused with every mistake, its place, its line and a caret', () => {
  const cases = readCases();

  test.each(cases)('$name', ({ text, message }) => {
    const error = refusal(text, ENV);
    expect(error.message).toBe(message);
    expect(error).toMatchObject({ code: 'bad_config', exit: EXIT.badConfig });
    expect(error.message).not.toContain('hunter2');
  });

  test('the table of cases is whole', () => {
    expect(cases.length).toBeGreaterThan(55);
    expect(cases.every((one) => one.message.startsWith('walhook.yaml:'))).toBe(true);
  });
});

test('problems come in the order of the file', () => {
  const { problems } = refusal('version: 2\nhooks: [{ name: 5 }]\nserver: { listen: 5 }\nhoks: 1\n');
  const places = problems.map(({ line, column }) => line * 1000 + column);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('an alias bomb is refused before it is expanded', () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(10)}]`);
  const { message } = refusal(`version: 1\nl0: &l0 [x]\n${levels.join('\n')}\n`);
  expect(message).toContain('with this alias the file has more than 100000 values');
});

test('nesting beyond any measure is refused', () => {
  expect(refusal(`version: 1\nhooks: ${'['.repeat(100)}${']'.repeat(100)}\n`).message).toContain('nested too deeply');
  expect(refusal(`version: 1\nhooks: ${'['.repeat(100_000)}\n`).message).toContain('nested too deeply');
});

test('control characters of the file do not reach the terminal', () => {
  const { message } = refusal('version: 1\n"sou\u001b[31mrce": 1\nsource: { slot: "\u001b[2J" }\n');
  expect(message).not.toContain('\u001b');
});

test('a line with Windows line ends is shown without them', () => {
  expect(refusal('version: 1\r\nhoks: 1\r\n').message).toBe(
    'walhook.yaml:2:1 error hoks: unknown key (did you mean "hooks"?)\nhoks: 1\n^',
  );
});

test('nothing that is filled in is ever shown, whatever is wrong with it', () => {
  const options = [
    'source: { url: "${V}", slot: "${V}", publication: "${V}", manage: "${V}" }',
    'server: { listen: "${V}", token: "${V}" }',
    'limits: { in_flight: "${V}", memory: "${V}", shutdown: "${V}" }',
    'tables: { t: { key: ["${V}", "${V}"], visibility: { a: "${V}" }, replica_identity: "${V}" } }',
    'endpoints: { e: { url: "${V}", method: "${V}", headers: { A: "${V}" }, signing: { secrets: ["${V}"] }, timeout: "${V}", rate: "${V}", tls: { ca: "${V}" }, network: { allow: ["${V}"] } } }',
    'hooks: [{ name: "${V}", table: "${V}", to: "${V}", events: ["${V}"], when: "${V}", fields: { only: ["${V}"], omit: ["${V}"], rename: { a: "${V}", b: "${V}" } }, meta: ["${V}"], method: "${V}", path: "${V}", headers: { A: "${V} ${{ ) }}" }, body: { a: "${V} ${{ ) }}" }, format: "${V}", encoding: "${V}", enrich: { a: "${V}", b: { sql: "\'${V} ${{ row.a }}", many: "${V}", cache: "${V}" } }, schedule: { cron: "${V}", timezone: "${V}" }, cooldown: "${V}" }]',
  ];
  const file = `version: 2\n${options.join('\n')}\n`;
  const needle = 'qZ7xK';
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.constantFrom('', 'https://', 'postgres://', 'whsec_', '/', 'a.b.', '10.'), (before, after, prefix) => {
      expect(refusal(file, { V: `${prefix}${before}${needle}${after}` }).message).not.toContain(needle);
    }),
  );
});

test('secrets that are written out are masked, also where the file is not YAML', () => {
  const lines = [
    'source: { url: "postgres://bob:qZ7xK@db/app" }',
    'token: qZ7xK, [',
    'headers: { Authorization: Bearer qZ7xK }, [',
    "x-api-key: 'qZ7xK, and more' ]",
    'secrets: [whsec_qZ7xK, @',
    'url: "https://example.com/?a=1&token=qZ7xK" }',
    'postgres://bob:qZ7xK@db/app: 1',
  ];
  for (const line of lines) expect(refusal(`version: 2\n${line}\n`).message).not.toContain('qZ7xK');
});

/** Throws for an error that is none of ours, and for one that says nothing. */
function outcome(text: string): string {
  try {
    load(text);
    return 'loaded';
  } catch (error) {
    if (error instanceof ConfigError && error.problems.length > 0) return 'refused';
    throw error;
  }
}

test('any text at all is loaded or refused, never anything else', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('version: 1\n', 'hooks:\n', '  - ', 'name: a\n', '${', '}', '${{', '}}', '&a ', '*a', '!!', '"', "'", '|\n', '\t', '[', ']', '{', ': ', '\n---\n', '__proto__: '),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      expect(outcome(text)).toBeOneOf(['loaded', 'refused']);
    }),
    { numRuns: 500 },
  );
});
