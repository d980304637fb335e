import { expect, test } from 'vitest';
import { isBefore, parseSnapshot, sees } from '../../src/backfill/snapshot.ts';

test('a snapshot sees what was over, and neither what was not nor what came later', () => {
  const snapshot = parseSnapshot('10:20:10,14');
  expect([9, 10, 11, 14, 19, 20, 21].map((xid) => sees(snapshot, xid))).toEqual([true, false, true, false, true, false, false]);
  expect(parseSnapshot('5:5:').inProgress.size).toBe(0);
});

test('ids are cut to 32 bits, and compared where they wrap around', () => {
  const snapshot = parseSnapshot(`${2n ** 32n - 2n}:${2n ** 32n + 5n}:${2n ** 32n + 3n}`);
  expect([4_294_967_293, 4_294_967_294, 2, 3, 4, 5].map((xid) => sees(snapshot, xid))).toEqual([true, true, true, false, true, false]);
  expect(isBefore(4_294_967_295, 3)).toBe(true);
  expect(isBefore(3, 4_294_967_295)).toBe(false);
});

test('other text is refused', () => {
  for (const text of ['', '1:2', '1:2:x', 'a:b:c']) expect(() => parseSnapshot(text)).toThrow(RangeError);
});
