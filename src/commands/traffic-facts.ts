import type { History } from '../history/history.ts';
import type { TrafficFacts } from '../observe/metric-facts.ts';

/** What `/metrics` tells of what goes by. */
export function trafficFacts(history: History): TrafficFacts {
  const { endpoints, hooks, tables } = history.tallies;
  return {
    tables: [...tables.values()],
    hooks: [...hooks.values()],
    endpoints: [...endpoints.values()].map(({ name, outcomes, duration, behind }) => ({ name, outcomes, duration: toDistribution(duration), behind: toDistribution(behind) })),
    passedOver: history.attemptsPassedOver,
    lost: history.lost(),
  };
}

function toDistribution(times: { readonly count: number; readonly sum: number; below(ms: number): number }): TrafficFacts['endpoints'][number]['duration'] {
  return { count: times.count, sum: times.sum, below: (ms) => times.below(ms) };
}
