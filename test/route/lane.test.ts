import { expect, test } from 'vitest';
import { Lane } from '../../src/route/lane.ts';
import { type Before, deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { readEvents } from '../support/table.ts';

const OID = 16_400;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 't',
  replicaIdentity: 'd',
  columns: [{ name: 'a', identity: true }, { name: 'b', identity: true }, { name: 'n', type: TYPE.int4 }],
};

/** The lanes of the events of some changes. */
function lanes(lane: Lane, ...changes: readonly Buffer[]): number[] {
  const all: number[] = [];
  readEvents({ shape: SHAPE }, (event) => all.push(lane.of(event)), changes);
  return all;
}

function laneOf(key: readonly Value[], oid = OID): number {
  return lanes(new Lane(oid, [0, 1]), insert(OID, [...key, '1']))[0] ?? Number.NaN;
}

test('is the same in every version of walhook: what is parked bears it', () => {
  expect(laneOf(['user', '42'])).toBe(2_954_698_261_541_019);
});

test('an insert, its updates and its delete share a lane, whatever of the row the WAL carries', () => {
  const key: Before = { key: ['x', 'y', null] };
  const changes = [
    insert(OID, ['x', 'y', '1']), update(OID, ['x', 'y', '2']), update(OID, ['x', 'y', null], key),
    update(OID, [UNCHANGED_TOAST, 'y', '3'], key), deletion(OID, key), deletion(OID, { old: ['x', 'y', '3'] }),
  ];
  expect(new Set(lanes(new Lane(OID, [0, 1]), ...changes)).size).toBe(1);
});

test('rows with other keys, and other tables, have other lanes', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 20_000; i++) seen.add(laneOf([`${i}`, 'x']));
  for (let oid = 1; oid <= 1000; oid++) seen.add(laneOf(['0', 'x'], oid));
  expect(seen.size).toBe(21_000);
});

test('a lane is a whole number that a double holds', () => {
  for (let i = 0; i < 1000; i++) expect(Number.isSafeInteger(laneOf([`${i * 7919}`, 'ö']))).toBe(true);
});

test('where a value ends counts', () => {
  expect(laneOf(['ab', 'c'])).not.toBe(laneOf(['a', 'bc']));
  expect(laneOf(['', 'x'])).not.toBe(laneOf(['x', '']));
});

test('without a key, all of a table is one lane', () => {
  expect(new Set(lanes(new Lane(OID, []), insert(OID, ['a', 'b', '1']), insert(OID, ['c', 'd', '2']), truncate([OID]))).size).toBe(1);
});

test('without an order, each delivery has a lane of its own', () => {
  const same = Array.from({ length: 5000 }, () => insert(OID, ['a', 'b', '1']));
  expect(new Set(lanes(new Lane(OID, null), ...same)).size).toBe(5000);
});
