import { describe, expect, test } from 'vitest';
import type { VisibilityConfig } from '../../src/config.ts';
import { deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { builtinCodecs } from '../support/table.ts';
import { refusal, render, renderOne, type RenderOptions, template } from './rendering.ts';

const OID = 16_400;
const CONTACTS: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'contacts',
  replicaIdentity: 'f',
  columns: [
    { name: 'id', type: TYPE.int8, identity: true }, { name: 'name' }, { name: 'email' }, { name: 'price', type: TYPE.numeric }, { name: 'age', type: TYPE.int4 },
    { name: 'active', type: TYPE.bool }, { name: 'created_at', type: TYPE.timestamptz }, { name: 'extra', type: TYPE.jsonb }, { name: 'age_visible', type: TYPE.bool },
  ],
};
const VISIBILITY: VisibilityConfig = { kind: 'columns', flags: new Map([['age', 'age_visible']]) };
const ROW = {
  id: '9007199254740993', name: 'Juliet "J" Rose', email: 'jrose@acme.com', price: '1234567890.123456789000', age: '42',
  active: 't', created_at: '2026-01-02 03:04:05.678901+00', extra: '{"a": [1, 2.50], "b": null}', age_visible: 't',
};

function row(changes: Partial<Record<keyof typeof ROW, Value>> = {}): Value[] {
  return Object.values({ ...ROW, ...changes });
}

function options(value: unknown, hook: RenderOptions['hook'] = {}): RenderOptions {
  return { shape: CONTACTS, primaryKey: ['id'], table: { visibility: VISIBILITY, lookup: ['email'] }, hook: { body: template(value), ...hook } };
}

function body(value: unknown, changes: Parameters<typeof row>[0] = {}, hook: RenderOptions['hook'] = {}): string {
  return renderOne(options(value, hook), insert(OID, row(changes))).body;
}

describe('a leaf', () => {
  test.each([
    ['${{ row.id }}', '9007199254740993'],
    ['${{ row.price }}', '1234567890.123456789000'],
    ['${{ row.name }}', String.raw`"Juliet \"J\" Rose"`],
    ['${{ row.active }}', 'true'],
    ['${{ row.created_at }}', '"2026-01-02T03:04:05.678901+00:00"'],
    ['${{ row.extra }}', '{"a": [1, 2.50], "b": null}'],
    ['${{ row["price"] }}', '1234567890.123456789000'],
    ['${{ row.age + 1 }}', '43'],
    ['${{ row.price * 2 }}', '2469135780.2469134'],
    ['${{ event.time }}', '"2000-01-01T00:00:00.000Z"'],
    ['${{ event.lookup_values }}', '[{"field":"email","value":"jrose@acme.com"}]'],
    ['${{ row.extra.a }}', '[1,2.5]'],
    ['${{ row.extra.b }}', 'null'],
    ['${{ [row.name, row.age] }}', String.raw`["Juliet \"J\" Rose",42]`],
    ['${{ {"id": row.id, "list": [null, true]} }}', '{"id":9007199254740993,"list":[null,true]}'],
    ['${{ row.created_at - timestamp("2026-01-02T03:04:05Z") }}', '"0.678s"'],
    ['${{ row.age / 0 > 1 || row.active }}', 'true'],
    ['${{ event.id }}/${{ event.operation }}', '"evt_1/data_insert"'],
    ['Dear ${{ row.name }}, ${{ row.age }} and ${{ row.extra.b }}', String.raw`"Dear Juliet \"J\" Rose, 42 and "`],
    ['${{ row.id }}, ${{ row.price }}, ${{ row.created_at }}, ${{ row.extra }}', String.raw`"9007199254740993, 1234567890.123456789000, 2026-01-02T03:04:05.678901+00:00, {\"a\": [1, 2.50], \"b\": null}"`],
    ['${{ old == null }}', 'true'],
    ['${{ old }}', 'null'],
    ['${{ old.name }}', 'null'],
    ['${{ changed }}', '{}'],
    ['${{ changed.name }}', 'null'],
  ])('%s', (source, expected) => {
    expect(body(source)).toBe(expected);
  });

  test('digits beyond 2^53 become strings where the hook says so', () => {
    const large = { large_numbers: 'string' } as const;
    expect(body(['${{ row.id }}', '${{ row.id + 1 }}', '${{ row.age }}'], {}, large)).toBe('["9007199254740993","9007199254740994",42]');
  });
});

test('a tree of constants, maps and lists, in its own order', () => {
  const contact = {
    type: 'contact', version: '202304', 10: 1, 9: 2, active: '${{ row.active }}', nothing: null, nested: { list: [1, '${{ row.age }}', { deep: '${{ row.name }}' }], empty: {}, none: [] },
  };
  expect(body(contact)).toBe(
    String.raw`{"9":2,"10":1,"type":"contact","version":"202304","active":true,"nothing":null,"nested":{"list":[1,42,{"deep":"Juliet \"J\" Rose"}],"empty":{},"none":[]}}`,
  );
});

test('a body without a row is the same text for every event', () => {
  const [first, second] = render(options({ ping: [true, { a: null }] }), insert(OID, row()), insert(OID, row()));
  expect(first).toMatchObject({ body: '{"ping":[true,{"a":null}]}' });
  expect(second).toMatchObject({ body: '{"ping":[true,{"a":null}]}' });
});

test('omit_null drops entries of maps, not items of lists nor what is within a value', () => {
  const value = { a: null, b: '${{ row.name }}', c: ['${{ row.name }}', null], d: { e: '${{ row.name }}' }, f: '${{ row.extra }}', g: 'x${{ row.name }}' };
  expect(body(value, { name: null }, { omit_null: true })).toBe('{"c":[null,null],"d":{},"f":{"a": [1, 2.50], "b": null},"g":"x"}');
  expect(body(value, { name: null })).toBe('{"a":null,"b":null,"c":[null,null],"d":{"e":null},"f":{"a": [1, 2.50], "b": null},"g":"x"}');
});

test('a whole row is what `data` would be, and what changed and was before likewise', () => {
  const fields = { omit: ['email', 'extra', 'created_at'], rename: new Map([['name', 'full_name']]), set: new Map([['automationid', '"42"']]) };
  const all = options({ row: '${{ row }}', old: '${{ old }}', changed: '${{ changed }}', was: '${{ old.price }}', is: '${{ changed.price }}', not: '${{ changed.age }}' }, { fields });
  const change = update(OID, row({ price: '1.50', email: 'new@acme.com' }), { old: row({ name: 'Romeo' }) });
  expect(JSON.parse(renderOne(all, change).body, keepDigits)).toEqual({
    row: { id: '9007199254740993', full_name: 'Juliet "J" Rose', price: '1.50', age: '42', active: true, automationid: '42' },
    old: { id: '9007199254740993', full_name: 'Romeo', price: '1234567890.123456789000', age: '42', active: true },
    changed: { full_name: 'Juliet "J" Rose', price: '1.50' },
    was: '1234567890.123456789000',
    is: '1.50',
    not: null,
  });
});

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? context?.source : value;
}

describe('a hidden value', () => {
  const hidden = { age_visible: 'f' };

  test.each([
    ['${{ row.age }}', '"<<REDACTED>>"'],
    ['${{ row.age + 1 }}', '"<<REDACTED>>"'],
    ['${{ row.age == null ? "none" : "some" }}', '"<<REDACTED>>"'],
    ['age ${{ row.age }}, ${{ row.name }}', String.raw`"age <<REDACTED>>, Juliet \"J\" Rose"`],
    ['${{ row.age_visible }}', 'false'],
    ['${{ event.redacted }}', '["age"]'],
  ])('in %s', (source, expected) => {
    expect(body(source, hidden)).toBe(expected);
  });

  test('in a whole row', () => {
    expect(JSON.parse(body('${{ row }}', hidden))).toMatchObject({ age: '<<REDACTED>>', active: true });
  });

  test('was maybe visible before, and is not sent any more', () => {
    const before = ['${{ old.age }}', '${{ old.age + 1 }}', '${{ old }}', '${{ changed }}', '${{ changed.age }}'];
    for (const made of render(options(before), update(OID, row({ age: '43', age_visible: 'f', name: 'x' }), { old: row() }))) {
      expect(made).toMatchObject({ body: expect.not.stringMatching(/4[23]/) });
      expect(made).toMatchObject({ body: expect.stringMatching(/^\["<<REDACTED>>","<<REDACTED>>",/) });
    }
  });

  test('was hidden before, and is visible now', () => {
    const [flip] = render(options(['${{ row.age }}', '${{ old.age }}']), update(OID, row(), { old: row(hidden) }));
    expect(flip).toMatchObject({ body: '[42,"<<REDACTED>>"]' });
  });
});

describe('what the WAL does not carry', () => {
  const byKey = { ...CONTACTS, replicaIdentity: 'd' as const };
  const toast = (value: unknown): RenderOptions => ({ ...options(value), shape: byKey });
  const change = update(OID, row({ extra: UNCHANGED_TOAST }));

  test('is left out of a map, as `data` leaves it out', () => {
    expect(renderOne(toast({ id: '${{ row.id }}', extra: '${{ row.extra }}' }), change).body).toBe('{"id":9007199254740993}');
    expect(JSON.parse(renderOne(toast('${{ row }}'), change).body)).not.toHaveProperty('extra');
  });

  test.each([
    [{ list: ['${{ row.extra }}'] }, 'body.list[0]: the WAL does not carry it'],
    [{ text: 'x ${{ row.extra }}' }, 'body.text: the WAL does not carry it'],
    [{ plan: '${{ row.extra.a }}' }, 'body.plan: the WAL does not carry row.extra'],
    ['${{ row.extra }}', 'body: the WAL does not carry it'],
  ])('is never made up: %j', (value, message) => {
    expect(refusal(toast(value), change)).toContain(message);
  });

  test('of a deleted row is all but the key', () => {
    const key = deletion(OID, { key: CONTACTS.columns.map(({ name }) => (name === 'id' ? '7' : null)) });
    expect(renderOne({ ...toast({ id: '${{ row.id }}', name: '${{ row.name }}', old: '${{ old }}' }) }, key).body).toBe('{"id":7,"old":null}');
    expect(refusal(toast({ name: '${{ upper(row.name) }}' }), key)).toContain('body.name: the WAL does not carry row.name');
  });

  test('of a truncate is the row', () => {
    expect(renderOne(toast({ op: '${{ event.operation }}', id: '${{ row.id }}', row: '${{ row }}' }), truncate([OID])).body).toBe('{"op":"truncate"}');
  });
});

describe('an expression that fails on a row', () => {
  test.each([
    [{ fullName: '${{ row.extra > 5 }}' }, 'body.fullName: no such overload: map<string, list<int>> > int, at line 1, column 1, in ${{ row.extra > 5 }}'],
    [{ a: [{ b: '${{ row.age / (row.age - 42) }}' }] }, 'body.a[0].b: division by zero, at line 1, column 1, in ${{ row.age / (row.age - 42) }}'],
    [{ a: 'x ${{ int(row.email) }}' }, 'body.a: int conversion error, at line 1, column 1, in ${{ int(row.email) }}'],
    [{ a: '${{ type(row.age) }}' }, 'body.a: its value has no JSON, in ${{ type(row.age) }}'],
    [{ a: '${{ row.gone }}' }, 'body.a: no column "gone", in ${{ row.gone }}'],
  ])('%j', (value, message) => {
    expect(refusal(options(value), insert(OID, row()))).toBe(message);
  });

  test('is told without the values of the row, on one line', () => {
    const message = refusal(options({ a: `\${{ int(row.email)\n + ${'1 + '.repeat(80)} 1 }}` }), insert(OID, row()));
    expect(message).not.toContain('jrose');
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(250);
  });
});

test('a json value nested deeper than the stack is a failure, not the end of the stream', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  expect(refusal(options({ a: '${{ json(row.extra) }}' }), insert(OID, row({ extra: deep })))).toMatch(/^body\.a: /);
});

test('what was looked up is there by its name', () => {
  const lookups = Object.assign(Object.create(null) as Record<string, unknown>, { org: { name: 'Acme', size: 10n }, sites: [{ url: 'a' }] });
  const enrich = new Map(['org', 'sites', 'nobody'].map((name) => [name, { sql: [''], many: false, timeout: 1, cache: null }]));
  const value = { org: '${{ org }}', city: '${{ org.city }}', urls: '${{ sites.map(s, s.url) }}', text: '${{ org.name }}!', nobody: '${{ nobody.name }}' };
  const made = renderOne({ ...options(value, { enrich }), lookups: { ...lookups, nobody: null } }, insert(OID, row()));
  expect(made.body).toBe('{"org":{"name":"Acme","size":10},"city":null,"urls":["a"],"text":"Acme!","nobody":null}');
});

test('only what expressions ask for is read', () => {
  const read: string[] = [];
  const all = options({ id: '${{ row.id }}', upper: '${{ upper(row.name) }}' });
  const made = renderOne({ ...all, codecs: spying(read) }, insert(OID, row()));
  expect(made.body).toBe(String.raw`{"id":9007199254740993,"upper":"JULIET \"J\" ROSE"}`);
  expect(read).toEqual(['json 9007199254740993', 'value Juliet "J" Rose']);
});

function spying(read: string[]): NonNullable<RenderOptions['codecs']> {
  return {
    celType: (oid) => builtinCodecs.celType(oid),
    shape: (oid) => builtinCodecs.shape(oid),
    jsonArray: (oid, item) => builtinCodecs.jsonArray(oid, item),
    writer: (oid, large) => builtinCodecs.writer(oid, large),
    json: (oid, large) => (bytes, start, end) => {
      read.push(`json ${bytes.toString('utf8', start, end)}`);
      return builtinCodecs.json(oid, large)(bytes, start, end);
    },
    value: (oid) => (bytes, start, end) => {
      read.push(`value ${bytes.toString('utf8', start, end)}`);
      return builtinCodecs.value(oid)(bytes, start, end);
    },
  };
}
