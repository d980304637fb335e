import { expect, test } from 'vitest';
import type { VisibilityConfig } from '../../src/config.ts';
import { deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { readEvents, tell, type TellOptions } from '../support/table.ts';

const OID = 16_400;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'profiles',
  replicaIdentity: 'f',
  columns: [
    { name: 'user_id', type: TYPE.int8, identity: true },
    { name: 'email' },
    { name: 'country' },
    { name: 'email_visible', type: TYPE.bool },
    { name: 'country_visible', type: TYPE.bool },
    { name: 'privacy', type: TYPE.jsonb },
  ],
};
const FLAGS: VisibilityConfig = { kind: 'columns', flags: new Map([['email', 'email_visible'], ['country', 'country_visible']]) };
const JSON_FLAGS: VisibilityConfig = { kind: 'json', column: 'privacy' };

/** A row of which everything may be seen, but for what the test says. */
function row(changes: Partial<Record<'user_id' | 'email' | 'country' | 'email_visible' | 'country_visible' | 'privacy', Value>> = {}): Value[] {
  return Object.values({ user_id: '1', email: 'a@x', country: 'NL', email_visible: 't', country_visible: 't', privacy: null, ...changes });
}

function operations(visibility: VisibilityConfig | null, ...changes: readonly Buffer[]): string[] {
  return tell({ shape: SHAPE, table: { visibility } }, ...changes).map(({ operation }) => operation);
}

function hiddenOf(visibility: VisibilityConfig, values: readonly Value[], shape = SHAPE): unknown {
  return tell({ shape, table: { visibility } }, insert(OID, values))[0]?.body.redacted;
}

test('inserts, deletes and truncates are one event each', () => {
  expect(operations(null, insert(OID, row()))).toEqual(['data_insert']);
  expect(operations(null, deletion(OID, { old: row() }))).toEqual(['delete']);
  expect(operations(null, truncate([OID]))).toEqual(['truncate']);
});

test.for<[string, Value, boolean]>([
  ['true', 't', true],
  ['false', 'f', false],
  ['null', null, false],
  ['unknown', UNCHANGED_TOAST, false],
])('a flag that is %s', ([, flag, visible]) => {
  expect(hiddenOf(FLAGS, row({ country_visible: flag }))).toEqual(visible ? [] : ['country']);
});

test('a field whose flag column is gone is hidden', () => {
  const shape = { ...SHAPE, columns: SHAPE.columns.filter(({ name }) => name !== 'country_visible') };
  const values = row();
  values.splice(4, 1);
  expect(hiddenOf(FLAGS, values, shape)).toEqual(['country']);
});

test('a row from before a hidden field was there is shown, but for columns that may be that field under an earlier name', () => {
  const names = ['user_id', 'email', 'land', 'email_visible'];
  const shape = { ...SHAPE, columns: names.map((name) => ({ name, type: name === 'user_id' ? TYPE.int8 : name === 'email_visible' ? TYPE.bool : TYPE.text })) };
  const live = { columns: SHAPE.columns.map(({ name }) => name) };
  const [told] = tell({ shape, table: { visibility: FLAGS }, live }, insert(OID, ['1', 'a@x', 'NL', 't']));
  expect(told?.body).toMatchObject({ data: { user_id: 1, email: 'a@x', land: '<<REDACTED>>' }, redacted: ['land'] });
});

test('a hidden field that is gone may go on under another name: nothing is shown any more', () => {
  const shape = { ...SHAPE, columns: SHAPE.columns.map((column) => (column.name === 'country' ? { ...column, name: 'land' } : column)) };
  const renamed = (): unknown => tell({ shape, table: { visibility: FLAGS } }, insert(OID, row()));
  expect(renamed).toThrow(expect.objectContaining({ code: 'visibility_column', reaction: 'stop' }));
});

test.for<[string, Value, readonly string[]]>([
  ['names a field with true', '{"country":true}', []],
  ['names a field with false', '{"country":false}', ['country']],
  ['names a field with null', '{"country":null}', ['country']],
  ['names a field with a string', '{"country":"true"}', ['country']],
  ['names no field', '{}', []],
  ['names a field that is no column', '{"planet":false,"__proto__":false}', []],
  ['is SQL null', null, []],
  ['is JSON null', 'null', []],
  ['is an array', '[{"country":true}]', ['email', 'country', 'email_visible', 'country_visible']],
  ['is a string', '"x"', ['email', 'country', 'email_visible', 'country_visible']],
  ['is no JSON', '{secret', ['email', 'country', 'email_visible', 'country_visible']],
  ['is unknown', UNCHANGED_TOAST, ['email', 'country', 'email_visible', 'country_visible']],
])('a json column of flags that %s', ([, privacy, hidden]) => {
  expect(hiddenOf(JSON_FLAGS, row({ privacy }))).toEqual(hidden);
});

test('a json column of flags that is gone hides all but the key', () => {
  const shape = { ...SHAPE, columns: SHAPE.columns.slice(0, 3) };
  expect(hiddenOf(JSON_FLAGS, row().slice(0, 3), shape)).toEqual(['email', 'country']);
});

test.for<[string, Parameters<typeof row>[0], Parameters<typeof row>[0], readonly string[]]>([
  ['changes data', {}, { country: 'BE' }, ['data_update']],
  ['hides a field', {}, { country_visible: 'f' }, ['visibility_update']],
  ['shows a field', { country_visible: 'f' }, { country_visible: 't' }, ['visibility_update']],
  ['changes data and hides another field', {}, { email: 'b@x', country_visible: 'f' }, ['data_update', 'visibility_update']],
  ['hides a field and changes it', {}, { country: 'BE', country_visible: 'f' }, ['visibility_update']],
  ['shows a field and changes it', { country_visible: 'f' }, { country: 'BE', country_visible: 't' }, ['data_update', 'visibility_update']],
  ['hides one and shows another', { email_visible: 'f' }, { country_visible: 'f' }, ['visibility_update']],
  ['changes a hidden field', { country_visible: 'f' }, { country: 'BE', country_visible: 'f' }, []],
  ['changes a flag from null to false', { country_visible: null }, { country_visible: 'f' }, []],
  ['changes nothing', {}, {}, []],
  ['sets a field to null', {}, { country: null }, ['data_update']],
  ['sets a field to the empty string', { country: null }, { country: '' }, ['data_update']],
  ['leaves a TOASTed field as it was', { country: 'long' }, { country: UNCHANGED_TOAST }, []],
])('an update that %s', ([, before, after, expected]) => {
  expect(operations(FLAGS, update(OID, row(after), { old: row(before) }))).toEqual(expected);
});

test.for<[string, string | null, string | null, readonly string[]]>([
  ['hides a field', null, '{"country":false}', ['visibility_update']],
  ['names a visible field', '{}', '{"country":true}', []],
  ['is written otherwise', '{"country":false}', '{"country": null}', []],
])('a json column of flags that %s', ([, before, after, expected]) => {
  expect(operations(JSON_FLAGS, update(OID, row({ privacy: after }), { old: row({ privacy: before }) }))).toEqual(expected);
});

test.for<[string, Parameters<typeof update>[2]]>([
  ['no old row', undefined],
  ['only the old key', { key: ['1', null, null, null, null, null] }],
])('where the WAL has %s, every update is a data update, and what changed is not known', ([, before]) => {
  const told: unknown[] = [];
  const options: TellOptions = { shape: SHAPE, table: { visibility: FLAGS } };
  readEvents(options, ({ operation, changed }) => told.push([operation, changed]), [update(OID, row({ country_visible: 'f' }), before)]);
  expect(told).toEqual([['data_update', null]]);
});

test('both events of an update know the same columns as changed, and none that is hidden or a flag', () => {
  const told: unknown[] = [];
  const options: TellOptions = { shape: SHAPE, table: { visibility: FLAGS } };
  const change = update(OID, row({ user_id: '2', email: 'b@x', country: 'BE', country_visible: 'f' }), { old: row() });
  readEvents(options, ({ operation, changed, hidden, hiddenBefore }) => told.push([operation, [...(changed ?? [])], [...(hidden ?? [])], hiddenBefore]), [change]);
  expect(told).toEqual([
    ['data_update', [1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], null],
    ['visibility_update', [1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], null],
  ]);
});

test('each event has a serial of its own', () => {
  const serials = new Set<number>();
  const options: TellOptions = { shape: SHAPE, table: { visibility: FLAGS } };
  const both = update(OID, row({ email: 'b@x', country_visible: 'f' }), { old: row() });
  readEvents(options, ({ serial }) => serials.add(serial), [both, insert(OID, row()), both]);
  expect(serials.size).toBe(5);
});
