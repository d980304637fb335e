import { performance } from 'node:perf_hooks';
import type { ProcessFacts } from './metric-facts.ts';

/** Asked for at each scrape, and costs nothing in between. */
export function processFacts(): ProcessFacts {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { rss, heapUsed, cpu: (user + system) / 1e6, active: performance.eventLoopUtilization().active / 1_000, startedAt: Math.round(performance.timeOrigin) / 1_000 };
}
