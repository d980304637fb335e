import { type RawBuilder, sql } from 'kysely';
import type { CheckpointStore } from '../checkpoint/port.ts';
import { formatLsn, type Lsn, parseLsn } from '../lsn.ts';
import type { Position, StoredPosition, StreamIdentity } from '../position.ts';
import type { StateDatabase } from './database.ts';
import { OWNED, type Ownership } from './owner.ts';
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
      ...(row.published === null ? {} : { published: row.published }),
      ...(row.whole_lsn === null ? {} : { whole: parseLsn(row.whole_lsn) }),
    };
  });
}

/**
 * Keeps the position of the owner's slot.
 * @param whole up to where the publication is known to have left nothing out; null, and by default: not known.
 */
export function checkpointStore(owner: Ownership, stream: StreamIdentity, whole: () => Lsn | null = () => null): CheckpointStore<Position> {
  return {
    save: (position) =>
      guarded(`store the checkpoint of slot ${JSON.stringify(owner.slot)}`, () => {
        const at = whole();
        return saveCheckpoint(owner, { ...stream, ...(at === null ? {} : { whole: at }), position }, sql`where ${NOT_BACKWARDS}`);
      }),
  };
}

/** @param where of the update, if there is a checkpoint already. */
export async function saveCheckpoint(owner: Ownership, stored: StoredPosition, where: RawBuilder<unknown>): Promise<void> {
  const { lsn, within } = stored.position;
  const commitLsn = within === null ? null : formatLsn(within.commitLsn);
  await owner.write(sql`
    saved as (
      insert into ${owner.table('checkpoint')} as checkpoint (slot, system_id, timeline, publication, published, whole_lsn, lsn, within_commit_lsn, within_ordinal)
      select ${owner.slot}, ${stored.systemId}::bigint, ${stored.timeline}::integer, ${stored.publication}, ${stored.published ?? null}::text[],
        ${stored.whole === undefined ? null : formatLsn(stored.whole)}::pg_lsn, ${formatLsn(lsn)}::pg_lsn,
        ${commitLsn}::pg_lsn, ${within?.ordinal ?? null}::bigint
      where ${OWNED}
      on conflict (slot) do update set system_id = excluded.system_id, timeline = excluded.timeline, publication = excluded.publication,
        published = excluded.published, whole_lsn = excluded.whole_lsn, lsn = excluded.lsn, within_commit_lsn = excluded.within_commit_lsn, within_ordinal = excluded.within_ordinal, updated_at = excluded.updated_at
      ${where}
    )`);
}

/** A save that was repeated may arrive after a later one. */
const NOT_BACKWARDS = sql.raw(`
  (excluded.system_id, excluded.timeline) is distinct from (checkpoint.system_id, checkpoint.timeline)
  or (excluded.lsn, coalesce(excluded.within_commit_lsn, '0/0'), coalesce(excluded.within_ordinal, 0))
    >= (checkpoint.lsn, coalesce(checkpoint.within_commit_lsn, '0/0'), coalesce(checkpoint.within_ordinal, 0))`);
