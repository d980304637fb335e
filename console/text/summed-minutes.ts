import type { EndpointReport } from '../../src/inspection.ts';
import type { EndpointRates } from '../../src/traffic.ts';

/** The minutes of all endpoints together, the last one last. */
export function summedMinutes(endpoints: readonly Pick<EndpointReport, 'traffic'>[]): EndpointRates['minutes'] {
  const all = endpoints.flatMap(({ traffic }) => (traffic === null ? [] : [traffic.minutes]));
  const length = Math.max(0, ...all.map((minutes) => minutes.length));
  return Array.from({ length }, (_, i) => {
    const here = all.map((minutes) => minutes[i - length + minutes.length]);
    return {
      delivered: here.reduce((sum, minute) => sum + (minute?.delivered ?? 0), 0),
      failed: here.reduce((sum, minute) => sum + (minute?.failed ?? 0), 0),
    };
  });
}
