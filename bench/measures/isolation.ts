import { freePort } from '../../test/support/free-port.ts';
import { beatsDatabase } from '../load/beats.ts';
import { steadily, warm } from '../load/steadily.ts';
import type { Measure } from '../measure.ts';
import { inTurn } from '../rounds.ts';
import { percentile, ratio, spread } from '../statistics.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

const HEALTHY = 8;
/** Rows, each of which goes to all endpoints. */
const PER_SECOND = 150;

/** What the healthy endpoints feel of a dead one and of one that hangs. */
export const isolation: Measure = {
  name: 'isolation',
  title: "10 endpoints, one dead, one hanging: healthy ones' p99",
  async run(suite) {
    const { rounds, seconds } = suite.options;
    const rows = PER_SECOND * seconds;
    const database = await beatsDatabase(suite, 'isolation');
    const receiver = await suite.receiver();
    const healthy = Object.fromEntries(Array.from({ length: HEALTHY }, (_, n) => [`healthy-${n}`, endpoint(receiver.port)]));
    const sick = { dead: endpoint(await freePort()), hanging: endpoint(receiver.hangingPort, { timeout: '2s' }) };
    const p99 = async (endpoints: Readonly<Record<string, object>>): Promise<number> => {
      const config = await walhookConfig({ database, endpoints, hooks: [{ name: 'bench', table: 'beats', events: ['insert'], to: Object.keys(endpoints) }] });
      const latencies = await steadily(suite, { config, database, receiver, rows, perSecond: PER_SECOND, requestsPerRow: HEALTHY });
      return percentile(warm(latencies), 0.99);
    };
    const { together, alone } = await inTurn(rounds, { together: () => p99({ ...healthy, ...sick }), alone: () => p99(healthy) });
    return {
      figures: [
        { name: 'isolation.ratio', what: 'p99 with the two ÷ without them', unit: 'ratio', value: ratio(together, alone), bar: { atMost: 1.3 }, tolerance: 0.3 },
        { name: 'isolation.together', what: 'commit → received at the healthy ones, p99, with the two', unit: 'ms', value: spread(together) },
        { name: 'isolation.alone', what: 'p99 without them', unit: 'ms', value: spread(alone) },
      ],
      notes: [`${PER_SECOND} rows a second, each to all endpoints. The dead one refuses connections; the hanging one takes requests and never answers, with a timeout of 2 s.`],
    };
  },
};
