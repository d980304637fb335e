import type { Acting } from './acting.ts';
import type { BackfillOperations } from './backfills.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { codeOf } from './reaction.ts';
import { asksForRestart } from './source/restart.ts';

/** What a process runs, whatever its role. */
export interface Running {
  /** Settles when it ends: resolves after `stop`, rejects with a WalhookError if it cannot go on. */
  readonly done: Promise<void>;
  status(): DaemonStatus;
  /** For people's operations; null unless it runs. */
  readonly acting: Acting | null;
  /** Null unless it runs, and reads the database. */
  readonly backfills: BackfillOperations | null;
  /** Drains, and ends. May be called twice. */
  stop(): Promise<void>;
}

/** True if what ended with this error has lost nothing: a new one goes on from what is stored, or stands by. */
export function beginsAnew(error: unknown): boolean {
  return asksForRestart(error) || codeOf(error) === 'fenced';
}
