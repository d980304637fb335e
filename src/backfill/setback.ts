import { WalhookError } from '../errors.ts';
import { reactionTo, safeMessage, sqlState } from '../reaction.ts';
import type { StoredBackfill } from './port.ts';

/** True if a backfill that came to an error may go on later. A condition that would write never can. */
export function passes(error: unknown, { where }: Pick<StoredBackfill, 'where'>): boolean {
  if (error instanceof WalhookError) return error.reaction === 'retry';
  if (where !== null && sqlState(error) === '25006' && /in a read-only transaction/.test(String(error))) return false;
  return reactionTo(error) === 'retry' || (error instanceof Error && sqlState(error) === null);
}

/** What is told of the error. Postgres' message about a value would tell it. */
export function reasonOf(error: unknown, { where }: Pick<StoredBackfill, 'where'>): string {
  const isAboutValue = where !== null && sqlState(error)?.startsWith('22') === true;
  return isAboutValue ? `the condition fails on a row: ${safeMessage(error)}` : safeMessage(error);
}
