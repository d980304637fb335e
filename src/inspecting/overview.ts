import { countOf, humanCount, humanDuration } from '../commands/units.ts';
import type { Overview } from '../inspection.ts';
import { alertsOf } from './alerts.ts';
import type { HealthFacts } from './health-facts.ts';

/** Is it well? If not, the worst of it in a sentence, and all of it with what to do. */
export function overviewOf(facts: HealthFacts): Overview {
  const alerts = alertsOf(facts);
  const [worst] = alerts;
  return { health: worst === undefined ? { level: 'ok', sentence: wellSentence(facts) } : { level: worst.level, sentence: worst.message }, alerts };
}

/** `All well: 3 endpoints, 42 events a minute, 180 ms behind.` */
function wellSentence({ endpoints, perMinute, engine, status: { behind } }: HealthFacts): string {
  const workers = engine?.fleet?.workers.filter(({ worker }) => worker !== null).length ?? null;
  const parts = [
    countOf(endpoints.length, 'endpoint', 'endpoints'),
    ...(workers === null ? [] : [countOf(workers, 'worker', 'workers')]),
    // What arrives is not seen where nothing is sent.
    ...(perMinute === null || engine?.role === 'tail' ? [] : [`${humanCount(perMinute)} ${perMinute === 1 ? 'event' : 'events'} a minute`]),
    ...(behind === null ? [] : [`${humanDuration(behind)} behind`]),
  ];
  return `All well: ${parts.join(', ')}.`;
}
