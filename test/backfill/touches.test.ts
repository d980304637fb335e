import { expect, test } from 'vitest';
import { parseSnapshot } from '../../src/backfill/snapshot.ts';
import { StreamWindows } from '../../src/backfill/stream-windows.ts';
import { Touches } from '../../src/backfill/touches.ts';
import type { Merged } from '../../src/backfill/window.ts';
import { writeMark } from '../../src/backfill/mark.ts';
import { type Change, type Relation, TEXT, type Transaction, type Tuple } from '../../src/change.ts';

const RELATION: Relation = { oid: 7, schema: 'app', table: 'people_nl', replicaIdentity: 'd', columns: ['id', 'name'].map((name) => ({ name, typeOid: 25, typmod: -1, identity: name === 'id' })) };

function tuple(...values: string[]): Tuple {
  const bytes = Buffer.from(values.join(''));
  const end = Uint32Array.from(values, (_, i) => values.slice(0, i + 1).join('').length);
  return { bytes, count: values.length, kind: new Uint8Array(values.length).fill(TEXT), start: Uint32Array.from(values, (value, i) => (end[i] ?? 0) - value.length), end };
}

/** What is left of a chunk of rows 1, 2 and 3 of a partitioned table after some changes of a partition. */
function mergedAfter(...changes: { readonly row?: Tuple; readonly old?: Tuple; readonly kind: Change['kind']; readonly relation?: Relation }[]): Merged | null {
  const windows = new StreamWindows();
  const touches = new Touches(windows);
  touches.watch(RELATION, 'public.people', [0]);
  let merged: Merged | null = null;
  windows.awaitMarks({
    backfill: 'bf_1',
    run: 'run',
    chunk: 1,
    hook: 'crm',
    table: 'public.people',
    columns: ['id'],
    onLost: () => undefined,
    onEnd: (window) => {
      merged = window.merge(['1:1', '1:2', '1:3'], parseSnapshot('1000:1000:'));
    },
  });
  const mark = (side: 'low' | 'high'): void => windows.message(writeMark({ backfill: 'bf_1', run: 'run', chunk: 1, side }), { commitLsn: 10n, ordinal: 1 });
  mark('low');
  for (const { kind, row = null, old = null, relation = RELATION } of changes) {
    touches.touch({ kind, relation, row, old, ordinal: 1, transaction: {} as Transaction } as Change, (hook) => hook === 'crm');
  }
  mark('high');
  return merged;
}

test.each([
  ['an insert', { kind: 'insert', row: tuple('2', 'x') }, [0, 2]],
  ['an update', { kind: 'update', row: tuple('2', 'y') }, [0, 2]],
  ['an update of the key', { kind: 'update', old: tuple('1', ''), row: tuple('3', 'y') }, [1]],
  ['a delete', { kind: 'delete', old: tuple('3', '') }, [0, 1]],
  ['a truncate', { kind: 'truncate' }, []],
  ['a change of another table', { kind: 'insert', row: tuple('2', 'x'), relation: { ...RELATION, oid: 8 } }, [0, 1, 2]],
] as const)('%s is known by the rows that it touches, under the table that the configuration names', (_what, change, send) => {
  expect(mergedAfter(change)).toEqual({ kind: 'merged', send, again: [] });
});
