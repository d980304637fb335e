import { sql } from 'kysely';
import { type BulkAction, inChunks } from './bulk.ts';
import type { StateDatabase } from './database.ts';
import { DEAD_COLUMNS } from './delivery-columns.ts';
import type { Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-delivery.ts';
import { touching } from './touch.ts';

export function replayDeadLetters(state: StateDatabase, owner: Ownership, action: BulkAction): Promise<CountByEndpoint> {
  const { filter } = action;
  return inChunks(
    { state, owner },
    { ...action, filter: { ...filter, fate: 'dead' } },
    (chosen) => sql`
      done as (
        delete from ${owner.table('dead')} where ${chosen}
        returning ${WITHOUT_ATTEMPTS}, 0 as attempts, committed_at
      ), parked_again as (
        insert into ${owner.table('parked')} (${DEAD_COLUMNS}, due_at, committed_at)
        select ${DEAD_COLUMNS}, statement_timestamp(), committed_at from done
        on conflict do nothing
      ), ${touching(owner, 'done')}`,
  );
}

const WITHOUT_ATTEMPTS = sql.raw('key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, trace, method, path, content_type, headers, body');
