import { sql } from 'kysely';
import { type BulkAction, inChunks } from './bulk.ts';
import type { StateDatabase } from './database.ts';
import type { Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-delivery.ts';
import { touching } from './touch.ts';

export function discardDeliveries(state: StateDatabase, owner: Ownership, action: BulkAction): Promise<CountByEndpoint> {
  return inChunks({ state, owner }, action, (chosen) => sql`
    done as (delete from ${owner.table(action.filter.fate)} where ${chosen} returning endpoint)${action.filter.fate === 'parked' ? sql`, ${touching(owner, 'done')}` : sql``}`);
}
