import { expect, test } from 'vitest';
import { loadDraft, type LoadedDraft } from '../../src/config/draft.ts';
import { ConfigError, type Problem } from '../../src/config/problem.ts';

const FILE = `version: 1
source: { url: "\${DATABASE_URL}" }
endpoints: { crm: { url: "https://crm.example", headers: { X-Key: "\${KEY}" } } }
hooks:
  - { name: first, table: people, to: crm }
  - name: second
    table: public.people
    to: crm
    headers: { X-Token: "\${TOKEN}", X-Plain: plain-secret }
    enrich: { org: "select name from orgs where id = \${{ row.org_id }}" }
  - { name: third, table: orders, to: crm }
`;
const ENV = { DATABASE_URL: 'postgres://localhost/db', KEY: 'the-key-itself', TOKEN: 'the-token-itself' };

function load(draft: string, hook = 1): LoadedDraft {
  return loadDraft({
    text: FILE,
    file: 'walhook.yaml',
    env: ENV,
    readFile: () => {
      throw new Error('nothing is read');
    },
    hook,
    draft,
  });
}

function problems(draft: string, hook = 1): Pick<Problem, 'line' | 'column' | 'path' | 'message'>[] {
  try {
    load(draft, hook);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ line, column, path, message }) => ({ line, column, path, message }));
    throw error;
  }
  return [];
}

test('a draft takes the place of its hook, and nothing else changes', () => {
  const { config } = load(`name: second\ntable: people\nto: [crm]\nwhen: row.country == 'NL'\n`);
  expect(config.hooks.map(({ name, when }) => [name, when])).toEqual([['first', null], ['second', `row.country == 'NL'`], ['third', null]]);
  expect(load(`- name: second\n  table: people\n  to: crm\n`).config.hooks[1]?.name).toBe('second');
});

test('everything that is wrong is told at once, where it stands in the draft', () => {
  expect(problems('name: second\ntable: people\nto: nobody\n  \nfilds: {}\nwhen: row.\n')).toEqual([
    { line: 3, column: 5, path: 'to', message: expect.stringContaining('nobody') },
    { line: 5, column: 1, path: 'filds', message: 'unknown key (did you mean "fields"?)' },
    { line: 6, column: expect.any(Number), path: 'when', message: expect.any(String) },
  ]);
  expect(problems('name: [')).toMatchObject([{ line: 1 }]);
  expect(problems('')).not.toEqual([]);
  expect(problems('42')).not.toEqual([]);
  // What it brings about elsewhere has no place in it.
  expect(problems('name: third\ntable: people\nto: crm\n')).toMatchObject([{ line: 1, column: 1 }]);
});

test('a draft names no variables and no files, whatever is in the environment', () => {
  const draft = 'name: second\ntable: people\nto: crm\nbody:\n  a: "${TOKEN}"\n  b: "${MISSING:-x}"\n  c: "${file:/etc/passwd}"\n  d: "$${TOKEN}"\n  e: "${{ row.id }}"\n';
  expect(problems(draft)).toMatchObject([{ line: 5, column: 6 }, { line: 6, column: 6 }, { line: 7, column: 6 }]);
  expect(JSON.stringify(problems(draft))).not.toContain('the-token-itself');
});

test('what the file has at the same place stays, as it is written or masked', () => {
  const { config } = load('name: second\ntable: people\nto: crm\nheaders: { X-Token: "${TOKEN}", X-Plain: "***" }\n');
  expect([...(config.hooks[1]?.headers ?? [])]).toEqual([['X-Token', ['the-token-itself']], ['X-Plain', ['plain-secret']]]);
  // At another place it is no more than what anybody may write.
  expect(problems('name: second\ntable: people\nto: crm\nheaders: { X-Other: "${TOKEN}" }\n')).toMatchObject([{ line: 4, path: 'headers.X-Other' }]);
  expect(problems('name: second\ntable: people\nto: crm\nheaders: { X-Token: "${KEY}" }\n')).toMatchObject([{ line: 4, path: 'headers.X-Token' }]);
});

test('a draft stays with its table, and looks up what the configuration looks up', () => {
  expect(problems('name: second\ntable: orders\nto: crm\nenrich:\n  org: select name from orgs where id = ${{ row.org_id }}\n  more: select * from secrets\n')).toMatchObject([
    { line: 2, column: 1, path: 'table' },
    { line: 6, column: 3, path: 'enrich.more' },
  ]);
});

test('an alias of its own is no way into the file', () => {
  expect(problems('name: second\ntable: people\nto: *crm\n')).toMatchObject([{ line: 3, message: expect.stringContaining('no anchor') }]);
});
