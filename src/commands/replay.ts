import { bulkAction } from './bulk-action.ts';
import type { Verb } from './command.ts';

/** `walhook replay`: dead letters are sent again. */
export const replay: Verb = (invocation) => bulkAction('replay', invocation);
