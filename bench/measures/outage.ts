import { setTimeout as sleep } from 'node:timers/promises';
import { WALHOOK } from '../database.ts';
import type { Measure } from '../measure.ts';
import { MemoryWatch } from '../process/memory-watch.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { once } from '../statistics.ts';
import { endpoint } from '../walhook-config.ts';

const LOOK_EVERY_MS = 50;

/** The endpoint fails while a backlog is read, which is parked; then it is well, and all of it is sent. */
export const outage: Measure = {
  name: 'outage',
  title: 'an outage: deliveries parked, and sent when it is over',
  isExtra: true,
  async run(suite) {
    const { rows } = suite.options;
    const { database, end } = await profilesBacklog(suite, 'outage', rows);
    const receiver = await suite.receiver();
    receiver.answerWith(500);
    await database.rewind(WALHOOK);
    const endpoints = { bench: endpoint(receiver.port, { concurrency: 64, breaker: { failures: 10, open: '2s' } }) };
    const { data, port } = await profilesConfig(database, receiver.port, { endpoints });
    const walhook = suite.walhook({ config: data, port });
    await walhook.ready();
    const watch = new MemoryWatch(walhook.pid);
    const began = performance.now();
    while (!(await database.isSettled(end))) await Promise.race([sleep(LOOK_EVERY_MS), walhook.failed]);
    const parked = (rows * 1000) / (performance.now() - began);
    receiver.answerWith(204);
    // One that fails at this moment is counted besides, and sent again.
    const { ms } = await Promise.race([receiver.count({ what: 'requests', skip: 0, until: rows }).counted, walhook.failed]);
    const { peak } = watch.stop();
    await walhook.stop();
    return {
      figures: [
        { name: 'outage.parked', what: 'deliveries parked', unit: '/s', value: once(parked) },
        { name: 'outage.drained', what: 'parked deliveries sent', unit: '/s', value: once((rows * 1000) / ms) },
        { name: 'outage.memory', what: "walhook's memory, peak", unit: 'MB', value: once(peak) },
      ],
    };
  },
};
