import { type RawBuilder, sql } from 'kysely';
import { type AttemptStore, attemptReport, type Delivered, type KeptAttempt } from '../kept-attempts.ts';
import { bigintArray, bytesArray, doubleArray, integerArray, lsnArray, textArray } from './binary-array.ts';
import type { Cipher, Place } from './cipher.ts';
import type { StateDatabase } from './database.ts';
import { deliveryKey, sealedText } from './delivery-columns.ts';
import { countHistory, historyRows, listHistory, replayableHistory, replayHistory } from './history-delivered.ts';
import { tendHistory } from './history-days.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

/** Attempts of late, in the state schema. */
export function historyStore(state: StateDatabase, owner: Ownership): AttemptStore & Delivered {
  return {
    save: (batch) => guarded(`store the history of ${batch.length} attempts`, () => save(owner, batch, state.cipher)),
    attempts: (id) => guarded('read the history of a delivery', async () => (await historyRows(state, sql`id = ${id}`, sql`order by ended_at`)).map(attemptReport)),
    tend: (keep) => guarded('make and drop days of the history', () => tendHistory(owner, keep)),
    list: (query) => guarded('list delivered deliveries', () => listHistory(state, query)),
    count: (filter) => guarded('count delivered deliveries', () => countHistory(state, filter)),
    show: (id) => guarded('read a delivered delivery', () => historyRows(state, sql`id = ${id} and result = 'delivered'`, sql`order by endpoint, ended_at desc`).then(latestOfEach)),
    replayable: (filter) => guarded('count delivered deliveries', () => replayableHistory(state, filter)),
    replay: (filter, onChunk, signal) => guarded('replay delivered deliveries', () => replayHistory({ state, owner }, { filter, onChunk, signal })),
  };
}

async function save(owner: Ownership, batch: readonly KeptAttempt[], cipher: Cipher): Promise<void> {
  if (batch.length === 0) return;
  const text = (value: (kept: KeptAttempt) => string | null): RawBuilder<unknown> => sql`${textArray(batch.map((kept) => storable(value(kept))))}::text[]`;
  const sealed = (column: 'path' | 'headers' | 'response'): RawBuilder<unknown> => sql`${textArray(batch.map((kept) => sealedText(cipher, storable(kept[column]), placeOf(kept, column))))}::text[]`;
  const bodies = batch.map((kept) => (kept.body === null || cipher.sealsBy === null ? kept.body : cipher.sealBytes(kept.body.toString(), placeOf(kept, 'body'))));
  const double = (value: (kept: KeptAttempt) => number): RawBuilder<unknown> => sql`${doubleArray(batch.map(value))}::double precision[]`;
  const integer = (value: (kept: KeptAttempt) => number | null): RawBuilder<unknown> => sql`${integerArray(batch.map(value))}::integer[]`;
  await owner.write(sql`
    kept as (
      insert into ${owner.table('history')} (${COLUMNS})
      -- A clock that is a day off, or more, has no partition.
      select greatest(least(to_timestamp(ended_ms / 1000), statement_timestamp() + interval '1 day'), statement_timestamp() - interval '1 day'), id, endpoint, attempt, result, hook, lane,
        commit_lsn, ordinal, nth, operation, table_name, to_timestamp(committed_ms / 1000), duration_ms, failure, status, message, response, method, path, content_type, headers, body, bytes
      from unnest(${double((k) => k.at)}, ${text((k) => k.id)}, ${text((k) => k.endpoint)}, ${integer((k) => k.attempt)}, ${text((k) => k.result)}, ${text((k) => k.hook)},
          ${bigintArray(batch.map(({ lane }) => lane))}::bigint[], ${lsnArray(batch.map(({ sequence }) => sequence.commitLsn))}::pg_lsn[],
          ${bigintArray(batch.map(({ sequence }) => sequence.ordinal))}::bigint[], ${integer((k) => k.sequence.nth)}, ${text((k) => k.operation)}, ${text((k) => k.table)},
          ${double((k) => k.committedAt)}, ${double((k) => k.ms)}, ${text((k) => k.failure)}, ${integer((k) => k.status)}, ${text((k) => k.message)}, ${sealed('response')},
          ${text((k) => k.method)}, ${sealed('path')}, ${text((k) => k.contentType)}, ${sealed('headers')}, ${bytesArray(bodies)}::bytea[], ${integer((k) => k.bytes)})
        as input (ended_ms, id, endpoint, attempt, result, hook, lane, commit_lsn, ordinal, nth, operation, table_name, committed_ms, duration_ms, failure, status, message, response,
          method, path, content_type, headers, body, bytes)
      where ${OWNED}
      on conflict do nothing
    )`);
}

const COLUMNS = sql.raw(
  'ended_at, id, endpoint, attempt, result, hook, lane, commit_lsn, ordinal, nth, operation, table_name, committed_at, duration_ms, failure, status, message, response, method, path, content_type, headers, body, bytes',
);

/** The place of the delivery itself, so that what is replayed can be opened where it is parked. */
function placeOf({ id, endpoint }: KeptAttempt, column: string): Place {
  return { column, key: deliveryKey(id, endpoint) };
}

/** See delivery-columns.ts. */
function storable(text: string | null): string | null {
  if (text === null) return null;
  const clean = text.replaceAll('\0', '\u{fffd}');
  return clean.startsWith('\u0001') ? `\u{fffd}${clean.slice(1)}` : clean;
}

/** Of what is sorted by endpoint, the first of each. */
function latestOfEach(rows: readonly KeptAttempt[]): KeptAttempt[] {
  return rows.filter(({ endpoint }, place) => endpoint !== rows[place - 1]?.endpoint);
}
