import { WalhookError } from '../errors.ts';

/** Why nothing can be made of a record. Names are in it, values are not. */
export function unreadableRecord(why: string, hint?: string): WalhookError {
  return new WalhookError(why, { code: UNREADABLE_RECORD, ...(hint === undefined ? {} : { hint }) });
}

export const UNREADABLE_RECORD = 'unreadable_record';
