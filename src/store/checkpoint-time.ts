import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

/** When the slot's checkpoint was stored last, or null if there is none yet. */
export function checkpointTime(state: StateDatabase, slot: string): Promise<Date | null> {
  return guarded(`read the checkpoint of slot ${JSON.stringify(slot)}`, async () => {
    const row = await state.db.selectFrom('checkpoint').select('updated_at').where('slot', '=', slot).executeTakeFirst();
    return row?.updated_at ?? null;
  });
}
