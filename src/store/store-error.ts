import { EXIT, type Reaction, WalhookError } from '../errors.ts';
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
  const denied = state === PERMISSION_DENIED;
  return new WalhookError(`state database: could not ${what}: ${safeMessage(error)}`, {
    code: codeFor(reaction, state),
    reaction,
    exit: reaction === 'retry' ? EXIT.unavailable : denied ? EXIT.notPermitted : EXIT.failure,
    ...(state === '42P01' || state === '3F000' ? { hint: 'walhook setup' } : {}),
  });
}

const PERMISSION_DENIED = '42501';

/** `state_refused`: a value, or what a row comes to, is not taken (classes 22, 23 and 54); it will not be the next time either. */
function codeFor(reaction: Reaction, state: string | null): string {
  if (reaction === 'retry') return 'state_unavailable';
  if (state === PERMISSION_DENIED) return 'state_permission';
  return state !== null && /^(?:22|23|54)/.test(state) ? 'state_refused' : 'state_failed';
}
