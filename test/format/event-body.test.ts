import { expect, test } from 'vitest';
import type { VisibilityConfig } from '../../src/config.ts';
import type { Body } from '../../src/format/body.ts';
import { deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { readEvents, tell, type TellOptions } from '../support/table.ts';

const OID = 16_400;
const USER = '0e223bd4-1324-49ff-b948-122eeaaa42d1';
const PROFILES: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'profiles',
  replicaIdentity: 'f',
  columns: [
    { name: 'email' }, { name: 'first_name' }, { name: 'last_name' }, { name: 'country' }, { name: 'user_id', identity: true },
    { name: 'country_visible', type: TYPE.bool }, { name: 'email_visible', type: TYPE.bool },
  ],
};
const VISIBILITY: VisibilityConfig = { kind: 'columns', flags: new Map([['country', 'country_visible'], ['email', 'email_visible']]) };

interface Profile {
  readonly email?: Value;
  readonly first_name?: Value;
  readonly country?: Value;
  readonly user_id?: Value;
  readonly country_visible?: Value;
  readonly email_visible?: Value;
}

function profile(changes: Profile = {}): Value[] {
  const all = { email: 'jrose@acme.com', first_name: 'Juliet', last_name: 'Rose', country: 'United States', user_id: USER, country_visible: 't', email_visible: 't' };
  return Object.values({ ...all, ...changes });
}

function rownd(changes: Partial<TellOptions> = {}): TellOptions {
  return { shape: PROFILES, ...changes, table: { lookup: ['email'], visibility: VISIBILITY, ...changes.table } };
}

const omitCountry = { hook: { fields: { omit_null: true } } };

test('Rownd: data created', () => {
  const [created] = tell(rownd(omitCountry), insert(OID, profile({ country: null })));
  expect(created?.text).toBe(
    `{"data":{"email":"jrose@acme.com","first_name":"Juliet","last_name":"Rose","user_id":"${USER}"},"redacted":[],` +
      '"meta":{"operation":"data_insert","lookup_values":[{"field":"email","value":"jrose@acme.com"}]}}',
  );
});

test('Rownd: data updated', () => {
  const [updated] = tell(rownd(omitCountry), update(OID, profile(), { old: profile({ country: null }) }));
  expect(updated?.text).toBe(
    `{"data":{"email":"jrose@acme.com","first_name":"Juliet","last_name":"Rose","country":"United States","user_id":"${USER}"},` +
      '"redacted":[],"meta":{"operation":"data_update","lookup_values":[{"field":"email","value":"jrose@acme.com"}]}}',
  );
});

test('Rownd: data visibility changed', () => {
  const told = tell(rownd(), update(OID, profile({ country_visible: 'f' }), { old: profile() }));
  expect(told.map(({ text }) => text)).toEqual([
    `{"data":{"email":"jrose@acme.com","first_name":"Juliet","last_name":"Rose","country":"<<REDACTED>>","user_id":"${USER}"},` +
      '"redacted":["country"],"meta":{"operation":"visibility_update","lookup_values":[{"field":"email","value":"jrose@acme.com"}]}}',
  ]);
});

test('Rownd: data deleted', () => {
  const [deleted] = tell(rownd(), deletion(OID, { old: profile() }));
  expect(deleted?.text).toBe(
    `{"data":{"user_id":"${USER}"},"meta":{"operation":"delete","lookup_values":[{"field":"email","value":"jrose@acme.com"}]}}`,
  );
});

test('a delete holds the key alone: nothing of a hidden field, and a lookup value only if it may be seen', () => {
  const [deleted] = tell(rownd(), deletion(OID, { old: profile({ email_visible: 'f' }) }));
  expect(deleted?.body).toEqual({ data: { user_id: USER }, meta: { operation: 'delete', lookup_values: [] } });
});

test('a delete of which the WAL has only the key says no more than that', () => {
  const shape: TableShape = { ...PROFILES, replicaIdentity: 'd' };
  const key = [null, null, null, null, USER, null, null];
  const [deleted] = tell(rownd({ shape }), deletion(OID, { key }));
  expect(deleted?.body).toEqual({ data: { user_id: USER }, meta: { operation: 'delete', lookup_values: [] } });
});

test('a delete whose key the WAL does not carry names it', () => {
  const shape: TableShape = { ...PROFILES, replicaIdentity: 'i', columns: PROFILES.columns.map((column) => ({ ...column, identity: column.name === 'first_name' })) };
  const [deleted] = tell(rownd({ shape }), deletion(OID, { key: [null, 'Juliet', null, null, null, null, null] }));
  expect(deleted?.body).toEqual({ data: {}, meta: { operation: 'delete', lookup_values: [], unchanged: ['user_id'] } });
});

test('a truncate tells of no row', () => {
  const [truncated] = tell(rownd({ hook: { meta: ['table', 'schema'] } }), truncate([OID]));
  expect(truncated?.body).toEqual({ data: {}, meta: { operation: 'truncate', lookup_values: [], table: 'profiles', schema: 'public' } });
});

test.for<[string, Profile, Profile, unknown]>([
  ['did not change', {}, { first_name: 'Jules' }, [{ field: 'email', value: 'jrose@acme.com' }]],
  ['changed', {}, { email: 'new@x' }, [{ field: 'email', value: 'new@x', previous_value: 'jrose@acme.com' }]],
  ['was null', { email: null }, { email: 'new@x' }, [{ field: 'email', value: 'new@x' }]],
  ['became null', {}, { email: null }, []],
  ['was hidden', { email_visible: 'f' }, { email: 'new@x' }, [{ field: 'email', value: 'new@x' }]],
  ['became hidden', {}, { email: 'new@x', first_name: 'Jules', email_visible: 'f' }, []],
  ['is TOASTed and did not change', {}, { email: UNCHANGED_TOAST, first_name: 'Jules' }, [{ field: 'email', value: 'jrose@acme.com' }]],
])('lookup_values of a field that %s', ([, before, after, expected]) => {
  const [told] = tell(rownd(), update(OID, profile(after), { old: profile(before) }));
  expect(told?.body.meta.lookup_values).toEqual(expected);
});

test('a previous value is told only if it is known to have been visible', () => {
  const shape: TableShape = { ...PROFILES, replicaIdentity: 'i', columns: PROFILES.columns.map((column) => ({ ...column, identity: column.name === 'email' })) };
  const key = ['hidden@before', null, null, null, null, null, null];
  const change = update(OID, profile({ email: 'new@x' }), { key });
  const [flags] = tell(rownd({ shape }), change);
  expect(flags?.body.meta.lookup_values).toEqual([{ field: 'email', value: 'new@x' }]);
  const [json] = tell(rownd({ shape, primaryKey: ['email'], table: { visibility: { kind: 'json', column: 'country' } } }), update(OID, profile({ email: 'new@x', country: '{}' }), { key }));
  expect(json?.body.meta.lookup_values).toEqual([{ field: 'email', value: 'new@x' }]);
  const [open] = tell(rownd({ shape, table: { visibility: null } }), change);
  expect(open?.body.meta.lookup_values).toEqual([{ field: 'email', value: 'new@x', previous_value: 'hidden@before' }]);
});

test('lookup values come in the order of the config', () => {
  const [told] = tell(rownd({ table: { lookup: ['last_name', 'no_such_column', 'email'] } }), insert(OID, profile()));
  expect(told?.body.meta.lookup_values).toEqual([{ field: 'last_name', value: 'Rose' }, { field: 'email', value: 'jrose@acme.com' }]);
});

test('renamed fields have their new names everywhere', () => {
  const rename = new Map([['email', 'e-mail'], ['country', 'land'], ['user_id', 'id']]);
  const options = rownd({ hook: { fields: { rename }, meta: ['changed'] } });
  const [updated] = tell(options, update(OID, profile({ email: 'new@x', first_name: UNCHANGED_TOAST, country_visible: 'f' })));
  expect(updated?.body).toEqual({
    data: { 'e-mail': 'new@x', last_name: 'Rose', land: '<<REDACTED>>', id: USER },
    redacted: ['land'],
    meta: { operation: 'data_update', lookup_values: [{ field: 'e-mail', value: 'new@x' }], changed: null, unchanged: ['first_name'] },
  });
  const [changed, visibility] = tell(options, update(OID, profile({ email: 'new@x', country_visible: 'f' }), { old: profile() }));
  expect(changed?.body.meta.changed).toEqual(['e-mail']);
  expect(visibility?.body.redacted).toEqual(['land']);
  const [deleted] = tell(options, deletion(OID, { old: profile() }));
  expect(deleted?.body.data).toEqual({ id: USER });
});

test('fields: only, omit, set and omit_null', () => {
  const data = (fields: NonNullable<NonNullable<TellOptions['hook']>['fields']>, row = profile()): unknown =>
    tell(rownd({ hook: { fields } }), insert(OID, row))[0]?.body;
  expect(data({ only: ['user_id', 'email', 'country_visible'] })).toMatchObject({ data: { email: 'jrose@acme.com', user_id: USER } });
  expect(data({ omit: ['email', 'country', 'first_name'] })).toMatchObject({ data: { last_name: 'Rose', user_id: USER } });
  expect(data({ only: [], set: new Map([['automationid', '"42"'], ['n', '1']]) })).toMatchObject({ data: { automationid: '42', n: 1 } });
  expect(data({ only: ['email', 'first_name'], omit_null: true }, profile({ email: null }))).toMatchObject({ data: { first_name: 'Juliet' } });
  expect(data({ only: ['email'] }, profile({ email: null }))).toMatchObject({ data: { email: null } });
});

test('a hidden field that is not sent is not named as redacted', () => {
  const [told] = tell(rownd({ hook: { fields: { omit: ['country'] } } }), insert(OID, profile({ country_visible: 'f' })));
  expect(told?.body.redacted).toEqual([]);
});

test('a constant takes the place of a column of its name, without a second key', () => {
  const hook = { fields: { set: new Map([['country', '"X"'], ['user_id', '7']]) } };
  const [inserted] = tell(rownd({ hook }), insert(OID, profile({ country_visible: 'f' })));
  expect(inserted?.text.match(/"country"/g)).toHaveLength(1);
  expect(inserted?.body).toMatchObject({ data: { country: 'X', user_id: 7 }, redacted: [] });
  const [deleted] = tell(rownd({ hook }), deletion(OID, { old: profile() }));
  expect(deleted?.text).toContain('{"data":{"country":"X","user_id":7}');
});

test('an unchanged TOAST value comes from the old row, or is named as left out', () => {
  const after = profile({ first_name: UNCHANGED_TOAST, country: 'NL' });
  const [known] = tell(rownd(), update(OID, after, { old: profile() }));
  expect(known?.body.data.first_name).toBe('Juliet');
  expect(known?.body.meta).not.toHaveProperty('unchanged');
  const [unknown] = tell(rownd(), update(OID, after));
  expect(unknown?.body.data).not.toHaveProperty('first_name');
  expect(unknown?.body.meta.unchanged).toEqual(['first_name']);
  const [ofKey] = tell(rownd(), update(OID, after, { key: profile({ first_name: null }) }));
  expect(ofKey?.body.meta.unchanged).toEqual(['first_name']);
});

test('a hidden TOAST value is redacted, not unchanged', () => {
  const [told] = tell(rownd(), update(OID, profile({ country: UNCHANGED_TOAST, country_visible: 'f' })));
  expect(told?.body.data.country).toBe('<<REDACTED>>');
  expect(told?.body.meta).not.toHaveProperty('unchanged');
});

test('the text in place of a hidden value is configurable', () => {
  const [told] = tell(rownd({ table: { redacted: 'say "no"' } }), insert(OID, profile({ country_visible: 'f' })));
  expect(told?.body.data.country).toBe('say "no"');
});

test('meta has what the config asks for, in its order', () => {
  const hook: TellOptions['hook'] = { meta: ['xid', 'table', 'schema', 'changed', 'lsn', 'committed_at', 'backfill'] };
  const [told] = tell(
    rownd({ hook, commitLsn: 0x16_b374_d848n, committedAt: 757_382_400_123_456n }),
    update(OID, profile({ country: 'NL', first_name: 'J' }), { old: profile() }),
  );
  expect(JSON.stringify(told?.body.meta)).toBe(
    '{"operation":"data_update","lookup_values":[{"field":"email","value":"jrose@acme.com"}],"xid":1,"table":"profiles","schema":"public",' +
      '"changed":["first_name","country"],"lsn":"16/B374D848","committed_at":"2024-01-01T00:00:00.123456+00:00","backfill":false}',
  );
});

test('meta has the id of the event for its hook, not that of the one before', () => {
  const bodies: string[] = [];
  let body: Body | undefined;
  readEvents(
    rownd({ hook: { meta: ['id', 'table'] } }),
    (event) => bodies.push(...['one', 'one', 'other'].map((id) => body?.build(event, id) ?? '')),
    [insert(OID, profile())],
    (built) => (body = built),
  );
  expect(bodies.map((text) => JSON.parse(text).meta)).toEqual(['one', 'one', 'other'].map((id) => ({ operation: 'data_insert', lookup_values: expect.anything(), id, table: 'profiles' })));
});

test('numbers beyond 2^53 keep their digits, or are strings if the hook says so', () => {
  const shape: TableShape = { ...PROFILES, columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: 'sum', type: TYPE.numeric }] };
  const row = ['9007199254740993', '1.10'];
  expect(tell({ shape }, insert(OID, row))[0]?.text).toContain('{"user_id":9007199254740993,"sum":1.10}');
  expect(tell({ shape, hook: { large_numbers: 'string' } }, insert(OID, row))[0]?.text).toContain('{"user_id":"9007199254740993","sum":1.10}');
});

test('odd names are names', () => {
  const shape: TableShape = { ...PROFILES, columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: '__proto__' }, { name: 'a"b\\c\n' }, { name: '' }] };
  const [told] = tell({ shape }, insert(OID, ['1', 'p', 'q', 'r']));
  expect(told?.text).toContain('{"user_id":1,"__proto__":"p","a\\"b\\\\c\\n":"q","":"r"}');
});

test('the memory in which bodies are built is one for all tables and hooks, however many have had a large row', () => {
  const change = insert(OID, profile({ first_name: 'x'.repeat(100_000) }));
  const bodies: Body[] = [];
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 50; i++) {
    let body: Body;
    readEvents(rownd(), (event) => void body.build(event, ''), [change], (built) => bodies.push((body = built)));
  }
  expect(bodies).toHaveLength(50);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
});
