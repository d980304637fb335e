import { WalhookError } from '../errors.ts';

/** Runs what a command shares with the API: an error that speaks of the command's options speaks of the request's fields, with code `bad_request`. */
export function asAsked<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw reworded(error);
  }
}

/** The same for work that takes its time. */
export async function asAskedLater<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw reworded(error);
  }
}

function reworded(error: unknown): unknown {
  if (!(error instanceof WalhookError) || error.code !== 'usage') return error;
  return new WalhookError(error.message.replaceAll(/--(\w+)/g, '`$1`'), { code: 'bad_request', cause: error });
}
