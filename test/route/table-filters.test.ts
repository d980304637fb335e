import { expect, test } from 'vitest';
import type { Codecs } from '../../src/codec.ts';
import { watchTable } from '../../src/event/watched-table.ts';
import type { EvaluationFailure } from '../../src/expression/expression.ts';
import { HookRoute } from '../../src/route/hook-route.ts';
import { TableFilters } from '../../src/route/table-filters.ts';
import { deletion, insert, type TableShape, TYPE, update } from '../support/pgoutput.ts';
import { builtinCodecs, hookConfig, live, readEvents, tableConfig } from '../support/table.ts';

const OID = 16_400;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'people',
  replicaIdentity: 'f',
  columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: 'country', identity: true }, { name: 'age', type: TYPE.int8, identity: true }],
};

type Hook = Parameters<typeof hookConfig>[1];

/** What hooks that share their filters make of the events of some changes, a list for each event, and which values were made for it. */
function verdicts(hooks: readonly Hook[], ...changes: readonly Buffer[]): { verdicts: (boolean | EvaluationFailure)[][]; values: string[] } {
  const values: string[] = [];
  const codecs: Codecs = {
    json: (oid, large) => builtinCodecs.json(oid, large),
    writer: (oid, large) => builtinCodecs.writer(oid, large),
    celType: (oid) => builtinCodecs.celType(oid),
    shape: (oid) => builtinCodecs.shape(oid),
    jsonArray: (oid, item) => builtinCodecs.jsonArray(oid, item),
    value: (oid) => (bytes, start, end) => {
      values.push(bytes.toString('utf8', start, end));
      return builtinCodecs.value(oid)(bytes, start, end);
    },
  };
  let routes: HookRoute[] | null = null;
  const all: (boolean | EvaluationFailure)[][] = [];
  readEvents(
    { shape: SHAPE },
    (event) => {
      const table = watchTable(event.change.relation, tableConfig(SHAPE), live(SHAPE));
      const filters = new TableFilters(table, codecs);
      routes ??= hooks.map((hook) => new HookRoute(hookConfig(SHAPE, hook), table, codecs, filters));
      all.push(routes.map((route, i) => route.wants(event, route.usesId ? `id of ${i}` : '')));
    },
    changes,
  );
  return { verdicts: all, values };
}

test('values are made once for hooks that ask for the same columns', () => {
  const told = verdicts([{ when: `row.country == 'NL'` }, { when: `row.country == 'BE'` }, { when: `row.country == 'NL'` }], insert(OID, ['1', 'NL', '30']), insert(OID, ['2', 'BE', '31']));
  expect(told.verdicts).toEqual([[true, false, true], [false, true, false]]);
  expect(told.values).toEqual(['NL', 'BE']);
});

test('a hook that is not asked leaves no stale answer for one that is', () => {
  const whens = [{ when: `row.country == 'NL'`, events: ['delete'] }, { when: `row.country == 'NL'` }] as const;
  const told = verdicts(whens, insert(OID, ['1', 'NL', '30']), deletion(OID, { old: ['1', 'BE', '30'] }), insert(OID, ['1', 'NL', '30']));
  expect(told.verdicts).toEqual([[false, true], [false, false], [false, true]]);
});

test('the id is each hook\'s own, for expressions that are the same', () => {
  const when = `event.id == 'id of 1' && row.country == 'NL'`;
  expect(verdicts([{ when }, { when }, { when }], insert(OID, ['1', 'NL', '30'])).verdicts).toEqual([[false, true, false]]);
});

test('entering: what was true before is shared too, and is that of the event', () => {
  const when = `row.age > 30`;
  const hooks = [{ when, entering: true }, { when, entering: true }, { when }];
  const changes = [update(OID, ['1', 'NL', '31'], { old: ['1', 'NL', '30'] }), update(OID, ['1', 'NL', '32'], { old: ['1', 'NL', '31'] }), insert(OID, ['2', 'NL', '40'])];
  const told = verdicts(hooks, ...changes);
  expect(told.verdicts).toEqual([[true, true, true], [false, false, true], [true, true, true]]);
});

test('a failure is that of every hook with the expression', () => {
  const when = `1 / (row.age - 30) > 0`;
  const [both] = verdicts([{ when }, { when }], insert(OID, ['1', 'NL', '30'])).verdicts;
  expect(both).toEqual([{ message: expect.stringContaining('division by zero') }, { message: expect.stringContaining('division by zero') }]);
});
