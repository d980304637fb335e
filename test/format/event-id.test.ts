import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Transaction } from '../../src/change.ts';
import type { Operation } from '../../src/event.ts';
import { eventId, idPrefix, idSuffix, idTag } from '../../src/format/event-id.ts';

function idOf(commitLsn: bigint, tableOrdinal: number, operation: Operation, of: readonly [systemId: string, oid: number, hook: string]): string {
  const transaction: Transaction = { commitLsn, xid: 1, committedAt: 0n };
  return eventId(idPrefix(transaction, 1), tableOrdinal, idSuffix(operation, idTag(...of)));
}

test('is the same in every version of walhook: receivers remember it', () => {
  expect(idOf(0x16_b374_d848n, 12, 'data_update', ['7394829384729384729', 16_400, 'crm-profiles'])).toBe('00000016b374d848-12-u-ed5f2e71579c8e90');
});

test('after a failover the timeline is part of it: an LSN can be that of another transaction than before', () => {
  const prefix = (timeline: number): string => idPrefix({ commitLsn: 0x300_0060n, xid: 1, committedAt: 0n }, timeline);
  expect(prefix(1)).toBe('0000000003000060');
  expect(prefix(2)).toBe('0000000003000060-t2');
  expect(prefix(3)).toBe('0000000003000060-t3');
});

const parts = fc.tuple(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.constantFrom<Operation>('data_insert', 'data_update', 'visibility_update', 'delete', 'truncate'),
  fc.tuple(fc.stringMatching(/^\d{1,20}$/), fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.string()),
);

test('two ids are equal only if everything that they are made of is', () => {
  fc.assert(
    fc.property(parts, parts, fc.nat(3), (a, b, shared) => {
      // So that they often differ in one thing alone.
      const mixed = a.map((part, i) => (i === shared ? b[i] : part)) as typeof a;
      expect(idOf(...a) === idOf(...mixed)).toBe(JSON.stringify(a, plain) === JSON.stringify(mixed, plain));
    }),
    { numRuns: 2000 },
  );
});

test('holds no dot, no space and nothing else that a header or a signature could stumble over', () => {
  fc.assert(
    fc.property(parts, (each) => {
      expect(idOf(...each)).toMatch(/^[0-9a-f]{16}-\d+-[iuvdt]-[0-9a-f]{16}$/);
    }),
  );
});

test('sorts as transactions were committed', () => {
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      fc.pre(a[0] !== b[0]);
      expect(idOf(...a) < idOf(...b)).toBe(a[0] < b[0]);
    }),
  );
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
