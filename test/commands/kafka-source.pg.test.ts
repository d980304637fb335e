import { expect, test } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { delivery, DOWN, parking } from '../store/delivery.ts';
import { testState } from '../store/state.ts';
import { type CliResult, walhook } from '../support/cli.ts';
import { daemonEnvironment, testDatabase } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

// Nothing answers there: what is asked for here needs no broker.
const NOWHERE = '127.0.0.1:1';

interface Shape {
  readonly source?: string;
  readonly state?: string;
  readonly hook?: string;
  readonly more?: string;
}

function run(db: TestDatabase, args: readonly string[], { source = '', state = '', hook = '', more = '' }: Shape = {}): Promise<CliResult> {
  const yaml = `version: 1
source: { kafka: { brokers: ["${NOWHERE}"], topics: [shop.public.people], group: crm-readers, format: debezium }${source} }
state: { url: "\${DATABASE_URL}"${state} }
server: { listen: "${NOWHERE}" }
tables: { people: { key: [id] } }
endpoints: { crm: { url: https://crm.example.com/hooks, signing: { secrets: ["\${SECRET}"] } } }
hooks: [{ name: people, table: people, to: crm${hook} }]
${more}`;
  return walhook(args, { yaml, env: daemonEnvironment({ db, receivers: {} }) });
}

test('what hooks look up is held against the database that is asked', async () => {
  const db = await testDatabase('create table orgs (id int primary key, name text)');
  const of = (sql: string, body: string): Shape => ({ source: ', url: "${DATABASE_URL}"', hook: `, enrich: { org: { sql: "${sql}" } }, body: { name: "${body}" }` });
  const wrong = await run(db, ['check', '--json'], of('select nmae from orgs where id = ${{ row.org }}', '${{ org.name }}'));
  expect(wrong.code).toBe(3);
  expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, findings: expect.arrayContaining([expect.objectContaining({ severity: 'error', code: 'lookup', path: 'hooks.people.enrich.org', message: expect.stringContaining('column "nmae" does not exist') })]) });
  const field = await run(db, ['check'], of('select name from orgs where id = ${{ row.org }}', '${{ org.nmae }}'));
  expect(field.stdout).toContain('no column "nmae" in org (did you mean "name"?)');
  const right = await run(db, ['check'], of('select name from orgs where id = ${{ row.org }}', '${{ org.name }}'));
  expect(right.stdout).not.toMatch(/^error (?!source\.kafka: )/m);
  const away = await run(db, ['check'], { ...of('select 1 as one', '${{ org.one }}'), source: ', url: "postgres://u@127.0.0.1:1/nothing"' });
  expect([away.code, away.stderr]).toEqual([69, expect.stringContaining('127.0.0.1:1')]);
  // And without one the file is refused.
  expect((await run(db, ['check'], { ...of('select 1 as one', '${{ org.one }}'), source: '' })).stderr).toContain('needs `source.url`, the database that is asked: the source is Kafka');
});

test('what is sealed in Postgres is plain in the engine’s topic: check and plan say so once, with what to do', async () => {
  const db = await testDatabase('create table people (id int primary key)');
  const shape: Shape = { state: ', encryption: { keys: [/nowhere/walhook.key] }', more: 'engine: { kafka: { brokers: [kafka-1:9092], topic: crm-engine } }\n' };
  const check = await run(db, ['check'], shape);
  expect(check.stdout.match(/^warning engine\.kafka: state\.encryption seals .* topic crm-engine: bodies are in plain text there/gm)).toHaveLength(1);
  expect(check.stdout).toMatch(/fix: engine: \{ kafka: \{ tls: true \} \}, brokers whose disks are encrypted, .*\n {7}kafka-acls\.sh .* --topic crm-engine$/m);
  const plan = await run(db, ['plan'], shape);
  expect([plan.code, plan.stdout]).toEqual([0, expect.stringMatching(/^-- warning: state\.encryption seals .*\n-- engine: .*\n-- kafka-acls\.sh .*\n\n-- nothing to do: the source is Kafka\n$/)]);
  expect(JSON.parse((await run(db, ['plan', '--json'], shape)).stdout)).toMatchObject({ steps: [], warnings: [{ code: 'topic_not_sealed' }] });
  for (const not of [{ state: shape.state ?? '' }, { more: shape.more ?? '' }]) expect((await run(db, ['plan'], not)).stdout).toBe('-- nothing to do: the source is Kafka\n');
});

test('people act on what is stored while nothing runs, and those who read elsewhere see it', async () => {
  const { state, owner, database } = await testState();
  await migrate(state);
  const store = parkingStore(state, owner);
  await store.park([parking(delivery(1)), parking(delivery(2))]);
  await store.bury([{ delivery: delivery(3), attempts: 1, failure: DOWN }]);
  expect(await run(database, ['replay', '--all', '--yes'])).toMatchObject({ code: 0, stderr: '' });
  expect(await run(database, ['pause', 'crm', '--reason', 'audit'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('crm is paused (audit)') });
  expect(await run(database, ['discard', 'id-1-0', '--parked', '--yes'])).toMatchObject({ code: 0, stderr: '' });
  expect(await database.sql('select id from walhook.parked order by id')).toEqual([{ id: 'id-2-0' }, { id: 'id-3-0' }]);
  expect(await database.sql('select state, reason, touched::int from walhook.endpoint')).toEqual([{ state: 'paused', reason: 'audit', touched: 2 }]);
  expect(await run(database, ['resume', 'crm'])).toMatchObject({ code: 0, stderr: '' });
  const keyed = await run(database, ['deliveries', '--parked', '--table', 'people', '--key', 'id=1']);
  expect([keyed.code, keyed.stderr]).toEqual([2, expect.stringMatching(/the source is Kafka, and has none\n {2}choose by id/)]);
});

test('status tells of the topics, not of a slot that there is none of', async () => {
  const { database } = await testState();
  const { code, stdout } = await run(database, ['status']);
  expect(code).toBe(1);
  expect(stdout).toContain('source: topic shop.public.people of Kafka, group crm-readers\n  how far they are read: kafka-consumer-groups.sh --bootstrap-server 127.0.0.1:1 --group crm-readers --describe\n');
  expect(stdout).not.toContain('slot');
  expect(JSON.parse((await run(database, ['status', '--json'])).stdout)).toMatchObject({ source_topics: { topics: ['shop.public.people'], group: 'crm-readers' }, slot: null, slot_error: null });
});

test.each<readonly [readonly string[], RegExp]>([
  [['backfill', 'people'], /^walhook: there are no rows to be read: the source is Kafka.*\n.*stop walhook, and:\n.*--group crm-readers --topic shop\.public\.people --reset-offsets --to-earliest --execute\n$/],
  [['resync'], /^walhook: there is no slot that could be lost: the source is Kafka.*\n {2}how far it has come: .*--group crm-readers --describe\n$/],
  [['render', 'people', '--key', '1'], /^walhook: cannot render a row: the source is Kafka, and tables are known from its records alone\n {2}docs\/kafka\.md/],
  [['plan', '--role', 'w'], /^walhook: --role is of a source database: the source is Kafka.*\n {2}in the database of state\.url: CREATE ROLE "w" LOGIN; CREATE SCHEMA "walhook" AUTHORIZATION "w";\n$/],
])('what only a database can do is refused, with what to do instead: %j', async (args, stderr) => {
  const db = await testDatabase('create table people (id int primary key)');
  const result = await run(db, args);
  expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(stderr) });
  // Nothing has been made.
  expect(await db.sql(`select from pg_namespace where nspname = 'walhook'`)).toEqual([]);
});
