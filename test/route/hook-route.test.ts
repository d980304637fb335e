import { expect, test } from 'vitest';
import { watchTable } from '../../src/event/watched-table.ts';
import type { Event } from '../../src/event.ts';
import type { EvaluationFailure } from '../../src/expression/expression.ts';
import { HookRoute } from '../../src/route/hook-route.ts';
import { deletion, insert, type TableShape, truncate, TYPE, update, type Value } from '../support/pgoutput.ts';
import { builtinCodecs, hookConfig, live, readEvents, tableConfig, type TellOptions } from '../support/table.ts';

const OID = 16_400;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'profiles',
  replicaIdentity: 'f',
  columns: [
    { name: 'user_id', type: TYPE.int8, identity: true }, { name: 'country', identity: true }, { name: 'age', type: TYPE.int4, identity: true },
    { name: 'country_visible', type: TYPE.bool, identity: true },
  ],
};
const VISIBILITY = { kind: 'columns', flags: new Map([['country', 'country_visible']]) } as const;

/** What a hook makes of the events of some changes. */
function verdicts(hook: TellOptions['hook'], ...changes: readonly Buffer[]): (boolean | EvaluationFailure)[] {
  const all: (boolean | EvaluationFailure)[] = [];
  let route: HookRoute | null = null;
  const judge = (event: Event): void => {
    route ??= new HookRoute(hookConfig(SHAPE, hook), watchTable(event.change.relation, tableConfig(SHAPE, { visibility: VISIBILITY }), live(SHAPE)), builtinCodecs);
    all.push(route.wants(event, 'an-id'));
  };
  readEvents({ shape: SHAPE, table: { visibility: VISIBILITY } }, judge, changes);
  return all;
}

function row(country: Value = 'NL', age: Value = '30', visible: Value = 't'): Value[] {
  return ['1', country, age, visible];
}

const both = update(OID, row('NL', '31', 'f'), { old: row() });
const every = [insert(OID, row()), both, deletion(OID, { old: row() }), truncate([OID])];

test('by default a hook wants the four events of rows', () => {
  expect(verdicts({}, ...every)).toEqual([true, true, true, true, false]);
});

test.for([
  ['insert', [true, false, false, false, false]],
  ['update', [false, true, false, false, false]],
  ['visibility_update', [false, false, true, false, false]],
  ['delete', [false, false, false, true, false]],
  ['truncate', [false, false, false, false, true]],
] as const)('a hook for %s wants nothing else', ([kind, expected]) => {
  expect(verdicts({ events: [kind] }, ...every)).toEqual(expected);
});

test('changed: of updates only those of these columns', () => {
  const age = update(OID, row('NL', '31'), { old: row() });
  const country = update(OID, row('BE'), { old: row() });
  expect(verdicts({ changed: ['country'] }, age, country, insert(OID, row()), deletion(OID, { old: row() }))).toEqual([false, true, true, true]);
  expect(verdicts({ changed: ['age', 'no_such_column'] }, age, country)).toEqual([true, false]);
});

test('changed: a visibility update only if the field that was hidden or shown is among them', () => {
  expect(verdicts({ changed: ['country'] }, both)).toEqual([false, true]);
  expect(verdicts({ changed: ['age'] }, both)).toEqual([true, false]);
});

test('changed: where the WAL does not tell, every update', () => {
  expect(verdicts({ changed: ['country'] }, update(OID, row()))).toEqual([true]);
});

test('when: only rows that match; a delete is judged by the old row, a truncate by none', () => {
  const hook: TellOptions['hook'] = { when: "row.country == 'NL'", events: ['insert', 'delete', 'truncate'] };
  const changes = [insert(OID, row('NL')), insert(OID, row('BE')), insert(OID, row(null)), deletion(OID, { old: row('NL') }), deletion(OID, { old: row('BE') }), truncate([OID])];
  expect(verdicts(hook, ...changes)).toEqual([true, false, false, true, false, true]);
});

test('when: a hidden value is null', () => {
  const hook: TellOptions['hook'] = { when: "row.country == 'NL'" };
  expect(verdicts(hook, insert(OID, row('NL', '30', 'f')))).toEqual([false]);
  expect(verdicts({ when: 'row.country == null' }, insert(OID, row('NL', '30', 'f')))).toEqual([true]);
});

test('when: what was hidden before is null in old, also where the WAL has only a key that holds it', () => {
  const hook: TellOptions['hook'] = { when: "old != null && old.country == 'NL'" };
  expect(verdicts(hook, update(OID, row('BE'), { old: row('NL', '30', 'f') }))).toEqual([false, false]);
  expect(verdicts(hook, update(OID, row('BE'), { old: row('NL') }))).toEqual([true]);
  expect(verdicts(hook, update(OID, row('BE'), { key: row('NL') }))).toEqual([false]);
});

test('entering: only when the row begins to match', () => {
  const hook: TellOptions['hook'] = { when: 'row.age > 17', entering: true };
  const to = (age: Value, before: Value): Buffer => update(OID, row('NL', age), { old: row('NL', before) });
  expect(verdicts(hook, insert(OID, row('NL', '18')), insert(OID, row('NL', '17')), to('18', '17'), to('19', '18'), to('17', '19'), to('18', null))).toEqual([
    true, false, true, false, false, true,
  ]);
  expect(verdicts(hook, deletion(OID, { old: row('NL', '18') }))).toEqual([false]);
  // Where the WAL has no old row, it may have begun to match.
  expect(verdicts(hook, update(OID, row('NL', '18')))).toEqual([true]);
});

test('an expression that fails on a row says so, and so does one that no longer fits the table', () => {
  const [broken] = verdicts({ when: '10 / row.age > 1' }, insert(OID, row('NL', '0')));
  expect(broken).toMatchObject({ message: expect.stringContaining('column') });
  const [gone] = verdicts({ when: 'row.gone > 1' }, insert(OID, row()));
  expect(gone).toMatchObject({ message: expect.stringContaining('when: ') });
  expect(JSON.stringify([broken, gone])).not.toContain('NL');
});

test('a value that is nested too deeply to be read is a failure of the expression, and not of the daemon', () => {
  const shape: TableShape = { ...SHAPE, columns: [...SHAPE.columns, { name: 'doc', type: TYPE.jsonb, identity: true }] };
  const told: (boolean | EvaluationFailure)[] = [];
  readEvents({ shape }, (event) => {
    const route = new HookRoute(hookConfig(shape, { when: `row.doc.plan == 'pro'` }), watchTable(event.change.relation, tableConfig(shape), live(shape)), builtinCodecs);
    told.push(route.wants(event, 'an-id'));
  }, [insert(OID, [...row(), '{"plan": "pro"}']), insert(OID, [...row(), `${'['.repeat(20_000)}${']'.repeat(20_000)}`])]);
  expect(told).toEqual([true, { message: 'a value is nested too deeply to be read' }]);
});
