import { type RawBuilder, sql } from 'kysely';
import type { StoredPosition } from '../position.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';
import { touching } from './touch.ts';

/** What `walhook resync` does to the state of a slot. Each is `fenced` unless the slot has been taken over. */
export interface Resync {
  /** Puts the slot's checkpoint where it is told, forwards or backwards, on any cluster and timeline. The daemon's own never goes back. */
  replaceCheckpoint(position: StoredPosition): Promise<void>;
  /** The slot has no checkpoint any more: the next start begins where the slot stands. */
  forgetCheckpoint(): Promise<void>;
  /**
   * Gives all parked and dead deliveries new commit LSNs that keep their order and are below any that a server gives out
   * (0/1, 0/2, …): for a stream that begins anew on another cluster or timeline, whose LSNs cannot be compared with
   * theirs. Ids, ordinals and bodies stay. To be done before the checkpoint is replaced; may be repeated. Gives how
   * many rows it has changed.
   */
  renumberParked(): Promise<number>;
}

export function resyncOf(owner: Ownership): Resync {
  return {
    replaceCheckpoint: (position) => guarded('replace the checkpoint', () => saveCheckpoint(owner, position, sql``)),
    forgetCheckpoint: () => guarded('forget the checkpoint', () => forgetCheckpoint(owner)),
    renumberParked: () => guarded('renumber parked deliveries', () => renumberParked(owner)),
  };
}

async function forgetCheckpoint(owner: Ownership): Promise<void> {
  await owner.write(sql`forgotten as (delete from ${owner.table('checkpoint')} where slot = ${owner.slot} and ${OWNED})`);
}

/** One order for both tables: a dead letter may be parked again. */
async function renumberParked(owner: Ownership): Promise<number> {
  const renumber = (fate: 'parked' | 'dead'): RawBuilder<unknown> => sql`
    update ${owner.table(fate)} as stored set commit_lsn = ranks.now from ranks
    where stored.endpoint = ranks.endpoint and stored.commit_lsn = ranks.commit_lsn and stored.commit_lsn <> ranks.now and ${OWNED}
    returning stored.endpoint`;
  const [row] = await owner.write(
    sql`
      ranks as materialized (
        select endpoint, commit_lsn, '0/0'::pg_lsn + dense_rank() over (partition by endpoint order by commit_lsn) as now from (
          select endpoint, commit_lsn from ${owner.table('parked')} union select endpoint, commit_lsn from ${owner.table('dead')}
        ) as stored
        -- what a schedule has sent never had one
        where commit_lsn > '0/0'
      ), parked_anew as (${renumber('parked')}), dead_anew as (${renumber('dead')}), ${touching(owner, 'parked_anew')}`,
    sql<{ count: number }>`select ((select count(*) from parked_anew) + (select count(*) from dead_anew))::integer as count`,
  );
  // Nor can the places of matches be compared; what is due is sent all the same.
  await owner.write(sql`
    forgotten as (delete from ${owner.table('held')} where due_at is null and ${OWNED}),
    kept as (update ${owner.table('held')} set commit_lsn = '0/0', ordinal = 0 where due_at is not null and commit_lsn > '0/0' and ${OWNED})`);
  return row?.count ?? 0;
}
