import { sql } from 'kysely';
import type { EnginePlace, EnginePlaceStore } from '../engine-place.ts';
import type { StateDatabase } from './database.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

/** Of the owner's slot. */
export function enginePlaceStore(state: StateDatabase, owner: Ownership): EnginePlaceStore {
  return {
    load: () => enginePlace(state, owner.slot),
    save: (place) => guarded('store where the engine is', () => save(owner, place)),
    forget: () => guarded('forget where the engine was', () => forget(owner)),
  };
}

/** Where the slot's deliveries went last. @throws WalhookError if the state cannot be read */
export function enginePlace(state: StateDatabase, slot: string): Promise<EnginePlace | null> {
  return guarded('read where the engine is', async () => {
    const { rows: [row] } = await sql<EnginePlace>`select cluster, topic from ${sql.id(state.schema, 'engine')} where slot = ${slot}`.execute(state.db);
    return row ?? null;
  });
}

async function save(owner: Ownership, { cluster, topic }: EnginePlace): Promise<void> {
  await owner.write(sql`
    placed as (
      insert into ${owner.table('engine')} as engine (slot, cluster, topic) select ${owner.slot}, ${cluster}, ${topic} where ${OWNED}
      on conflict (slot) do update set cluster = excluded.cluster, topic = excluded.topic, since = now()
    )`);
}

async function forget(owner: Ownership): Promise<void> {
  await owner.write(sql`forgotten as (delete from ${owner.table('engine')} where slot = ${owner.slot} and ${OWNED})`);
}
