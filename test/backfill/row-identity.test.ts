import { expect, test } from 'vitest';
import { RowIdentity } from '../../src/backfill/row-identity.ts';
import { NULL, type Relation, TEXT, type Tuple } from '../../src/change.ts';

function relation(replicaIdentity: Relation['replicaIdentity'], identity: readonly string[]): Relation {
  return { oid: 1, schema: 'public', table: 't', replicaIdentity, columns: ['a', 'b', 'c'].map((name) => ({ name, typeOid: 25, typmod: -1, identity: identity.includes(name) })) };
}

function tuple(...values: (string | null)[]): Tuple {
  const bytes = Buffer.from(values.map((value) => value ?? '').join(''));
  let at = 0;
  const start = values.map((value) => (at += Buffer.byteLength(value ?? '')) - Buffer.byteLength(value ?? ''));
  return { bytes, count: values.length, kind: Uint8Array.from(values, (value) => (value === null ? NULL : TEXT)), start: Uint32Array.from(start), end: Uint32Array.from(values, (value, i) => (start[i] ?? 0) + Buffer.byteLength(value ?? '')) };
}

test('a row is told by what the WAL has of it in every change', () => {
  expect(new RowIdentity(relation('d', ['b']), [0]).columns).toEqual(['b']);
  expect(new RowIdentity(relation('i', ['b', 'c']), [0]).columns).toEqual(['b', 'c']);
  expect(new RowIdentity(relation('f', ['a', 'b', 'c']), [0]).columns).toEqual(['a']);
  expect(new RowIdentity(relation('d', []), [0]).columns).toEqual(['a']);
});

test('no two keys are taken for one', () => {
  const identity = new RowIdentity(relation('f', []), [0, 1]);
  const long = 'ä'.repeat(100);
  const all = [tuple('ab', 'c', ''), tuple('a', 'bc', ''), tuple('', 'abc', ''), tuple('1:a', '', ''), tuple(long, 'x', ''), tuple(long, 'y', '')].map((row) => identity.of(row));
  expect(new Set(all).size).toBe(all.length);
  expect(identity.of(tuple('ab', 'c', 'other'))).toBe(all[0]);
  expect(identity.of(tuple('ab', null, 'other'))).toBeNull();
});
