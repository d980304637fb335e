import { expect, test } from 'vitest';
import type { Notice } from '../../src/notice.ts';
import { LagWatch } from '../../src/observe/lag-watch.ts';

test('it tells once when reading lags, and once when it has clearly caught up', () => {
  const told: Notice[] = [];
  let behind = 0;
  const watch = new LagWatch({ behind: () => behind, most: 60_000, onNotice: (notice) => told.push(notice) });
  for (const ms of [0, 60_000, 61_000, 500_000, 59_000, 30_000, 29_000, 0, 62_400]) {
    behind = ms;
    watch.look();
  }
  expect(told).toEqual([{ type: 'lag', seconds: 61 }, { type: 'lag.over' }, { type: 'lag', seconds: 62 }]);
});
