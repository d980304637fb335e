import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualTime } from '../support/virtual-time.ts';
import { OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

const PARTITIONS = 4;
const EACH = 400;

/**
 * A worker reads a topic's partitions, which have no common order: what comes may belong before what was read back
 * already, and must not be passed by.
 */
test('deliveries that come in no common order are all read back from the store, and those of a lane in theirs', async () => {
  const rig = new Rig({ concurrency: 2, rate: 2_000 });
  rig.queue.startDraining();
  void rig.queue.pause('until much is stored');
  let storing = 0;
  for (let nth = 0; nth < EACH; nth++) {
    // One partition is far ahead of the others; each has lanes of its own.
    for (let partition = PARTITIONS - 1; partition >= 0; partition--) {
      rig.offer(`${partition}/${nth}`, partition, { sequence: { commitLsn: BigInt(1_000_000 * (partition + 1) + nth), ordinal: 1, nth: 0 } });
    }
    if (nth === EACH / 2) void rig.queue.resume();
    if (nth > EACH / 2) await time.run(2);
    if (nth > EACH / 2 && rig.queue.state.mode === 'storing') storing++;
  }
  expect(storing, 'it still goes through the store when more comes').toBeGreaterThan(5);
  await time.until(() => rig.delivered.length >= PARTITIONS * EACH && rig.parked.length === 0, 60_000);
  expect(rig.parked).toEqual([]);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const ofLane = rig.delivered.filter((id) => id.startsWith(`${partition}/`));
    expect(ofLane).toEqual(Array.from({ length: EACH }, (_, nth) => `${partition}/${nth}`));
  }
});
