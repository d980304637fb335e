import { expect, test } from 'vitest';
import { plan } from '../../src/source/plan.ts';
import { roleSql } from '../../src/source/role.ts';
import { guardedSql, script } from '../../src/source/step.ts';
import { configOf } from './config.ts';
import { column, factsOf, identity, partition } from './facts.ts';

const FULL = configOf({ table: 'replica_identity: full' });
const DEFAULT = identity('d', 'user_id');

const sql = (...args: Parameters<typeof plan>): string[] => plan(...args).map((step) => step.sql);

test('what is as it should be needs nothing', () => {
  expect(plan(FULL, factsOf())).toEqual([]);
  expect(plan(configOf(), factsOf({ relation: { identity: DEFAULT } }))).toEqual([]);
});

test('from nothing: schema, identity, publication, and the slot last', () => {
  const facts = factsOf({ slot: null, publication: null, relation: { identity: DEFAULT }, schemas: ['public'] });
  expect(sql(FULL, facts)).toEqual([
    'CREATE SCHEMA "walhook"',
    'ALTER TABLE ONLY "public"."profiles" REPLICA IDENTITY FULL',
    `CREATE PUBLICATION "walhook" FOR TABLE ONLY "public"."profiles" WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true, publish_generated_columns = stored)`,
    `SELECT lsn FROM pg_create_logical_replication_slot('walhook', 'pgoutput')`,
  ]);
});

test('before Postgres 18 publications know nothing of generated columns', () => {
  const facts = factsOf({ server: { version: 170_000 }, publication: null, slot: null, relation: { columns: [column('user_id'), column('g', { generated: 'stored' })] } });
  expect(sql(FULL, facts)[0]).not.toContain('generated');
  expect(sql(FULL, factsOf({ server: { version: 170_000 }, publication: { generatedColumns: null } }))).toEqual([]);
});

test('without the line in the config no replica identity is touched', () => {
  expect(sql(configOf(), factsOf({ publication: null, relation: { identity: DEFAULT } })).join()).not.toContain('REPLICA IDENTITY');
});

test('generated columns are published before the identity has them, updates are published after there is one', () => {
  const facts = factsOf({
    publication: { generatedColumns: 'none', publishes: { insert: true, update: false, delete: false, truncate: true } },
    relation: { identity: identity('n'), columns: [column('user_id'), column('g', { generated: 'stored' })] },
  });
  expect(sql(FULL, facts)).toEqual([
    'ALTER PUBLICATION "walhook" SET (publish_generated_columns = stored)',
    'ALTER TABLE ONLY "public"."profiles" REPLICA IDENTITY FULL',
    `ALTER PUBLICATION "walhook" SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)`,
  ]);
});

test('each partition gets the identity, and then their root', () => {
  const facts = factsOf({
    relation: {
      kind: 'partitioned table',
      identity: DEFAULT,
      partitions: [partition('p_sub', { leaf: false, kind: 'partitioned table' }), partition('p_1'), partition('p_2', { identity: identity('f', 'user_id') }), partition('p_far', { kind: 'foreign table' })],
    },
  });
  expect(plan(FULL, facts).map((step) => step.sql.split(' ')[3])).toEqual(['"public"."p_sub"', '"public"."p_1"', '"public"."profiles"']);
});

test.each([
  ['a view', { kind: 'view' }],
  ['unlogged', { persistence: 'unlogged' }],
  ['temporary', { persistence: 'temporary' }],
  ['a foreign table', { kind: 'foreign table' }],
  ['of Postgres itself', { system: true }],
] as const)('a relation that is %s is left alone', (_what, relation) => {
  const facts = factsOf({ slot: null, publication: null, relation: { ...relation, identity: DEFAULT } });
  expect(sql(FULL, facts).filter((text) => text.includes('profiles'))).toEqual([]);
});

test('a table is not published while its updates would fail', () => {
  const withoutKey = { primaryKey: null, identity: identity('d') };
  const publication = { tables: [] };
  expect(sql(configOf({ table: 'key: [user_id]' }), factsOf({ publication, relation: withoutKey }))).toEqual([]);
  expect(sql(configOf({ table: 'key: [user_id], replica_identity: full' }), factsOf({ publication, relation: withoutKey }))).toEqual([
    'ALTER TABLE ONLY "public"."profiles" REPLICA IDENTITY FULL',
    'ALTER PUBLICATION "walhook" ADD TABLE ONLY "public"."profiles"',
  ]);
  const partitioned = { kind: 'partitioned table', identity: DEFAULT, partitions: [partition('p_1', { identity: identity('n') })] } as const;
  expect(sql(configOf(), factsOf({ publication, relation: partitioned }))).toEqual([]);
});

test.each([
  ['a virtual generated column', { columns: [column('user_id'), column('v', { generated: 'virtual' })] }],
  ['a generated column that another publication leaves out', {
    columns: [column('user_id'), column('g', { generated: 'stored' })],
    otherPublications: [{ name: 'other', needsIdentity: true, generatedColumns: 'none', columnList: false }],
  }],
  ['a column list in another publication', { otherPublications: [{ name: 'other', needsIdentity: true, generatedColumns: 'stored', columnList: true }] }],
] as const)('%s forbids REPLICA IDENTITY FULL, and the table is published with the identity it has', (_what, relation) => {
  const facts = factsOf({ publication: { tables: [] }, relation: { ...relation, identity: DEFAULT } });
  expect(sql(FULL, facts)).toEqual(['ALTER PUBLICATION "walhook" ADD TABLE ONLY "public"."profiles"']);
});

test('tables that are not in the config leave the publication', () => {
  const facts = factsOf({ publication: { tables: [{ oid: 1, schema: 'public', table: 'profiles', columns: null, rowFilter: false }, { oid: 2, schema: 'App', table: 'old "one"', columns: null, rowFilter: false }] } });
  expect(sql(FULL, facts)).toEqual(['ALTER PUBLICATION "walhook" DROP TABLE ONLY "App"."old ""one"""']);
});

test('a publication of a schema or of all tables needs none by name', () => {
  expect(sql(FULL, factsOf({ publication: { tables: [], allTables: true } }))).toEqual([]);
  expect(sql(FULL, factsOf({ publication: { tables: [], schemas: ['public'] } }))).toEqual([]);
});

test('a state schema in another database is not made here', () => {
  const config = configOf({ more: 'state: { url: postgres://other/state }' });
  expect(sql(config, factsOf({ schemas: ['public'] })).join()).not.toContain('SCHEMA');
});

test('each step is guarded: no lock is waited for long, no slot for ever', () => {
  const [schema, slot] = plan(configOf(), factsOf({ slot: null, schemas: [] }));
  expect(schema && guardedSql(schema)).toBe('SET LOCAL lock_timeout = 2000; CREATE SCHEMA "walhook"');
  expect(slot && guardedSql(slot)).toBe(`SET LOCAL statement_timeout = 60000; SELECT lsn FROM pg_create_logical_replication_slot('walhook', 'pgoutput')`);
  expect(script(schema ? [schema] : [])).toBe(`-- create the state schema "walhook"\nBEGIN;\nSET LOCAL lock_timeout = '2000ms';\nCREATE SCHEMA "walhook";\nCOMMIT;`);
});

test('a least-privilege role may replicate, read the tables and own the state schema', () => {
  expect(roleSql(configOf(), factsOf({ schemas: ['public'] }), 'wal"hook')).toBe(
    [
      'CREATE ROLE "wal""hook" LOGIN;  -- then, in psql: \\password wal"hook',
      'ALTER ROLE "wal""hook" REPLICATION;  -- Amazon RDS: GRANT rds_replication TO "wal""hook";',
      'GRANT CONNECT ON DATABASE "app" TO "wal""hook";',
      'GRANT USAGE ON SCHEMA "public" TO "wal""hook";',
      'GRANT SELECT ON "public"."profiles" TO "wal""hook";',
      'CREATE SCHEMA "walhook" AUTHORIZATION "wal""hook";',
    ].join('\n'),
  );
});
