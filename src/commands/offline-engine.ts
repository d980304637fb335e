import { type ParkingStore, WELL } from '../queue/port.ts';
import type { Engine } from './stored-operations.ts';

/** Changes what the next daemon starts from. The process must have taken the slot over. */
export function offlineEngine(parking: ParkingStore): Engine {
  return {
    // It reads everything when it starts.
    refresh: () => Promise.resolve(),
    pause: async (endpoint, reason) => parking.remember(endpoint, { ...(await parking.condition(endpoint)), state: 'paused', reason }),
    // As a running daemon does it: whatever was wrong before is forgotten.
    resume: (endpoint) => parking.remember(endpoint, WELL),
  };
}
