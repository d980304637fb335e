import { expect, test } from 'vitest';
import type { TableShape } from '../support/pgoutput.ts';
import { hookConfig, tableConfig } from '../support/table.ts';
import { TopicRig, type TopicRigOptions } from './topic-rig.ts';

const PEOPLE: TableShape = { oid: 1, schema: 'public', table: 'people', replicaIdentity: 'f', columns: [] };
const ORDERS: TableShape = { ...PEOPLE, table: 'orders' };
const KEYED = { key: ['id'] };
const ALL = ['insert', 'update', 'visibility_update', 'delete', 'truncate'] as const;

function rigOf(options: Partial<TopicRigOptions> = {}): TopicRig {
  return new TopicRig({ tables: [tableConfig(PEOPLE, KEYED)], hooks: [hookConfig(PEOPLE, { events: ALL })], ...options });
}

function event(operation: string, data: object, meta: object = {}, redacted: readonly string[] = []): object {
  return { data, ...(operation === 'delete' ? {} : { redacted }), meta: { operation, lookup_values: [], ...meta } };
}

function ids(rig: TopicRig): string[] {
  return rig.offered.map(({ delivery }) => delivery.id);
}

test('a record has the same id whenever it is read, and no other record has it', () => {
  const records = (rig: TopicRig) => [1, 2, 3].map((id) => rig.record(event('data_insert', { id })));
  const read = (parts: NonNullable<TopicRigOptions['parts']>): string[] => {
    const rig = rigOf({ parts });
    rig.take(...records(rig));
    return ids(rig);
  };
  const at = (topic: string, partition: number): string[] => read([{ topic, partition }]);
  expect(at('shop', 3)).toEqual(at('shop', 3));
  const all = [...at('shop', 3), ...at('shop', 0), ...at('other', 3), ...at('shop', 11)];
  expect(new Set(all).size).toBe(all.length);
  // What comes again after a restart begins in the middle, behind other records.
  const rig = rigOf();
  const [, , third] = records(rig);
  if (third !== undefined) rig.take({ ...third, value: Buffer.from(JSON.stringify(event('data_insert', { id: 3 }))) });
  expect(ids(rig)).toEqual([at('shop', 3)[2]]);
  expect(at('shop', 3)[0]).toMatch(/^0000000000000000-4-i-[0-9a-f]{16}$/);
});

test('places are in the order of offsets, and no two records share one', () => {
  const rig = rigOf({ parts: [{ topic: 'shop', partition: 0 }, { topic: 'shop', partition: 1 }] });
  const value = Buffer.from(JSON.stringify(event('data_insert', { id: 1 })));
  const record = (offset: bigint) => ({ offset, key: null, value, headers: [], timestamp: 0 });
  rig.reading.read(0, [record(7n), record(8n)], 9n);
  rig.reading.read(1, [record(7n)], 8n);
  const places = rig.offered.map(({ delivery: { sequence } }) => sequence);
  expect(places.map(({ commitLsn }) => commitLsn)).toEqual([7n, 8n, 7n]);
  expect(places[2]?.ordinal).not.toBe(places[0]?.ordinal);
  expect(places.every(({ ordinal }) => Number.isSafeInteger(ordinal))).toBe(true);
  expect(rig.read).toEqual([[0, 9n], [1, 8n]]);
});

test('deliveries of a row share a lane, whatever columns its records have', () => {
  const rig = rigOf();
  rig.bodies(event('data_insert', { id: 5, name: 'a' }), event('data_update', { name: null, id: 5 }), event('delete', { id: 5 }), event('data_insert', { id: 6, name: 'a' }));
  const lanes = rig.offered.map(({ delivery }) => delivery.lane);
  expect(new Set(lanes.slice(0, 3)).size).toBe(1);
  expect(lanes[3]).not.toBe(lanes[0]);
});

test('without a time of its own an event was committed when the record was made', () => {
  const rig = rigOf();
  rig.bodies(event('data_insert', { id: 1 }));
  expect(rig.offered[0]?.delivery.committedAt).toBe(1_700_000_000_000);
});

test('what is hidden in the topic is hidden behind it, and no filter takes its text for a value', () => {
  const rig = rigOf({ hooks: [hookConfig(PEOPLE, { events: ALL, when: 'row.name == null || row.name != "[gone]"' })], tables: [tableConfig(PEOPLE, { ...KEYED, lookup: ['name'] })] });
  const [body] = rig.bodies(event('data_insert', { id: 1, name: '[gone]' }, {}, ['name']));
  expect(JSON.parse(body ?? '')).toEqual(event('data_insert', { id: 1, name: '<<REDACTED>>' }, {}, ['name']));
});

test('what is hidden here besides is hidden, and an update of it alone is none', () => {
  const visibility = { kind: 'json' as const, column: 'flags' };
  const rig = rigOf({ tables: [tableConfig(PEOPLE, { ...KEYED, visibility })], hooks: [hookConfig(PEOPLE, { meta: ['changed'] })] });
  const data = { id: 1, name: 'a', flags: { name: false } };
  const bodies = rig.bodies(event('data_update', data, { changed: ['name'] }), event('data_update', data, { changed: ['name', 'id'] }), event('data_update', data, { changed: [] }));
  const told = (changed: string[]) => event('data_update', { id: 1, name: '<<REDACTED>>' }, { changed }, ['name']);
  expect(bodies.map((body) => JSON.parse(body))).toEqual([told(['id']), told([])]);
});

test('an update that does not tell the row before may have entered the filter', () => {
  const rig = rigOf({ hooks: [hookConfig(PEOPLE, { when: 'row.state != "new"', entering: true, meta: ['changed'] })] });
  const data = { id: 1, state: 'paid', note: 'x' };
  const bodies = rig.bodies(event('data_update', data, { changed: ['state'] }), event('data_update', { ...data, state: 'new' }, { changed: ['state'] }), event('data_update', data));
  expect(bodies).toHaveLength(2);
});

test("a delete's row is its key and its lookup values, and an expression may name the rest", () => {
  const rig = rigOf({ tables: [tableConfig(PEOPLE, { ...KEYED, lookup: ['email'] })], hooks: [hookConfig(PEOPLE, { events: ALL, when: 'row.country == null && row.email == "a@b"' })] });
  const deleted = event('delete', { id: 1 }, { lookup_values: [{ field: 'email', value: 'a@b' }] });
  expect(rig.bodies(deleted)).toEqual([JSON.stringify(deleted)]);
  expect(rig.offered[0]?.buried).toBeNull();
});

test('where there are several tables the event tells which one it is of', () => {
  const tables = [tableConfig(PEOPLE, KEYED), tableConfig(ORDERS, KEYED)];
  const rig = rigOf({ tables, hooks: [hookConfig(PEOPLE), hookConfig(ORDERS)] });
  const bodies = rig.bodies(event('data_insert', { id: 1 }, { schema: 'public', table: 'orders' }), event('data_insert', { id: 2 }, { table: 'people' }), event('data_insert', { id: 3 }, { table: 'other' }), event('data_insert', { id: 4 }));
  expect(rig.offered.map(({ delivery: { table } }) => table)).toEqual(['public.orders', 'public.people']);
  expect(bodies).toHaveLength(2);
  expect(rig.logged).toHaveLength(1);
  expect(rig.logged[0]).toContain('does not say of which table');
});

test('a table of events needs a key in the configuration, and says so at once', () => {
  expect(() => rigOf({ tables: [tableConfig(PEOPLE)] })).toThrow(/table public.people needs a `key`/);
});

test.each([['{"data":{},"meta":1}'], ['[{"data":{},"meta":{"operation":"delete"}}]'], ['{"data":{"id":1},"meta":{"operation":"upsert"}}']])('%s is no event, and what comes next is sent', (value) => {
  const rig = rigOf();
  expect(rig.bodies(value, event('data_insert', { id: 1 }))).toHaveLength(1);
  expect(rig.unreadable).toEqual([[0, 0n]]);
});

test('a tombstone is nothing', () => {
  const rig = rigOf();
  expect(rig.bodies(null)).toEqual([]);
  expect(rig.logged).toEqual([]);
  expect(rig.read).toEqual([[0, 1n]]);
});

test('a value from before that could not be seen then does not come out with an event that can', () => {
  const visibility = { kind: 'columns' as const, flags: new Map([['name', 'public']]) };
  for (const format of ['event', 'standard', 'debezium'] as const) {
    const rig = rigOf({ tables: [tableConfig(PEOPLE, { ...KEYED, visibility, lookup: ['name'] })], hooks: [hookConfig(PEOPLE, { events: ALL, format, meta: ['changed'] })] });
    const lookup_values = [{ field: 'name', value: 'now', previous_value: 'secret' }];
    const data = { id: 1, name: 'now', public: true };
    rig.bodies(event('data_update', data, { lookup_values, changed: ['name', 'public'] }), event('data_update', data, { lookup_values }), event('visibility_update', data, { lookup_values, changed: ['name', 'public'] }));
    expect(rig.offered).toHaveLength(3);
    expect(rig.offered.map(({ delivery: { body } }) => body).join('')).not.toContain('secret');
    // Where the flag did not change, the value before could be seen as well.
    const [body] = rig.bodies(event('data_update', data, { lookup_values, changed: ['name'] }));
    if (format === 'event') expect(body).toContain('secret');
  }
});

test('numbers of a topic are doubles in expressions', () => {
  const rig = rigOf({ hooks: [hookConfig(PEOPLE, { when: 'row.total * 2.0 > 24' })] });
  expect(rig.bodies(event('data_insert', { id: 1, total: 12.5 }), event('data_insert', { id: 2, total: 12 }), event('data_insert', { id: 3, total: 13 }))).toHaveLength(2);
  expect(rig.offered.every(({ buried }) => buried === null)).toBe(true);
});

test('what is hidden in the topic and what is hidden here add up', () => {
  const rig = rigOf({ tables: [tableConfig(PEOPLE, { ...KEYED, visibility: { kind: 'json', column: 'flags' } })] });
  const [body] = rig.bodies(event('data_insert', { id: 1, name: '[gone]', phone: 'secret', flags: { phone: false } }, {}, ['name']));
  expect(JSON.parse(body ?? '')).toEqual(event('data_insert', { id: 1, name: '<<REDACTED>>', phone: '<<REDACTED>>' }, {}, ['name', 'phone']));
});

test.each(['true', 't', 1, 'team', {}, null])('a flag of %j shows nothing', (flag) => {
  const rig = rigOf({ tables: [tableConfig(PEOPLE, { ...KEYED, visibility: { kind: 'columns', flags: new Map([['name', 'public']]) } })] });
  expect(rig.bodies(event('data_insert', { id: 1, name: 'secret', public: flag })).join('')).not.toContain('secret');
});
