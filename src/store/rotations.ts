import { sql } from 'kysely';
import type { RotationStore, StoredRotation } from '../rotations.ts';
import type { StateDatabase } from './database.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

export function rotationStore(state: StateDatabase, owner: Ownership): RotationStore {
  return {
    list: () => guarded('read the rotations of secrets', () => list(state)),
    save: (rotation) => guarded(`store the new secret of endpoint ${rotation.endpoint}`, () => save(owner, rotation)),
    remove: (rotation) => guarded(`forget the new secret of endpoint ${rotation.endpoint}`, () => remove(owner, rotation)),
  };
}

async function list(state: StateDatabase): Promise<StoredRotation[]> {
  const { rows } = await sql<StoredRotation>`
    select endpoint, sealed, fingerprint, began_at as "beganAt", ends_at as "endsAt" from ${sql.id(state.schema, 'rotation')} order by endpoint`.execute(state.db);
  return rows;
}

async function save(owner: Ownership, { endpoint, sealed, fingerprint, grace }: Parameters<RotationStore['save']>[0]): Promise<StoredRotation> {
  const [row] = await owner.write(
    sql`
      rotated as (
        insert into ${owner.table('rotation')} as rotation (endpoint, sealed, fingerprint, began_at, ends_at)
        select ${endpoint}, ${sealed}::bytea, ${fingerprint}::bytea, now(), now() + ${grace}::float8 * interval '1 millisecond' where ${OWNED}
        on conflict (endpoint) do update set sealed = excluded.sealed, fingerprint = excluded.fingerprint, began_at = excluded.began_at, ends_at = excluded.ends_at
        returning began_at, ends_at
      )`,
    sql<{ beganAt: Date; endsAt: Date }>`select began_at as "beganAt", ends_at as "endsAt" from rotated`,
  );
  if (row === undefined) throw new Error('an insert gives its row');
  return { endpoint, sealed, fingerprint, ...row };
}

async function remove(owner: Ownership, { endpoint, fingerprint }: Parameters<RotationStore['remove']>[0]): Promise<void> {
  await owner.write(sql`ended as (delete from ${owner.table('rotation')} where endpoint = ${endpoint} and fingerprint = ${fingerprint}::bytea and ${OWNED})`);
}
