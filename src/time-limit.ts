import { Script } from 'node:vm';
import { codeOf } from './reaction.ts';
import { WalhookError } from './errors.ts';

const CALL = new Script('work()');

/**
 * Runs work that is done at once, for so many milliseconds at most: an expression of a few lines can go over lists within lists for
 * hours, and nothing else is done meanwhile. For what people try out; it costs a millisecond.
 *
 * @throws WalhookError `expression` when the time is over; what `work` throws
 */
export function withinTime<T>(ms: number, work: () => T): T {
  let result: { readonly value: T } | null = null;
  try {
    CALL.runInNewContext({ work: () => void (result = { value: work() }) }, { timeout: ms });
  } catch (error) {
    if (codeOf(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new WalhookError(`its expressions take longer than ${ms} ms for one row: they are not evaluated to the end`, { code: 'expression' });
  }
  return taken(result);
}

function taken<T>(result: { readonly value: T } | null): T {
  if (result === null) throw new Error('work that has ended has a result');
  return result.value;
}
