import { sql } from 'kysely';
import type { Claim, ClaimStore } from '../queue/port.ts';
import { doubleArray, textArray } from './binary-array.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

export function claimStore(owner: Ownership): ClaimStore {
  return {
    claim: (batch) => guarded(`claim ${batch.length} rows`, () => claim(owner, batch)),
    prune: () => guarded('prune claims', () => prune(owner)),
  };
}

async function claim(owner: Ownership, batch: readonly Claim[]): Promise<boolean[]> {
  if (batch.length === 0) return [];
  const texts = (value: (one: Claim) => string) => sql`${textArray(batch.map(value))}::text[]`;
  const times = (value: (one: Claim) => number) => sql`${doubleArray(batch.map(value))}::double precision[]`;
  const [result] = await owner.write(
    sql`
      input as materialized (
        select * from unnest(${texts((one) => one.hook)}, ${texts((one) => one.endpoint)}, ${texts((one) => one.row)}, ${texts((one) => one.id)},
            ${times((one) => one.committedAt)}, ${times((one) => one.until)}) with ordinality as input (hook, endpoint, row_hash, id, committed_ms, until_ms, place)
      ), claimed as (
        insert into ${owner.table('claim')} as claim (hook, endpoint, row_hash, id, committed_at, until, claimed_at)
        select hook, endpoint, row_hash, id, to_timestamp(committed_ms / 1000), to_timestamp(until_ms / 1000), statement_timestamp() from input
        where ${OWNED} and (
          exists (select from ${owner.table('claim')} as own where (own.hook, own.endpoint, own.row_hash, own.id) = (input.hook, input.endpoint, input.row_hash, input.id))
          or not exists (
            select from ${owner.table('claim')} as other where (other.hook, other.endpoint, other.row_hash) = (input.hook, input.endpoint, input.row_hash)
              and other.until > to_timestamp(committed_ms / 1000) and other.committed_at < to_timestamp(until_ms / 1000)
          )
        )
        on conflict (hook, endpoint, row_hash, id) do update set claimed_at = excluded.claimed_at
        returning hook, endpoint, row_hash
      )`,
    sql<{ granted: string[] | null }>`select array_agg(place::text) as granted from claimed join input using (hook, endpoint, row_hash)`,
  );
  const granted = new Set(result?.granted ?? []);
  return batch.map((_, i) => granted.has(String(i + 1)));
}

/** Not before a day has gone by: what was committed within a cooldown may be read late. Nor while its delivery is parked: it is let through again. */
async function prune(owner: Ownership): Promise<void> {
  await owner.write(sql`
    pruned as (
      delete from ${owner.table('claim')} as claim
      where until < statement_timestamp() - interval '1 day' and claimed_at < statement_timestamp() - interval '1 day' and ${OWNED}
        and not exists (select from ${owner.table('parked')} as parked where parked.key = claim.id || ' ' || claim.endpoint)
    )`);
}
