import { EXIT, WalhookError } from '../errors.ts';
import { reactionTo, safeMessage, sqlState } from '../reaction.ts';

/** Runs a query on the state database; what it throws becomes an error for an operator, without row values. */
export async function guarded<T>(what: string, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw storeError(what, error);
  }
}

/** @param what what was being done, as in `park 500 deliveries`. */
export function storeError(what: string, error: unknown): WalhookError {
  if (error instanceof WalhookError) return error;
  const reaction = reactionTo(error);
  const state = sqlState(error);
  const denied = state === '42501';
  return new WalhookError(`state database: could not ${what}: ${safeMessage(error)}`, {
    code: reaction === 'retry' ? 'state_unavailable' : denied ? 'state_permission' : 'state_failed',
    reaction,
    exit: reaction === 'retry' ? EXIT.unavailable : denied ? EXIT.notPermitted : EXIT.failure,
    ...(state === '42P01' || state === '3F000' ? { hint: 'walhook setup' } : {}),
  });
}
