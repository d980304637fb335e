import { expect, test } from 'vitest';
import { newBackfillId } from '../../src/backfill/backfill-id.ts';

test('an id tells when it was asked for, and has no dot', () => {
  const ids = Array.from({ length: 100 }, () => newBackfillId(new Date('2026-11-21T19:30:00.123Z')));
  expect(ids.every((id) => /^bf_20261121T193000_[0-9a-z]{6}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(100);
});
