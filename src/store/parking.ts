import { type RawBuilder, sql } from 'kysely';
import type { Burial, FailedAttempt, Parking, ParkingStore, Settlement } from '../queue/port.ts';
import { textArray } from './binary-array.ts';
import type { StateDatabase } from './database.ts';
import { DEAD_COLUMNS, DELIVERY_COLUMNS, deliveryRows, deliveryKey, failureArrays } from './delivery-columns.ts';
import { renderedColumns } from './rendered-columns.ts';
import type { LaneParts } from './parked-index.ts';
import { parkedReading } from './parked-reading.ts';
import { condition, remember } from './condition.ts';
import { hold } from './held.ts';
import { OWNED, type Ownership } from './owner.ts';
import { partsReading } from './parts-reading.ts';
import { guarded } from './store-error.ts';

/**
 * Parked and dead deliveries in the state schema. Each method that writes is one statement, hence one transaction.
 *
 * @param parts only deliveries in their lanes are read, for others have the rest; null: all
 */
export function parkingStore(state: StateDatabase, owner: Ownership, parts: LaneParts | null = null): ParkingStore {
  const reading = parts === null ? parkedReading(state) : partsReading(state, parts);
  return {
    park: (batch) => guarded(`park ${batch.length} deliveries`, () => park(owner, batch)),
    bury: (batch) => guarded(`store ${batch.length} dead letters`, () => bury(owner, batch)),
    hold: (batch) => guarded(`hold ${batch.length} rows`, () => hold(owner, batch)),
    settle: (settlement) => guarded(`settle parked deliveries of ${settlement.endpoint}`, () => settle(owner, settlement)),
    page: (query) => guarded(`read parked deliveries of ${query.endpoint}`, () => reading.page(query)),
    lanes: (endpoint, limit) => guarded(`read parked lanes of ${endpoint}`, () => reading.lanes(endpoint, limit)),
    lastParked: (endpoint) => guarded(`read the last parked delivery of ${endpoint}`, () => reading.lastParked(endpoint)),
    condition: (endpoint) => guarded(`read the condition of ${endpoint}`, () => condition(state, endpoint)),
    remember: (endpoint, now, what = 'all') => guarded(`store the condition of ${endpoint}`, () => remember(owner, endpoint, { now, what })),
  };
}

async function park(owner: Ownership, batch: readonly Parking[]): Promise<void> {
  if (batch.length === 0) return;
  await owner.write(sql`
    stored as (
      insert into ${owner.table('parked')} (${DELIVERY_COLUMNS}, due_at, committed_at, failure, status, message, response)
      select ${DELIVERY_COLUMNS}, ${DUE_AT}, ${COMMITTED_AT}, failure, status, message, response
      from (${deliveryRows(batch, owner.cipher)}) as input
      where ${OWNED}
      on conflict do nothing
    )`);
}

async function bury(owner: Ownership, batch: readonly Burial[]): Promise<void> {
  if (batch.length === 0) return;
  await owner.write(sql`
    stored as (
      insert into ${owner.table('dead')} (${DEAD_COLUMNS}, committed_at, failure, status, message, response)
      select ${DEAD_COLUMNS}, ${COMMITTED_AT}, failure, status, message, response
      from (${deliveryRows(batch, owner.cipher)}) as input
      where ${OWNED}
      on conflict do nothing
    )${freed(owner, batch)}`);
}

/** What is dead holds up nothing: the claims that its cooldown granted go with it. */
function freed(owner: Ownership, batch: readonly Burial[]): RawBuilder<unknown> {
  const claims = batch.flatMap(({ delivery: { id, row, request: { hook, endpoint } } }) => (row === undefined ? [] : [{ hook, endpoint, row, id }]));
  if (claims.length === 0) return sql``;
  const texts = (name: 'hook' | 'endpoint' | 'row' | 'id') => sql`${textArray(claims.map((one) => one[name]))}::text[]`;
  return sql`, freed as (
      delete from ${owner.table('claim')} as claim using unnest(${texts('hook')}, ${texts('endpoint')}, ${texts('row')}, ${texts('id')}) as input (hook, endpoint, row_hash, id)
      where ${SAME_CLAIM} and ${OWNED}
    )`;
}

async function settle(owner: Ownership, settlement: Settlement): Promise<void> {
  const { endpoint, delivered, failed, dead: died } = settlement;
  if (delivered.length + failed.length + died.length === 0) return;
  const key = (id: string): string => deliveryKey(id, endpoint);
  const { cipher } = owner;
  const [resent, lastSent] = [renderedColumns(failed, endpoint, cipher), renderedColumns(died, endpoint, cipher)];
  const failures = (attempts: readonly FailedAttempt[]) => failureArrays(attempts.map(({ failure }) => failure), attempts.map(({ id }) => key(id)), cipher);
  await owner.write(sql`
    forgotten as (
      delete from ${owner.table('parked')} where key = any(${textArray(delivered.map(key))}::text[]) and ${OWNED}
    ), postponed as (
      update ${owner.table('parked')} as parked
      set attempts = input.attempts, due_at = ${DUE_AT}, failure = input.failure, status = input.status,
        message = input.message, response = input.response${resent.assignments}
      from unnest(${failed.map((item) => key(item.id))}::text[], ${failed.map((item) => item.attempts)}::integer[],
          ${failed.map((item) => item.dueIn)}::double precision[], ${failures(failed)}${resent.arrays})
        as input (key, attempts, due_in, failure, status, message, response${resent.names})
      where parked.key = input.key and ${OWNED}
    ), given_up as (
      delete from ${owner.table('parked')} as parked
      using unnest(${died.map((item) => key(item.id))}::text[], ${died.map((item) => item.attempts)}::integer[],
          ${failures(died)}${lastSent.arrays})
        as input (key, attempts, failure, status, message, response${lastSent.names})
      where parked.key = input.key and ${OWNED}
      returning parked.key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, trace, row_hash, ${lastSent.current}, input.attempts, committed_at, parked_at, input.failure, input.status, input.message, input.response
    ), buried as (
      insert into ${owner.table('dead')} (${DEAD_COLUMNS}, committed_at, parked_at, failure, status, message, response)
      select ${DEAD_COLUMNS}, committed_at, parked_at, failure, status, message, response from given_up
      on conflict do nothing
    ), freed as (
      delete from ${owner.table('claim')} as claim using given_up as input where ${SAME_CLAIM} and ${OWNED}
    )`);
}

const SAME_CLAIM = sql.raw('claim.hook = input.hook and claim.endpoint = input.endpoint and claim.row_hash = input.row_hash and claim.id = input.id');

/** By the database's clock, so that daemons whose clocks differ agree. */
const DUE_AT = sql.raw(`statement_timestamp() + due_in * interval '1 millisecond'`);
const COMMITTED_AT = sql.raw('to_timestamp(committed_ms / 1000)');
