import type { Delivery } from '../api/shapes.ts';
import { counted, duration } from './units.ts';

/** One line for somebody who asks "did they get it?". */
export function whatHappened({ state, endpoint, attempts, failure, status, message, duration_ms: ms }: Pick<Delivery, 'state' | 'endpoint' | 'attempts' | 'failure' | 'status' | 'message' | 'duration_ms'>): string {
  const cause = status === null ? (message ?? failure ?? 'no attempt was made') : `it answered ${status}`;
  switch (state) {
    case 'delivered':
      return `${endpoint} got it${attempts > 1 ? ` at the ${ordinal(attempts)} attempt` : ' at once'}${ms === null ? '' : `, in ${duration(ms)}`}.`;
    case 'parked':
      return attempts === 0 ? `${endpoint} does not have it yet: it waits, and nothing was tried.` : `${endpoint} does not have it yet: ${counted(attempts, 'attempt')} failed, the last since ${cause}. It will be tried again.`;
    case 'dead':
      return attempts === 0 ? `${endpoint} never got it: ${message ?? 'no request could be made'}. It stays here until it is sent again or discarded.` : `${endpoint} never got it: ${counted(attempts, 'attempt')} failed, the last since ${cause}. It stays here until it is sent again or discarded.`;
  }
}

function ordinal(value: number): string {
  const tens = value % 100;
  if (tens >= 11 && tens <= 13) return `${value}th`;
  return `${value}${['th', 'st', 'nd', 'rd'][value % 10] ?? 'th'}`;
}
