import { expect, test } from 'vitest';
import { RecentTransactions } from '../../src/backfill/recent-transactions.ts';
import { parseSnapshot } from '../../src/backfill/snapshot.ts';

test('a snapshot that does not see what the stream has brought is behind it', () => {
  const recent = new RecentTransactions();
  recent.begin(5);
  for (const xid of [10, 12, 11]) recent.add(xid);
  expect(recent.wasAheadOf(parseSnapshot('13:13:'), recent.count)).toBe(false);
  expect(recent.wasAheadOf(parseSnapshot('11:13:11'), recent.count)).toBe(true);
  // One that has not even been counted as begun.
  expect(recent.wasAheadOf(parseSnapshot('12:12:'), recent.count)).toBe(true);
  // What came later is another matter.
  expect(recent.wasAheadOf(parseSnapshot('11:13:11'), 2)).toBe(false);
  expect(recent.hasSince(11, 2)).toBe(true);
  expect(recent.hasSince(10, 2)).toBe(false);
});

test('what may have been in the stream before anybody remembers is named', () => {
  const recent = new RecentTransactions(4);
  expect(recent.forgotten(parseSnapshot('3:9:3,6'))).toEqual([3, 6]);
  recent.begin(5);
  expect(recent.forgotten(parseSnapshot('3:9:3,6'))).toEqual([3]);
  for (const xid of [7, 8, 9, 10]) recent.add(xid);
  expect(recent.forgotten(parseSnapshot('3:12:3,6,8,11'))).toEqual([3]);
  for (const xid of [12, 13]) recent.add(xid);
  // 7 and 8 are forgotten, and with them it is not known of any below.
  expect(recent.forgotten(parseSnapshot('3:14:3,6,8,9,11'))).toEqual([3, 6, 8]);
});
