import { fileURLToPath } from 'node:url';
import { drain } from '../drain.ts';
import { historyCost } from '../history/cost.ts';
import type { Measure } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { once as onceOf, ratio, spread } from '../statistics.ts';

/** Short ones, for whatever else the machine does passes over them. */
const ROUNDS_FOR_EACH = 2;
const PROGRAM = fileURLToPath(new URL('../history/main.ts', import.meta.url));

/** What it costs to count what goes by, and to keep some of it. */
export const history: Measure = {
  name: 'history',
  title: 'one event a request, with what went by in memory, and with `history: 7d` in the state schema',
  async run(suite) {
    const rows = Math.ceil(suite.options.rows / 2);
    const { database } = await profilesBacklog(suite, 'history', rows);
    const receiver = (await suite.nginx()) ?? (await suite.receiver());
    const once = async (counting: 'counted' | 'uncounted', kept: object = {}) => drain(suite, { database, receiver, config: await profilesConfig(database, receiver.port, kept), until: rows, program: [PROGRAM, counting] });
    const { without, memory, stored } = await inTurn(suite.options.rounds * ROUNDS_FOR_EACH, {
      without: () => once('uncounted'),
      memory: () => once('counted'),
      stored: () => once('counted', { history: '7d' }),
    });
    const rates = [without, memory, stored].map((drained) => drained.map(({ perSecond }) => perSecond));
    const costs = [without, memory, stored].map((drained) => drained.map(({ cpu }) => cpu));
    const [bare = [], inMemory = [], inSchema = []] = rates;
    const cost = historyCost();
    return {
      figures: [
        { name: 'history.memory_ratio', what: 'deliveries with what went by in memory ÷ without', unit: 'ratio', value: ratio(inMemory, bare), bar: { atLeast: 0.95 } },
        { name: 'history.stored_ratio', what: 'deliveries with `history: 7d` ÷ without', unit: 'ratio', value: ratio(inSchema, bare), bar: { atLeast: 0.95 } },
        ...['without', 'in memory', 'with `history: 7d`'].map((what, place) => ({ name: `history.cpu_${place}`, what: `walhook's CPU a delivery, ${what}`, unit: 'µs' as const, value: spread(costs[place] ?? []) })),
        { name: 'history.attempt', what: 'an attempt that is counted', unit: 'µs', value: onceOf(cost.counted) },
        { name: 'history.kept_attempt', what: 'an attempt that is counted and kept', unit: 'µs', value: onceOf(cost.kept) },
        { name: 'history.change', what: 'a change that is passed over', unit: 'µs', value: onceOf(cost.change) },
        { name: 'history.kept_change', what: 'a change that is kept', unit: 'µs', value: onceOf(cost.keptChange) },
      ],
      notes: ['At most 1,000 attempts and 200 changes a second are kept, and more at once after a quiet time; all are counted.', 'All three are run by bench/history/main.ts, unbuilt: what is built always counts.'],
    };
  },
};
