import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import type { Config } from '../../src/config.ts';
import { chosen, namedTables, usualTables } from '../../src/commands/init-choice.ts';
import { initFile, isNameable, type ListedTable } from '../../src/commands/init-file.ts';
import { guess } from '../../src/commands/init-guess.ts';
import type { FoundTable } from '../../src/commands/init-tables.ts';
import { SECRET } from '../support/secret.ts';

function table(name: string, columns: Readonly<Record<string, string>>, more: Partial<FoundTable> = {}): FoundTable {
  return { schema: 'public', table: name, rows: 10, primaryKey: ['id'], columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })), role: 'app', readable: true, owned: true, full: false, ...more };
}

function load(text: string, env: Readonly<Record<string, string>> = { WEBHOOK_URL: 'https://example.com/hooks', WEBHOOK_SECRET: SECRET }): Config {
  return loadConfig({ text, file: 'walhook.yaml', env: { DATABASE_URL: 'postgres://localhost/app', ...env }, readFile: () => '' });
}

function watch(...tables: FoundTable[]): ListedTable[] {
  return tables.map((found) => ({ found, omitted: null }));
}

test('flags, json flags and lookup columns are guessed from names and types', () => {
  const guessed = guess(table('people', { id: 'bigint', email: 'text', phone_number: 'character varying', country: 'text', country_visible: 'boolean', show_phone_number: 'boolean', age_visible: 'integer', city_is_public: 'boolean', city: 'text', is_visible: 'boolean', id_visible: 'boolean', privacy: 'jsonb' }));
  expect(guessed).toEqual({
    lookup: ['email', 'phone_number'],
    flags: [['country', 'country_visible'], ['phone_number', 'show_phone_number'], ['city', 'city_is_public']],
    privacy: 'privacy',
    isInternal: false,
  });
  expect(guess(table('a', { id: 'int', privacy: 'text', visibility_settings: 'json', emails: 'text[]' }))).toMatchObject({ lookup: [], flags: [], privacy: 'visibility_settings' });
  for (const name of ['schema_migrations', '_prisma_migrations', 'alembic_version', 'flyway_schema_history', 'knex_migrations_lock', 'SequelizeMeta']) expect(guess(table(name, { id: 'int' })).isInternal, name).toBe(true);
  for (const name of ['schemas', 'orders', 'migration_requests']) expect(guess(table(name, { id: 'int' })).isInternal, name).toBe(false);
});

test('the file is what was found, and its first line tells the editor of the schema', () => {
  const file = initFile({ source: 'DATABASE_URL', tables: watch(table('people', { id: 'bigint', email: 'text', country: 'text', country_visible: 'boolean' }), table('orders', { id: 'int', privacy: 'jsonb' }, { schema: 'app', owned: false })) });
  expect(file.split('\n')[0]).toBe('# yaml-language-server: $schema=./walhook.schema.json');
  const { source, tables, hooks, endpoints } = load(file);
  expect(source).toMatchObject({ url: 'postgres://localhost/app', manage: true });
  expect(tables).toMatchObject([
    { schema: 'public', table: 'people', lookup: ['email'], visibility: { kind: 'columns', flags: new Map([['country', 'country_visible']]) }, replica_identity: 'full' },
    { schema: 'app', table: 'orders', visibility: { kind: 'json', column: 'privacy' }, replica_identity: null },
  ]);
  expect(hooks.map(({ name, to }) => [name, to])).toEqual([['people', ['webhook']], ['app-orders', ['webhook']]]);
  expect(endpoints.map(({ url, signing }) => [url.href, signing?.secrets])).toEqual([['https://example.com/hooks', [SECRET]]]);
});

test('until the endpoint is filled in it does not load, and says what to set', () => {
  const file = initFile({ source: 'PG*', tables: watch(table('people', { id: 'int' })) });
  const problems = (env: Record<string, string>): string[] => {
    try {
      load(file, env);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    }
    return [];
  };
  expect(problems({})).toEqual([expect.stringContaining('WEBHOOK_URL: set it to where webhooks go'), expect.stringContaining('WEBHOOK_SECRET: set it to whsec_')]);
  expect(load(file).source.url).toBeNull();
});

test('whatever tables and columns are called, the file loads and means them', () => {
  const name = fc.oneof(
    fc.constantFrom('a.b', 'we"ird', 'dol$lar', '${HOME}', '${{ x }}', 'true', 'null', '1', '-', 'a: b', 'a #b', '# a', "it's", 'Ünï', 'a,b', '[x]', '{x}', '*', '&a', 'end\u2028line', '\u0085', 'x'.repeat(63)),
    fc.string({ minLength: 1, maxLength: 15, unit: 'grapheme' }).filter((text) => Buffer.byteLength(text) <= 63 && text === text.replaceAll(/\p{Cc}|\p{Cs}/gu, '')),
  );
  const found = fc.uniqueArray(fc.tuple(fc.constantFrom('public', 'app', 'a.b'), name, fc.boolean()), { minLength: 1, maxLength: 6, selector: ([schema, one]) => `${schema}\0${one}` });
  fc.assert(
    fc.property(found, name, (tables, column) => {
      const listed = tables.map(([schema, one, omit]): ListedTable => ({
        found: table(one, { id: 'int', email: 'text', [column]: 'text', [`${column}_visible`]: 'boolean' }, { schema, ...(omit ? { primaryKey: null } : {}) }),
        omitted: omit ? 'since it has no primary key' : null,
      }))
        .filter(({ found: one }) => isNameable(one));
      const config = load(initFile({ source: 'DATABASE_URL', tables: listed }));
      const wanted = listed.flatMap(({ found: one, omitted }) => (omitted === null ? [one] : []));
      expect(config.tables.map(({ schema, table: one }) => [schema, one])).toEqual(wanted.map((one) => [one.schema, one.table]));
      expect(config.hooks.map(({ schema, table: one }) => [schema, one])).toEqual(wanted.map((one) => [one.schema, one.table]));
      for (const { lookup } of config.tables) expect(lookup).toContain('email');
    }),
    { numRuns: 300 },
  );
});

test('tables without a key, a grant or of tools are comments, and so are those beyond the twentieth', () => {
  const many = Array.from({ length: 22 }, (_, n) => table(`t${n}`, { id: 'int' }));
  const listed = usualTables([table('log', { at: 'text' }, { primaryKey: null }), table('secret', { id: 'int' }, { readable: false }), table('schema_migrations', { id: 'int' }), ...many]);
  expect(listed.filter(({ omitted }) => omitted === null).map(({ found }) => found.table)).toEqual(many.slice(0, 20).map(({ table: name }) => name));
  expect(listed.filter(({ omitted }) => omitted !== null).map(({ omitted }) => omitted)).toEqual([
    expect.stringContaining('no primary key'),
    expect.stringContaining('GRANT SELECT ON "public"."secret" TO "app";'),
    expect.stringContaining('migration tool'),
    'since there are more than 20',
    'since there are more than 20',
  ]);
  const file = initFile({ source: 'DATABASE_URL', tables: listed });
  expect(file).toContain('  # log:');
  expect(load(file).tables).toHaveLength(20);
  // A comment becomes the real thing when its marks are taken away.
  expect(load(file.replace('  # secret:\n', '  secret:\n').replace('  #   # replica', '  # replica')).tables).toHaveLength(21);
});

test('a choice is numbers or names; what is not chosen stays as a comment', () => {
  const tables = [table('a', { id: 'int' }), table('b', { id: 'int' }), table('c', { id: 'int' }, { schema: 'app' })];
  const names = (listed: readonly ListedTable[]): string[] => listed.flatMap(({ found, omitted }) => (omitted === null ? [found.table] : []));
  expect(names(chosen('1, app.c', usualTables(tables), tables))).toEqual(['a', 'c']);
  expect(chosen('2', usualTables(tables), tables).map(({ omitted }) => omitted)).toEqual(['since it was not chosen', null, 'since it was not chosen']);
  expect(() => chosen('7', usualTables(tables), tables)).toThrow('--table 7: there is no such table');
  expect(() => namedTables(['app.d'], tables)).toThrow('(did you mean "app.c"?)');
});
