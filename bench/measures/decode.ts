import { buildEvents } from '../events/build-events.ts';
import { againstStream } from '../limits/stream.ts';
import type { Measure } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { ratio, spread } from '../statistics.ts';

/** Reads a backlog up to the bodies, which are thrown away. */
export const decode: Measure = {
  name: 'decode',
  title: 'decode and build events, no delivery',
  async run(suite) {
    const { rows } = suite.options;
    const backlog = await profilesBacklog(suite, 'decode', rows);
    const { database } = backlog;
    const { data: config } = await profilesConfig(database, 9);
    const { ours, limit } = await againstStream(suite, backlog, () => buildEvents(suite, { database, rows, config }));
    const rates = ours.map(({ rowsPerSecond }) => rowsPerSecond);
    return {
      figures: [
        { name: 'decode.ratio', what: 'events built ÷ L1', unit: 'ratio', value: ratio(rates, limit.rates), bar: { atLeast: 0.95 } },
        { name: 'decode.rate', what: 'rows built into events', unit: '/s', value: spread(rates) },
        { name: 'decode.limit', what: 'L1, rows', unit: '/s', value: spread(limit.rates) },
        { name: 'decode.cpu', what: 'CPU a row, reading included', unit: 'µs', value: spread(ours.map(({ cpu }) => cpu)) },
      ],
      notes: [limit.note],
    };
  },
};
