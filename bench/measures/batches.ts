import { WALHOOK } from '../database.ts';
import { drain } from '../drain.ts';
import { againstStream } from '../limits/stream.ts';
import type { Measure } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { ratio, spread } from '../statistics.ts';
import { endpoint, isSupported } from '../walhook-config.ts';

/** A hundred events a request, as many connections as is the default. */
export const batches: Measure = {
  name: 'batches',
  title: 'batches of 100',
  async run(suite) {
    const { rows } = suite.options;
    const backlog = await profilesBacklog(suite, 'batches', rows);
    const { database } = backlog;
    const receiver = await suite.receiver();
    const endpoints = { bench: endpoint(receiver.port, { batch: { size: 100, linger: '50ms' } }) };
    const config = await profilesConfig(database, receiver.port, { endpoints });
    if (!isSupported(config)) {
      return {
        figures: [{ name: 'batches.ratio', what: 'rows delivered ÷ L1', unit: 'ratio', value: null, bar: { atLeast: 0.85 } }],
        notes: ['`batch` is not supported by this build.'],
      };
    }
    const { ours, limit } = await againstStream(suite, backlog, () => drain(suite, { database, receiver, config, what: 'rows', until: rows, ahead: async () => Math.ceil(rows * (await database.sentOf(WALHOOK, backlog.end))) }));
    const rates = ours.map(({ perSecond }) => perSecond);
    return {
      figures: [
        { name: 'batches.ratio', what: 'rows delivered ÷ L1', unit: 'ratio', value: ratio(rates, limit.rates), bar: { atLeast: 0.85 } },
        { name: 'batches.rate', what: 'rows delivered', unit: '/s', value: spread(rates) },
        { name: 'batches.limit', what: 'L1, rows', unit: '/s', value: spread(limit.rates) },
        { name: 'batches.cpu', what: "walhook's CPU a row", unit: 'µs', value: spread(ours.map(({ cpu }) => cpu)) },
      ],
      notes: [
        // A reader that is slow at first finds much of the stream in its buffers later.
        'Rows that waited in buffers when walhook was warm are not counted.',
        `The receiver used at most ${Math.round(Math.max(...ours.map(({ receiverShare }) => receiverShare)) * 100)} % of a core.`,
        limit.note,
      ],
    };
  },
};
