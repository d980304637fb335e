import { expect, test } from 'vitest';
import { walhook } from '../support/cli.ts';
import { daemonEnvironment, HEAD, testDatabase } from '../support/daemon.ts';

const TABLES = `
  create table organizations (id int primary key, name text, domain text, size numeric);
  create table tags (profile_id int, tag text);
  create table profiles (id int primary key, email text, country text, score int, tags text[], payload jsonb, created timestamptz, uid uuid, organization_id int);
  alter table profiles replica identity full;
`;
const ENDPOINTS = `endpoints:
  crm: { url: https://crm.example.com, signing: { secrets: ["\${SECRET}"] } }
  get: { url: https://get.example.com, method: GET, signing: { secrets: ["\${SECRET}"] } }
hooks:
`;

interface Report {
  readonly findings: readonly { readonly severity: string; readonly path: string | null; readonly message: string }[];
}

/** What `check` says of the hooks: each as `path: message`, with lines counted from the first hook's, and the exit code. */
async function checked(hooks: string, env: Record<string, string> = {}): Promise<{ readonly code: number | null; readonly told: string[] }> {
  const db = await testDatabase(TABLES);
  const before = `${HEAD}\n${ENDPOINTS}`;
  const lines = before.split('\n').length - 1;
  const { code, stdout, stderr } = await walhook(['check', '--json'], { yaml: `${before}${hooks}`, env: { ...daemonEnvironment({ db, receivers: {} }), ...env } });
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as Report;
  const told = findings
    .filter(({ severity, path }) => severity === 'error' && path !== null && path.startsWith('hooks.'))
    .map(({ path, message }) => `${path}: ${message.replace(/^.*?walhook\.yaml:(\d+):/m, (_, line) => `${Number(line) - lines}:`)}`);
  return { code, told };
}

test('every expression is held against the columns of its table', async () => {
  const { code, told } = await checked(`  - name: a
    table: profiles
    to: crm
    when: row.score
    method: "\${{ row.score }}"
    path: /contacts/\${{ row.idd }}/\${{ row.tags }}
    headers: { X-A: "v1 \${{ evnt.table }}" }
    body:
      name: "\${{ row.emial }}"
      list: ["\${{ row.score + 'x' }}", "\${{ row.payload.anything.at.all }}"]
      text: |
        Hello,
          \${{ row.country ==
            row.scor }} and \${{ upper(row.created) }}
      escaped: "\\t\\u00e9 \${{ org.name }}"
  - { name: b, table: profiles, to: crm, when: "row.country == 'NL'", method: "\${{ event.operation == 'delete' ? 'DELETE' : 'PUT' }}", path: "/\${{ row.id }}", body: { all: "\${{ row }}", was: "\${{ old.email }}" } }
`);
  expect(told).toEqual([
    `hooks.a.when: gives int, not true or false
4:11
    when: row.score
          ^`,
    `hooks.a.method: gives int, and a method is a string
5:18
    method: "\${{ row.score }}"
                 ^`,
    `hooks.a.path: no column "idd" (did you mean "id"?)
6:29
    path: /contacts/\${{ row.idd }}/\${{ row.tags }}
                            ^`,
    `hooks.a.path: gives list, which cannot be a part of a path
6:40
    path: /contacts/\${{ row.idd }}/\${{ row.tags }}
                                       ^`,
    `hooks.a.headers.X-A: no variable "evnt" (did you mean "event"?)
7:29
    headers: { X-A: "***\${{ evnt.table }}" }
                            ^`,
    `hooks.a.body.name: no column "emial" (did you mean "email"?)
9:22
      name: "\${{ row.emial }}"
                     ^`,
    `hooks.a.body.list[0]: int + string: these types do not go together
10:19
      list: ["\${{ row.score + 'x' }}", "\${{ row.payload.anything.at.all }}"]
                  ^`,
    `hooks.a.body.text: no column "scor" (did you mean "score"?)
14:17
            row.scor }} and \${{ upper(row.created) }}
                ^`,
    `hooks.a.body.text: found no matching overload for 'upper(timestamp)'
14:33
            row.scor }} and \${{ upper(row.created) }}
                                ^`,
    `hooks.a.body.escaped: no variable "org"
15:30
      escaped: "\\t\\u00e9 \${{ org.name }}"
                             ^`,
  ]);
  expect(code).toBe(3);
});

test('nothing of a condition is told that was filled in', async () => {
  const { told } = await checked(`  - { name: a, table: profiles, to: crm, when: "row.country == 'NL' && row.\${COLUMN} == '\${SECRET}'" }\n`, { COLUMN: 'hunter2' });
  expect(told).toEqual([
    `hooks.a.when: does not fit the table (once its variables are filled in)
1:48
  - { name: a, table: profiles, to: crm, when: "row.country == 'NL' && row.\${COLUMN} == '\${SECRET}'" }
                                               ^`,
  ]);
});

test('a body that is written as pairs must be a map', async () => {
  const { told } = await checked(`  - { name: a, table: profiles, to: crm, encoding: form, body: "\${{ row.tags }}" }
  - { name: b, table: profiles, to: get, body: "\${{ row.email }}" }
  - { name: c, table: profiles, to: get, body: "\${{ row.payload }}" }
  - { name: d, table: profiles, to: get, body: "\${{ row }}" }
  - { name: e, table: profiles, to: crm, body: "\${{ row.tags }}" }
`);
  expect(told.map((text) => text.split('\n')[0])).toEqual([
    'hooks.a.body: gives list, and a form or query is made of a map',
    'hooks.b.body: gives string, and a form or query is made of a map',
  ]);
});

test('queries of enrich are held against the database', async () => {
  const { code, told } = await checked(`  - name: a
    table: profiles
    to: crm
    enrich:
      table: select a from organisations where id = \${{ row.organization_id }}
      column:
        sql: |
          select name,
                 domian
            from organizations
           where id = \${{ row.organization_id }}
      parameter: select name from organizations where id = \${{ row.email }} and name = \${{ row.created }}
      number: select name from organizations where id = \${{ row.created }} or size > \${{ row.tags }}
      uuid: select 1 as one from profiles where uid = \${{ row.id }}
      text: select 1 as one from profiles where uid = \${{ row.uid }}
      hidden: with gone as (delete from tags returning tag) select tag from gone
      open: select tag from tags where (profile_id = \${{ row.id }}
      dollars: "select $$$$é$$$$ as e, nmae from organizations where id = \${{ row.id }}"
      filled: "select '\${SECRET}'::int as a from organizations where id = \${{ row.id }}"
      twice: select o.id, p.id, 1 from organizations o, profiles p
      unnamed: select 1
      whole: select \${{ row }}::text as row
      unknown: select tag from tags where profile_id = \${{ row.idd }}
`);
  expect(told).toEqual([
    `hooks.a.enrich.whole: a whole row cannot be a parameter of a query: name a column, as in row.id
22:25
      whole: select \${{ row }}::text as row
                        ^`,
    `hooks.a.enrich.unknown: no column "idd" (did you mean "id"?)
23:64
      unknown: select tag from tags where profile_id = \${{ row.idd }}
                                                               ^`,
    `hooks.a.enrich.table: relation "organisations" does not exist
5:28
      table: select a from organisations where id = \${{ row.organization_id }}
                           ^`,
    `hooks.a.enrich.column: column "domian" does not exist (Perhaps you meant to reference the column "organizations.domain".)
9:18
                 domian
                 ^`,
    `hooks.a.enrich.number: gives timestamp, and the query wants integer here
13:61
      number: select name from organizations where id = \${{ row.created }} or size > \${{ row.tags }}
                                                            ^`,
    `hooks.a.enrich.number: gives list, and the query wants numeric here
13:90
      number: select name from organizations where id = \${{ row.created }} or size > \${{ row.tags }}
                                                                                         ^`,
    `hooks.a.enrich.uuid: gives int, and the query wants uuid here
14:59
      uuid: select 1 as one from profiles where uid = \${{ row.id }}
                                                          ^`,
    `hooks.a.enrich.hidden: WITH clause containing a data-modifying statement must be at the top level
16:20
      hidden: with gone as (delete from tags returning tag) select tag from gone
                   ^`,
    `hooks.a.enrich.open: the query ends too early
17:58
      open: select tag from tags where (profile_id = \${{ row.id }}
                                                         ^`,
    `hooks.a.enrich.dollars: column "nmae" does not exist (Perhaps you meant to reference the column "organizations.name".)
18:40
      dollars: "select $$$$é$$$$ as e, nmae from organizations where id = \${{ row.id }}"
                                       ^`,
    `hooks.a.enrich.filled: Postgres refuses the query (SQLSTATE 22P02), once its variables are filled in
19:15
      filled: "select '\${SECRET}'::int as a from organizations where id = \${{ row.id }}"
              ^`,
    `hooks.a.enrich.twice: a column of the query has no name: give it one with AS
20:14
      twice: select o.id, p.id, 1 from organizations o, profiles p
             ^`,
    `hooks.a.enrich.twice: two columns of the query are named "id": give one another name with AS
20:14
      twice: select o.id, p.id, 1 from organizations o, profiles p
             ^`,
    `hooks.a.enrich.unnamed: a column of the query has no name: give it one with AS
21:16
      unnamed: select 1
               ^`,
  ]);
  expect(code).toBe(3);
});

test('a table that the role may not read is told before a lookup fails, and nothing is changed', async () => {
  const db = await testDatabase(TABLES);
  const role = `weak_of_${db.name}`;
  await db.sql(`create role ${role} login replication password 'x'; grant create on database ${db.name} to ${role}; alter table profiles owner to ${role}`);
  try {
    const url = new URL(db.url);
    url.username = role;
    url.password = 'x';
    const yaml = `${HEAD}\n${ENDPOINTS}  - { name: a, table: profiles, to: crm, enrich: { org: "select name from organizations where id = \${{ row.organization_id }}", id: "select nextval('once') as id" } }\n`;
    await db.sql('create sequence once; grant usage on sequence once to public');
    const { code, stdout } = await walhook(['check'], { yaml, env: { ...daemonEnvironment({ db, receivers: {} }), DATABASE_URL: url.href } });
    expect(stdout).toContain('error hooks.a.enrich.org: permission denied for table organizations\n    walhook.yaml:');
    expect(stdout).not.toContain('hooks.a.enrich.id');
    expect(await db.sql('select is_called from once')).toEqual([{ is_called: false }]);
    expect(code).toBe(3);
  } finally {
    await db.sql(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  }
});

test('columns that a query does not give are told, where they are asked for', async () => {
  const { told } = await checked(`  - name: a
    table: profiles
    to: crm
    enrich:
      org: select id, name, domain from organizations where id = \${{ row.organization_id }}
      tags: { sql: "select tag from tags where profile_id = \${{ row.id }} and tag <> \${{ org.nam }}", many: true }
    body:
      good: "\${{ org.name + org['domain'] + string(size(tags)) }}"
      bad: "\${{ org == null ? '' : org.domian + org['nmae'] }}"
      many: "\${{ tags[0].tag }}"
      all: "\${{ org }}"
`);
  expect(told.map((text) => text.split('\n').slice(0, 2).join(' at '))).toEqual([
    'hooks.a.enrich.tags: no column "nam" in org (did you mean "name"?) at 6:94',
    'hooks.a.body.bad: no column "domian" in org (did you mean "domain"?) at 9:40',
    'hooks.a.body.bad: no column "nmae" in org (did you mean "name"?) at 9:53',
  ]);
});

test('with a schedule, `when` asks about the row alone', async () => {
  const { code, told } = await checked(`  - { name: a, table: profiles, to: crm, schedule: "0 6 * * *", when: "row.score > 1 && old.score < 1" }
  - { name: b, table: profiles, to: crm, schedule: "0 6 * * *", when: "event.operation == 'data_insert'" }
  - { name: c, table: profiles, to: crm, schedule: "0 6 * * *", when: "row.score > 1" }
`);
  expect(code).toBe(3);
  expect(told.map((line) => line.split('\n')[0])).toEqual([
    'hooks.a.when: with `schedule` it can ask about `row` alone, which is looked at again when it is sent: not about `old`',
    'hooks.b.when: with `schedule` it can ask about `row` alone, which is looked at again when it is sent: not about `event`',
  ]);
});
