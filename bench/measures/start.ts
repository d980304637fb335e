import { spawnSync } from 'node:child_process';
import { WALHOOK } from '../database.ts';
import type { Measure } from '../measure.ts';
import { profilesConfig, profilesDatabase } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { spread } from '../statistics.ts';

/** A start is short: so many times the rounds of the rest. */
const TIMES = 3;

/** From the start of the process until /readyz says that it streams; slot and state are there from a run before. */
export const start: Measure = {
  name: 'start',
  title: 'cold start to streaming',
  async run(suite) {
    const database = await profilesDatabase(suite, 'start');
    await database.beginSlot(WALHOOK);
    const { data, port } = await profilesConfig(database, 9);
    const begin = (isCached: boolean) => async (): Promise<number> => {
      const walhook = suite.walhook({ config: data, port, isCached });
      const ms = await walhook.ready();
      await walhook.stop();
      await database.released(WALHOOK);
      return ms;
    };
    await begin(true)(); // makes the state schema, and leaves what V8 made of the code
    const { walhook, uncached, bare } = await inTurn(TIMES * suite.options.rounds, { walhook: begin(true), uncached: begin(false), bare: async () => bareNode() });
    return {
      figures: [
        { name: 'start.ms', what: 'cold start to streaming', unit: 'ms', value: spread(walhook), bar: { atMost: 700 } },
        { name: 'start.uncached', what: 'without what V8 made of the code before (NODE_COMPILE_CACHE), which the image and the unit keep', unit: 'ms', value: spread(uncached) },
        { name: 'start.node', what: 'of which a Node that does nothing', unit: 'ms', value: spread(bare) },
      ],
    };
  },
};

function bareNode(): number {
  const began = performance.now();
  spawnSync(process.execPath, ['--eval', '0']);
  return performance.now() - began;
}
