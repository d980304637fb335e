import { sql } from 'kysely';
import type { CheckpointStore } from '../checkpoint/port.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import type { Position, StoredPosition, StreamIdentity } from '../position.ts';
import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

/** The slot's stored checkpoint, or null if there is none yet. */
export function loadCheckpoint(state: StateDatabase, slot: string): Promise<StoredPosition | null> {
  return guarded(`read the checkpoint of slot ${JSON.stringify(slot)}`, async () => {
    const row = await state.db.selectFrom('checkpoint').selectAll().where('slot', '=', slot).executeTakeFirst();
    if (row === undefined) return null;
    const within =
      row.within_commit_lsn === null
        ? null
        : { commitLsn: parseLsn(row.within_commit_lsn), ordinal: Number(row.within_ordinal) };
    return {
      position: { lsn: parseLsn(row.lsn), within },
      systemId: row.system_id,
      timeline: row.timeline,
      publication: row.publication,
    };
  });
}

/** Keeps the position of one slot. */
export function checkpointStore(state: StateDatabase, slot: string, stream: StreamIdentity): CheckpointStore {
  return { save: (position) => guarded(`store the checkpoint of slot ${JSON.stringify(slot)}`, () => save(position)) };

  async function save(position: Position): Promise<void> {
    const row = {
      system_id: stream.systemId,
      timeline: stream.timeline,
      publication: stream.publication,
      lsn: formatLsn(position.lsn),
      within_commit_lsn: position.within === null ? null : formatLsn(position.within.commitLsn),
      within_ordinal: position.within === null ? null : String(position.within.ordinal),
      updated_at: sql<Date>`clock_timestamp()`,
    };
    await state.db
      .insertInto('checkpoint')
      .values({ slot, ...row })
      .onConflict((conflict) =>
        // Never backwards: a daemon that was stopped (SIGSTOP) while another took over may still save what it knew.
        conflict.column('slot').doUpdateSet(row).where(
          sql<boolean>`(excluded.system_id, excluded.timeline) is distinct from (checkpoint.system_id, checkpoint.timeline)
            or (excluded.lsn, coalesce(excluded.within_commit_lsn, '0/0'), coalesce(excluded.within_ordinal, 0))
            >= (checkpoint.lsn, coalesce(checkpoint.within_commit_lsn, '0/0'), coalesce(checkpoint.within_ordinal, 0))`,
        ),
      )
      .execute();
  }
}
