import type { AttemptReport, Traffic } from '../traffic.ts';

/** The same without secrets: an endpoint may repeat in its answer what it got. */
export function concealedTraffic(traffic: Traffic, conceal: (text: string) => string): Traffic {
  const hidden = <Attempt extends AttemptReport>(attempt: Attempt): Attempt => (attempt.response === null ? attempt : { ...attempt, response: conceal(attempt.response) });
  return {
    changes: (query) => traffic.changes(query),
    change: (place) => traffic.change(place),
    attempts: async (id) => (await traffic.attempts(id)).map(hidden),
    watch: (filter, onEvent, signal) => traffic.watch(filter, (event) => onEvent(event.type === 'attempt' ? { ...event, attempt: hidden(event.attempt) } : event), signal),
    rates: () => traffic.rates(),
  };
}
