import { bulkAction } from './bulk-action.ts';
import type { Verb } from './command.ts';

/** `walhook discard`: dead letters, or parked deliveries, are forgotten. */
export const discard: Verb = (invocation) => bulkAction('discard', invocation);
