import { expect, test } from 'vitest';
import type { Position, StoredPosition } from '../../src/position.ts';
import { startPosition } from '../../src/source/start-position.ts';

const WITHIN = { commitLsn: 200n, ordinal: 50 };

function stored(position: Position): StoredPosition {
  return { systemId: '1', timeline: 1, publication: 'walhook', position };
}

test('with nothing stored the stream begins where the slot is', () => {
  expect(startPosition(null, 100n, 'walhook')).toEqual({ lsn: 100n, within: null });
});

test('the stored position counts where it is ahead of the slot, and the place within the next transaction with it', () => {
  expect(startPosition(stored({ lsn: 150n, within: WITHIN }), 100n, 'walhook')).toEqual({ lsn: 150n, within: WITHIN });
});

test('a transaction that commits where the slot stands is still to come', () => {
  expect(startPosition(stored({ lsn: 150n, within: WITHIN }), 200n, 'walhook')).toEqual({ lsn: 200n, within: WITHIN });
});

test('a place within a transaction that the slot has passed is forgotten', () => {
  expect(startPosition(stored({ lsn: 150n, within: WITHIN }), 201n, 'walhook')).toEqual({ lsn: 201n, within: null });
});

test('under another publication changes are counted otherwise: the transaction is read from its first change', () => {
  expect(startPosition(stored({ lsn: 150n, within: WITHIN }), 100n, 'other')).toEqual({ lsn: 150n, within: null });
});
