import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Format, HookConfig } from '../../src/config.ts';
import { DraftReader, DraftWriter } from '../../src/enrich/draft.ts';
import type { Event } from '../../src/event.ts';
import { bodyOf } from '../../src/format/body-of.ts';
import { HookRequests } from '../../src/format/hook-requests.ts';
import type { Template } from '../../src/template.ts';
import { type Before, deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { builtinCodecs, EVENT_ID, hookConfig, ORIGIN, readEvents, type TellOptions } from '../support/table.ts';

const OID = 7;
const COLUMNS = [
  { name: 'id', type: TYPE.int8 },
  { name: 'email', type: TYPE.text },
  { name: 'score', type: TYPE.numeric },
  { name: 'profile', type: TYPE.jsonb },
  { name: 'at', type: TYPE.timestamptz },
  { name: '__proto__', type: TYPE.text },
  { name: 'email_visible', type: TYPE.bool },
  { name: 'score_visible', type: TYPE.bool },
];

const value = (text: fc.Arbitrary<string>): fc.Arbitrary<Value> => fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant(UNCHANGED_TOAST) });
// As Postgres writes texts: any characters but U+0000, and no half surrogates.
const text = fc.string({ unit: 'grapheme' }).map((drawn) => drawn.replaceAll('\0', ''));
const row: fc.Arbitrary<Value[]> = fc.tuple(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  value(text),
  value(fc.constantFrom('0.10', '-12345678901234567890.5', 'NaN')),
  value(fc.constantFrom('{"a": [1, "\\u0041 é"]}', 'null', '[]')),
  value(fc.constantFrom('2024-01-31 12:00:00.000001+00', 'infinity')),
  value(text),
  value(fc.constantFrom('t', 'f')),
  value(fc.constantFrom('t', 'f')),
);

interface Case {
  readonly kind: 'insert' | 'update' | 'delete' | 'truncate';
  readonly before: 'none' | 'key' | 'whole';
  readonly now: Value[];
  readonly old: Value[];
  readonly format: Format | 'body';
  readonly hook: Partial<HookConfig>;
}

const drawn: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom('insert', 'update', 'update', 'update', 'delete', 'truncate'),
  before: fc.constantFrom('none', 'key', 'whole', 'whole'),
  now: row,
  old: row,
  format: fc.constantFrom<Format | 'body'>('body', 'body', 'event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'),
  hook: fc.record({
    meta: fc.constantFrom([], ['changed', 'table', 'lsn', 'xid', 'committed_at', 'id'] as const),
    large_numbers: fc.constantFrom('number', 'string'),
    encoding: fc.constantFrom(null, 'form'),
    omit_null: fc.boolean(),
  }),
});

const EXPRESSIONS = [
  'row', 'old', 'changed', 'row.email', 'old.email', 'changed.score', 'row.score', 'row["__proto__"]', 'row.at', 'event.lookup_values',
  'event.lsn + " " + string(event.xid)', 'event.time', 'event.redacted', 'old == null', '"email" in changed', 'default(row.email, "none")', 'default(old.score, 1.5)',
  'row.profile.a[0]', 'org.name + default(row.email, "")',
];
const expression = (source: string): Template => ({ kind: 'expression', expression: { source, line: 1, column: 1 } });
const BODY: Template = { kind: 'map', entries: EXPRESSIONS.map((source, index) => [`e${index}`, expression(source)]) };

function optionsOf({ before }: Case): TellOptions {
  const shape: TableShape = {
    oid: OID,
    schema: 'Sales',
    table: 'people "x"',
    replicaIdentity: before === 'whole' ? 'f' : 'd',
    columns: COLUMNS.map((column) => ({ ...column, identity: before === 'whole' || column.name === 'id' })),
  };
  const flags = new Map([['email', 'email_visible'], ['score', 'score_visible']]);
  return { shape, primaryKey: ['id'], commitLsn: 2n ** 63n + 5n, committedAt: -1n, table: { visibility: { kind: 'columns', flags }, lookup: ['id', 'email'], redacted: '«hidden»' } };
}

function changeOf({ kind, before, now, old }: Case): Buffer {
  const told: Before = before === 'whole' ? { old } : { key: [old[0] ?? null, ...COLUMNS.slice(1).map(() => null)] };
  if (kind === 'insert') return insert(OID, now);
  if (kind === 'delete') return deletion(OID, told);
  if (kind === 'truncate') return truncate([OID]);
  return before === 'none' ? update(OID, now) : update(OID, now, told);
}

function requestOf({ format, hook: changes }: Case, options: TellOptions, event: Event): unknown {
  const hook = hookConfig(options.shape, { ...changes, ...(format === 'body' ? { body: BODY } : { format }), enrich: new Map([['org', { sql: ['select 1'], many: false, timeout: 1, cache: null }]]) });
  const { table } = event;
  const requests = new HookRequests(hook, { table, codecs: builtinCodecs, body: bodyOf({ table, hook, codecs: builtinCodecs, source: ORIGIN }) });
  return requests.to({ name: 'crm', method: 'POST', kafka: null }).make(event, EVENT_ID, { org: { name: 'Acme' } });
}

test('what is rendered of a draft is, byte for byte, what is rendered of its event', () => {
  const reader = new DraftReader();
  let made = 0;
  fc.assert(
    fc.property(drawn, (each) => {
      const options = optionsOf(each);
      readEvents(
        options,
        (event) => {
          const { event: read } = reader.read(new DraftWriter(event.table).write(event));
          const direct = requestOf(each, options, event);
          expect(requestOf(each, options, read)).toEqual(direct);
          if (typeof direct === 'object' && direct !== null && 'body' in direct) made++;
        },
        [changeOf(each)],
      );
    }),
    { numRuns: 1000 },
  );
  // The others could not be made, of neither.
  expect(made).toBeGreaterThan(300);
});

test('a draft has no hidden value in it', () => {
  const secrets = COLUMNS.map(({ name }) => `old-${name}-secret`);
  const kinds = ['insert', 'update', 'delete'] as const;
  for (const kind of kinds) {
    for (const before of ['key', 'whole'] as const) {
      const now: Value[] = ['1', 'new-secret', '5', null, null, 'seen', 'f', 't'];
      const old: Value[] = ['1', secrets[1] ?? '', '6', null, null, 'seen', kind === 'delete' ? 'f' : 't', 't'];
      const each: Case = { kind, before, now, old, format: 'event', hook: {} };
      const drafts: string[] = [];
      readEvents(optionsOf(each), (event) => drafts.push(new DraftWriter(event.table).write(event)), [changeOf(each)]);
      expect(drafts).not.toHaveLength(0);
      for (const draft of drafts) expect(draft).not.toMatch(/secret/);
    }
  }
});

test('versions of a table are told apart, and an event stays as it is while others are read', () => {
  const each: Case = { kind: 'insert', before: 'none', now: ['1', 'a', null, null, null, null, 't', 't'], old: [], format: 'event', hook: {} };
  const options = optionsOf(each);
  const other: TellOptions = { ...options, shape: { ...options.shape, columns: options.shape.columns.map((column, index) => (index === 5 ? { ...column, name: 'other' } : column)) } };
  const texts: string[] = [];
  for (const one of [options, other]) readEvents(one, (event) => texts.push(new DraftWriter(event.table).write(event)), [changeOf(each), insert(OID, ['2', 'b', null, null, null, null, 't', 't'])]);
  const reader = new DraftReader();
  const drafts = texts.map((one) => reader.read(one));
  expect(new Set(drafts.map(({ shape }) => shape)).size).toBe(2);
  expect(drafts[0]?.event.table).toBe(drafts[1]?.event.table);
  expect(new Set(drafts.map(({ event }) => event.serial)).size).toBe(4);
  expect(drafts.map(({ event: { row: tuple } }) => tuple?.bytes.toString('utf8', tuple.start[1], tuple.end[1]))).toEqual(['a', 'b', 'a', 'b']);
});
