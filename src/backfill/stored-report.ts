import type { StoredBackfill } from './port.ts';
import type { BackfillReport } from '../backfills.ts';

/** A backfill as the state schema has it, of which no daemon says how fast it is. */
export function storedReport(stored: StoredBackfill): BackfillReport {
  const { id, hook, table, state, reason, where, columns, rate, rowsDone, rowsSent, rowsEstimated, origin } = stored;
  return {
    id,
    hook,
    table,
    state,
    reason,
    where,
    columns,
    rate,
    rows_done: rowsDone,
    rows_sent: rowsSent,
    rows_estimated: rowsEstimated === null ? null : Math.max(rowsDone, rowsEstimated),
    rows_per_second: null,
    seconds_left: null,
    requested_at: stored.requestedAt.toISOString(),
    started_at: stored.startedAt?.toISOString() ?? null,
    ended_at: stored.endedAt?.toISOString() ?? null,
    origin,
  };
}
