import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetaField } from '../../src/config.ts';
import { type Before, deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { hookConfig, tableConfig, tell } from '../support/table.ts';
import { TopicRig } from './topic-rig.ts';

const FIELDS = ['id', 'count', 'active', 'name', 'doc', 'total', 'at'] as const;
const TYPES = [TYPE.int8, TYPE.int4, TYPE.bool, TYPE.text, TYPE.jsonb, TYPE.numeric, TYPE.timestamptz] as const;
const FLAGS = ['name_flag', 'doc_flag', 'count_flag'];
const SHAPE: TableShape = {
  oid: 16_400,
  schema: 'public',
  table: 'people',
  replicaIdentity: 'f',
  columns: [...FIELDS.map((name, i) => ({ name, type: TYPES[i] ?? TYPE.text, identity: true })), ...FLAGS.map((name) => ({ name, type: TYPE.bool, identity: true }))],
};

const anyText = fc.oneof(fc.constantFrom('', '"', '\\', '\u0001\n', '<<REDACTED>>', 'null', 'é👩‍👩‍👧', '{"a":1}'), fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\u0000', '')));
const or = (arbitrary: fc.Arbitrary<string>, ...others: Value[]): fc.Arbitrary<Value> => fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: fc.constantFrom(null, ...others) });
const values: fc.Arbitrary<Value[]> = fc.tuple(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  or(fc.integer().map(String)),
  or(fc.constantFrom('t', 'f')),
  or(anyText, UNCHANGED_TOAST),
  or(fc.oneof(fc.constantFrom('null', '1.10', '"x"', '{ "b" : [1e2, {"é\\u00e9":-0.0}],"a":{} }', '{"2":1,"1":2,"1":3}'), fc.jsonValue().map((value) => JSON.stringify(value))), UNCHANGED_TOAST),
  or(fc.constantFrom('0.00', '-1.500', '12345678901234567890.123456789', 'NaN', '100')),
  or(fc.constantFrom('2024-01-02 03:04:05.6+00', 'infinity', '2024-01-02 03:04:05+00')),
  ...FLAGS.map(() => fc.constantFrom<Value>('t', 't', 'f', null)),
);

const drawn = fc.record({
  kind: fc.constantFrom('insert', 'update', 'update', 'update', 'delete', 'truncate'),
  before: fc.constantFrom('none', 'key', 'whole', 'whole'),
  now: values,
  old: values,
  /** Columns that an update does not change. */
  same: fc.subarray([...FIELDS, ...FLAGS]),
  visible: fc.boolean(),
  lookup: fc.subarray([...FIELDS]),
  meta: fc.subarray<MetaField>(['table', 'schema', 'changed', 'lsn', 'xid', 'committed_at', 'backfill']),
  largeNumbers: fc.constantFrom<'number' | 'string'>('number', 'string'),
  committedAt: fc.bigInt({ min: 0n, max: 800_000_000_000_000n }),
  commitLsn: fc.bigInt({ min: 1n, max: 2n ** 60n }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function changeOf({ kind, before, now, old: drawnOld, same }: Drawn): Buffer {
  const old = drawnOld.map((value, i) => {
    const next = now[i] ?? null;
    // Of the row before the WAL has whole values.
    if (same.includes(SHAPE.columns[i]?.name ?? '') && next !== UNCHANGED_TOAST) return next;
    return value === UNCHANGED_TOAST ? '"old"' : value;
  });
  const key: Before = { key: [old[0] ?? null, ...now.slice(1).map(() => null)] };
  const whole: Before = { old };
  const row = now.map((value) => (kind === 'insert' && value === UNCHANGED_TOAST ? null : value));
  if (kind === 'truncate') return truncate([SHAPE.oid]);
  if (kind === 'insert') return insert(SHAPE.oid, row);
  if (kind === 'delete') return deletion(SHAPE.oid, before === 'whole' ? whole : key);
  return before === 'none' ? update(SHAPE.oid, row) : update(SHAPE.oid, row, before === 'key' ? key : whole);
}

test('an event that goes through a topic has the same body behind it, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 4 }), ([first, ...rest]) => {
      if (first === undefined) return;
      // One configuration, and several changes one after the other: what was seen before changes nothing.
      const { lookup, meta, largeNumbers, visible } = first;
      const events = ['insert', 'update', 'visibility_update', 'delete', 'truncate'] as const;
      const visibility = visible ? null : { kind: 'columns' as const, flags: new Map([['name', 'name_flag'], ['doc', 'doc_flag'], ['count', 'count_flag']]) };
      const hook = { meta, events, large_numbers: largeNumbers };
      const bodies = [first, ...rest].flatMap((one) =>
        tell({ shape: SHAPE, table: { lookup, visibility }, primaryKey: ['id'], hook, commitLsn: one.commitLsn, committedAt: one.committedAt }, changeOf(one)).map(({ text }) => text),
      );
      const rig = new TopicRig({ tables: [tableConfig(SHAPE, { key: ['id'], lookup })], hooks: [hookConfig(SHAPE, { meta, events })] });
      // The flags are no data, but they stand in the body where nothing says that they are flags.
      expect(rig.bodies(...bodies)).toEqual(bodies);
      expect(rig.logged).toEqual([]);
    }),
    { numRuns: 400 },
  );
});
