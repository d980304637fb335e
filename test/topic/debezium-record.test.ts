import { expect, test } from 'vitest';
import type { TableConfig } from '../../src/config.ts';
import type { TableShape } from '../support/pgoutput.ts';
import { hookConfig, tableConfig } from '../support/table.ts';
import { type ConnectField, keyWithSchema, mysqlEnvelope, postgresEnvelope, type Row, withSchema } from './debezium-samples.ts';
import { TopicRig } from './topic-rig.ts';

const CUSTOMERS: TableShape = { oid: 1, schema: 'public', table: 'customers', replicaIdentity: 'f', columns: [] };
const MYSQL: TableShape = { ...CUSTOMERS, schema: 'inventory' };
const ANNE = { id: 1004, name: 'Anne', email: 'anne@example.org' };
const ALL = ['insert', 'update', 'visibility_update', 'delete', 'truncate'] as const;

function rigOf(hook: Parameters<typeof hookConfig>[1] = {}, table: Partial<TableConfig> = {}, shape = CUSTOMERS): TopicRig {
  return new TopicRig({ format: 'debezium', tables: [tableConfig(shape, table)], hooks: [hookConfig(shape, { events: ALL, ...hook })] });
}

/** The bodies of records with a key, parsed. */
function told(rig: TopicRig, ...records: readonly (readonly [value: object | null, key?: Row])[]): unknown[] {
  const from = rig.offered.length;
  rig.take(...records.map(([value, key = { id: 1004 }]) => rig.record(value, key)));
  return rig.offered.slice(from).map(({ delivery }) => JSON.parse(delivery.body));
}

function event(operation: string, data: Row, meta: Row = {}): object {
  const redacted = operation === 'delete' ? {} : { redacted: [] };
  return { data, ...redacted, meta: { operation, lookup_values: [], ...meta } };
}

test('each op is told as what it does', () => {
  const rig = rigOf({ meta: ['changed', 'backfill'] });
  const bodies = told(
    rig,
    [postgresEnvelope('r', null, ANNE)],
    [postgresEnvelope('c', null, ANNE)],
    [postgresEnvelope('u', ANNE, { ...ANNE, name: 'Ann' })],
    [postgresEnvelope('u', null, ANNE)],
    [postgresEnvelope('d', ANNE, null)],
    [null],
    [postgresEnvelope('t', null, null)],
    [postgresEnvelope('m', null, null)],
  );
  expect(bodies).toEqual([
    event('data_insert', ANNE, { changed: null, backfill: true }),
    event('data_insert', ANNE, { changed: null, backfill: false }),
    event('data_update', { ...ANNE, name: 'Ann' }, { changed: ['name'], backfill: false }),
    event('data_update', ANNE, { changed: null, backfill: false }),
    event('delete', { id: 1004 }, { changed: null, backfill: false }),
    { data: {}, meta: { operation: 'truncate', lookup_values: [], changed: null, backfill: false } },
  ]);
  expect(rig.logged).toEqual([]);
});

test('with schemas it is the same', () => {
  const fields: ConnectField[] = [{ field: 'id', type: 'int32', optional: false }, { field: 'name', type: 'string' }, { field: 'email', type: 'string' }];
  const rig = rigOf();
  const key = keyWithSchema({ id: 1004 });
  const bodies = told(rig, [withSchema(postgresEnvelope('c', null, ANNE), fields), key], [withSchema(postgresEnvelope('d', { id: 1004, name: null, email: null }, null), fields), key]);
  expect(bodies).toEqual([event('data_insert', ANNE), event('delete', { id: 1004 })]);
});

test('types of the schema are shown as Postgres shows them', () => {
  const fields: ConnectField[] = [
    { field: 'id', type: 'int64' },
    { field: 'price', type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2', 'connect.decimal.precision': '10' } },
    { field: 'free', type: 'struct', name: 'io.debezium.data.VariableScaleDecimal' },
    { field: 'doc', type: 'string', name: 'io.debezium.data.Json' },
    { field: 'born', type: 'int32', name: 'io.debezium.time.Date' },
    { field: 'at', type: 'int64', name: 'io.debezium.time.MicroTimestamp' },
    { field: 'seen', type: 'string', name: 'io.debezium.time.ZonedTimestamp' },
    { field: 'wakes', type: 'int64', name: 'io.debezium.time.MicroTime' },
    { field: 'bytes', type: 'bytes' },
    { field: 'tags', type: 'array', items: { type: 'string', optional: true } },
    { field: 'days', type: 'array', items: { type: 'int32', name: 'io.debezium.time.Date', optional: true } },
    { field: 'ratio', type: 'double' },
    { field: 'gone', type: 'boolean' },
  ];
  const row = `{"id":9223372036854775807,"price":"BOI=","free":{"scale":1,"value":"Dw=="},"doc":"{\\"a\\": [1e2]}","born":19782,"at":1529507596945104,"seen":"2018-06-20T15:13:16.945104Z","wakes":14706789000,"bytes":"AP8=","tags":["a","b"],"days":[19782,null],"ratio":1.0E-5,"gone":null}`;
  const value = JSON.stringify(withSchema(postgresEnvelope('c', null, {}), fields)).replace('"after":{}', `"after":${row}`);
  const rig = rigOf();
  rig.take(rig.record(value, { id: 1 }));
  expect(rig.offered[0]?.delivery.body).toBe(
    '{"data":{"id":9223372036854775807,"price":12.50,"free":1.5,"doc":{"a": [1e2]},"born":"2024-02-29","at":"2018-06-20T15:13:16.945104","seen":"2018-06-20T15:13:16.945104+00:00","wakes":"04:05:06.789",' +
      '"bytes":"\\\\x00ff","tags":["a","b"],"days":["2024-02-29",null],"ratio":0.000010,"gone":null},"redacted":[],"meta":{"operation":"data_insert","lookup_values":[]}}',
  );
});

test('of MySQL the database stands for the schema, and the key of the record is the key of the row', () => {
  const rig = rigOf({ meta: ['schema', 'table'] }, {}, MYSQL);
  expect(told(rig, [mysqlEnvelope('u', ANNE, { ...ANNE, name: 'Ann' })], [mysqlEnvelope('d', ANNE, null)])).toEqual([
    event('data_update', { ...ANNE, name: 'Ann' }, { schema: 'inventory', table: 'customers' }),
    event('delete', { id: 1004 }, { schema: 'inventory', table: 'customers' }),
  ]);
});

test('the source tells when and where it was committed', () => {
  const rig = rigOf({ meta: ['committed_at', 'lsn', 'xid'] });
  const [body] = told(rig, [postgresEnvelope('c', null, ANNE)]);
  expect(body).toEqual(event('data_insert', ANNE, { committed_at: '2023-11-14T22:13:20.123456+00:00', lsn: '0/16E9058', xid: 555 }));
  expect(rig.offered[0]?.delivery.committedAt).toBe(1_700_000_000_123);
  expect(rig.reading.committedAt).toBe(1_700_000_000_123);
});

test('a TOASTed value that the WAL did not carry is named, and never shown', () => {
  const rig = rigOf();
  const bodies = told(rig, [postgresEnvelope('u', null, { ...ANNE, email: '__debezium_unavailable_value' })], [postgresEnvelope('u', ANNE, { ...ANNE, name: 'Ann', email: '__debezium_unavailable_value' })]);
  expect(bodies).toEqual([event('data_update', { id: 1004, name: 'Anne' }, { unchanged: ['email'] }), event('data_update', { ...ANNE, name: 'Ann' })]);
});

test('where only the key is known of the row before, nothing is made of the rest', () => {
  const rig = rigOf({ when: 'row.email == null && row.name == null' }, { lookup: ['email'] });
  const bodies = told(rig, [postgresEnvelope('d', { id: 1004, name: null, email: null }, null)]);
  expect(bodies).toEqual([event('delete', { id: 1004 })]);
});

test('what Debezium fills up in a delete where the WAL has the key alone is not taken for values', () => {
  const hook = { when: 'row.email == null && row.name == null' };
  const deletion = { id: 1004, name: '', email: '', age: 0, born: '1970-01-01T00:00:00Z', doc: '', tags: [], ok: false, total: 'AA==', free: { scale: 0, value: 'AA==' }, at: { x: 0.0, y: 0.0, wkb: 'AQ==', srid: null }, gone: null };
  const fields: ConnectField[] = [
    { field: 'id', type: 'int32', optional: false },
    ...['name', 'email'].map((field) => ({ field, type: 'string', optional: false })),
    { field: 'doc', type: 'string', name: 'io.debezium.data.Json', optional: false },
    { field: 'age', type: 'int32', optional: false, default: 18 },
    { field: 'rank', type: 'int32', optional: true, default: 7 },
  ];
  const typed = { id: 1004, name: '', email: '', doc: '', age: 18, rank: 7 };
  for (const [before, wrapped] of [[deletion, false], [typed, true]] as const) {
    const rig = rigOf(hook, { lookup: ['email'] });
    const of = (row: Row): object => (wrapped ? withSchema(postgresEnvelope('d', row, null), fields) : postgresEnvelope('d', row, null));
    expect(told(rig, [of(before)])).toEqual([event('delete', { id: 1004 })]);
    // One that says something is of a row that is there as a whole.
    expect(told(rig, [of({ ...before, email: 'anne@example.org' })])).toEqual([]);
    expect(rig.logged).toEqual([]);
  }
  // A value that is not the default was there: an empty one, of what may be null, too.
  const rig = rigOf({ when: 'row.rank == 0' });
  expect(told(rig, [withSchema(postgresEnvelope('d', { ...typed, rank: 0 }, null), fields)])).toEqual([event('delete', { id: 1004 })]);
});

test('a row before that is whole is taken as it is, where the configuration says so, and of a database that always has it', () => {
  const row = { id: 1004, name: '', email: '' };
  const lookup_values = [{ field: 'email', value: '' }];
  expect(told(rigOf({ when: 'row.name == ""' }, { lookup: ['email'] }), [postgresEnvelope('d', row, null)])).toEqual([]);
  expect(told(rigOf({ when: 'row.name == ""' }, { lookup: ['email'], replica_identity: 'full' }), [postgresEnvelope('d', row, null)])).toEqual([event('delete', { id: 1004 }, { lookup_values })]);
  expect(told(rigOf({ when: 'row.name == ""' }, { lookup: ['email'] }, MYSQL), [mysqlEnvelope('d', row, null)])).toEqual([event('delete', { id: 1004 }, { lookup_values })]);
});

test.each<readonly [string, unknown]>([
  ['text', '__debezium_unavailable_value'],
  ['bytes', 'X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=='],
  ['an hstore', '{"__debezium_unavailable_value":"__debezium_unavailable_value"}'],
  ['an hstore as a map', { __debezium_unavailable_value: '__debezium_unavailable_value' }],
  ['texts', ['__debezium_unavailable_value']],
  ['lists of bytes', ['X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==']],
  ['numbers', [...Buffer.from('__debezium_unavailable_value')]],
  ['uuids', ['b68a35a7-17ad-35b3-af2a-ae46edb4545a']],
])('a TOASTed value that the WAL did not carry is named, of whatever type it is: %s', (_type, value) => {
  expect(told(rigOf(), [postgresEnvelope('u', null, { ...ANNE, email: value })])).toEqual([event('data_update', { id: 1004, name: 'Anne' }, { unchanged: ['email'] })]);
});

test('filters, lookup values and templates take rows of a topic as any other', () => {
  const rig = rigOf({ when: 'row.id > 1000 && row.name.startsWith("A")', entering: true }, { lookup: ['email', 'name'] });
  const bodies = told(rig, [postgresEnvelope('c', null, { ...ANNE, name: 'Bob' })], [postgresEnvelope('u', { ...ANNE, name: 'Bob' }, ANNE)], [postgresEnvelope('u', ANNE, { ...ANNE, name: 'Ann' })]);
  const values = [{ field: 'email', value: 'anne@example.org' }, { field: 'name', value: 'Anne', previous_value: 'Bob' }];
  expect(bodies).toEqual([event('data_update', ANNE, { lookup_values: values })]);
});

test('a column is hidden where its flag does not say that it may be seen', () => {
  const rig = rigOf({ meta: ['changed'] }, { visibility: { kind: 'columns', flags: new Map([['email', 'public']]) }, lookup: ['email'] });
  const visible = { ...ANNE, public: true };
  const hidden = { ...ANNE, public: false };
  const redacted = { ...ANNE, email: '<<REDACTED>>' };
  const bodies = told(
    rig,
    [postgresEnvelope('c', null, visible)],
    [postgresEnvelope('u', visible, hidden)],
    // MySQL's booleans are numbers unless its connector is told otherwise: they show nothing.
    [postgresEnvelope('c', null, { ...ANNE, public: 1 })],
    [postgresEnvelope('c', null, { ...ANNE, public: 'true' })],
    [postgresEnvelope('u', hidden, { ...hidden, email: 'other@example.org' })],
  );
  expect(bodies).toEqual([
    event('data_insert', ANNE, { lookup_values: [{ field: 'email', value: 'anne@example.org' }], changed: null }),
    { ...event('visibility_update', redacted, { changed: [] }), redacted: ['email'] },
    { ...event('data_insert', redacted, { changed: null }), redacted: ['email'] },
    { ...event('data_insert', redacted, { changed: null }), redacted: ['email'] },
  ]);
  expect(JSON.stringify(rig.logged)).not.toContain('other');
});

test('flags in a json column, which Debezium has as text, hide too', () => {
  const rig = rigOf({}, { visibility: { kind: 'json', column: 'flags' } });
  expect(told(rig, [postgresEnvelope('c', null, { ...ANNE, flags: '{"email":false}' })])).toEqual([{ ...event('data_insert', { ...ANNE, email: '<<REDACTED>>' }), redacted: ['email'] }]);
});

test('a column that was null so far may have any type later, and comparing it goes on', () => {
  const rig = rigOf({ when: 'row.age == null || !(row.age == 7)' });
  const ages = [null, 41, null, 'old', 41, { years: 3 }, true, null, 7];
  const bodies = told(rig, ...ages.map((age) => [postgresEnvelope('c', null, { id: 1, age })] as const));
  expect(bodies).toEqual(ages.slice(0, -1).map((age) => event('data_insert', { id: 1, age })));
  expect(rig.offered.every(({ buried }) => buried === null)).toBe(true);
});

test('a table that no hook is for is passed by', () => {
  const rig = rigOf();
  expect(told(rig, [postgresEnvelope('c', null, ANNE, { table: 'orders' })])).toEqual([]);
  expect(rig.logged).toEqual([]);
});

test.each<readonly [string, object | string, Row | null]>([
  ['no JSON', 'secret', { id: 1 }],
  ['no JSON', '{"secret":', { id: 1 }],
  ['schema registry', '\u0000\u0000\u0000\u0000\u0001secret', { id: 1 }],
  ['is no object', '"secret"', { id: 1 }],
  ['no `op`', { ...ANNE, name: 'secret' }, { id: 1 }],
  ['no `op`', { ts_ms: 1, status: 'BEGIN', id: 'secret' }, null],
  ['of which table', postgresEnvelope('c', null, ANNE, { table: null }), { id: 1 }],
  ['no `after`', postgresEnvelope('c', ANNE, null), { id: 1 }],
  ['no `before`', postgresEnvelope('d', null, null), { id: 1 }],
  ['the key of table public.customers', postgresEnvelope('c', null, ANNE), null],
  ['column id cannot be read as io.debezium.time.MicroTimestamp', withSchema(postgresEnvelope('c', null, { id: 'secret' }), [{ field: 'id', type: 'int64', name: 'io.debezium.time.MicroTimestamp' }]), { id: 1 }],
])('a record that cannot be read is told, without a value of it, and the next one is sent: %s', (why, value, key) => {
  const rig = rigOf();
  rig.take(rig.record(value, key), rig.record(postgresEnvelope('c', null, ANNE), { id: 1 }));
  expect(rig.offered).toHaveLength(1);
  expect(rig.reading.unreadable).toBe(1);
  expect(rig.logged).toHaveLength(1);
  expect(JSON.parse(rig.logged[0] ?? '')).toMatchObject({ topic: 'shop', partition: 3, offset: '0', msg: expect.stringContaining(why) });
  expect(rig.logged[0]).not.toContain('secret');
  expect(rig.logged[0]).not.toContain('Anne');
});

test('a row without the field that may have to be hidden is not sent: it could be there under another name', () => {
  const rig = rigOf({}, { visibility: { kind: 'columns', flags: new Map([['mail', 'public']]) } });
  expect(told(rig, [postgresEnvelope('c', null, { ...ANNE, public: true })])).toEqual([]);
  expect(rig.logged[0]).toContain('has no mail');
});
