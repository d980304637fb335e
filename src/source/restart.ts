import { WalhookError } from '../errors.ts';

/** Codes of errors after which nothing is lost, but this run cannot go on: a new start takes up what is stored, or stands by. */
export const RESTART = {
  /** Another daemon has read the slot on. */
  slotTaken: 'slot_taken',
  /** A standby has taken the server's place. */
  timelineChanged: 'timeline_changed',
} as const;

const CODES: ReadonlySet<string> = new Set(Object.values(RESTART));

/** True if the daemon is to begin anew, in the same process, instead of ending. */
export function asksForRestart(error: unknown): boolean {
  return error instanceof WalhookError && CODES.has(error.code);
}
