import { type RawBuilder, sql } from 'kysely';
import { type AttemptStore, attemptReport, type Delivered, type KeptAttempt } from '../kept-attempts.ts';
import { bigintArray, bytesArray, doubleArray, integerArray, lsnArray, textArray } from './binary-array.ts';
import type { StateDatabase } from './database.ts';
import { countHistory, historyRows, listHistory, replayableHistory, replayHistory } from './history-delivered.ts';
import { tendHistory } from './history-days.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

/** Attempts of late, in the state schema. */
export function historyStore(state: StateDatabase, owner: Ownership): AttemptStore & Delivered {
  return {
    save: (batch) => guarded(`store the history of ${batch.length} attempts`, () => save(owner, batch)),
    attempts: (id) => guarded('read the history of a delivery', async () => (await historyRows(state, sql`id = ${id}`, sql`order by ended_at`)).map(attemptReport)),
    tend: (keep) => guarded('make and drop days of the history', () => tendHistory(owner, keep)),
    list: (query) => guarded('list delivered deliveries', () => listHistory(state, query)),
    count: (filter) => guarded('count delivered deliveries', () => countHistory(state, filter)),
    show: (id) => guarded('read a delivered delivery', () => historyRows(state, sql`id = ${id} and result = 'delivered'`, sql`order by endpoint, ended_at desc`).then(latestOfEach)),
    replayable: (filter) => guarded('count delivered deliveries', () => replayableHistory(state, filter)),
    replay: (filter) => guarded('replay delivered deliveries', () => replayHistory(state, owner, filter)),
  };
}

async function save(owner: Ownership, batch: readonly KeptAttempt[]): Promise<void> {
  if (batch.length === 0) return;
  const text = (value: (kept: KeptAttempt) => string | null): RawBuilder<unknown> => sql`${textArray(batch.map((kept) => storable(value(kept))))}::text[]`;
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
          ${double((k) => k.committedAt)}, ${double((k) => k.ms)}, ${text((k) => k.failure)}, ${integer((k) => k.status)}, ${text((k) => k.message)}, ${text((k) => k.response)},
          ${text((k) => k.method)}, ${text((k) => k.path)}, ${text((k) => k.contentType)}, ${text((k) => k.headers)}, ${bytesArray(batch.map(({ body }) => body))}::bytea[], ${integer((k) => k.bytes)})
        as input (ended_ms, id, endpoint, attempt, result, hook, lane, commit_lsn, ordinal, nth, operation, table_name, committed_ms, duration_ms, failure, status, message, response,
          method, path, content_type, headers, body, bytes)
      where ${OWNED}
      on conflict do nothing
    )`);
}

const COLUMNS = sql.raw(
  'ended_at, id, endpoint, attempt, result, hook, lane, commit_lsn, ordinal, nth, operation, table_name, committed_at, duration_ms, failure, status, message, response, method, path, content_type, headers, body, bytes',
);

/** Postgres' text has no U+0000, but an endpoint's response may. */
function storable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\u{fffd}');
}

/** Of what is sorted by endpoint, the first of each. */
function latestOfEach(rows: readonly KeptAttempt[]): KeptAttempt[] {
  return rows.filter(({ endpoint }, place) => endpoint !== rows[place - 1]?.endpoint);
}
