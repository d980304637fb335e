import { type RawBuilder, sql } from 'kysely';
import { parseLsn } from '../lsn.ts';
import type { Backfill, DueRow, Held, HeldStore, Release } from '../queue/port.ts';
import { bigintArray, doubleArray, lsnArray, textArray } from './binary-array.ts';
import type { StateDatabase } from './database.ts';
import { DEAD_COLUMNS, DELIVERY_COLUMNS, deliveryKey, deliveryRows } from './delivery-columns.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';
import { touching } from './touch.ts';

export function heldStore(state: StateDatabase, owner: Ownership): HeldStore {
  return {
    due: (hook, query) => guarded(`read what is held for hook ${hook}`, () => due(state, hook, query)),
    nextDueIn: (hooks) => guarded('read when what is held is due', () => nextDueIn(state, hooks)),
    release: (batch) => guarded(`release ${batch.length} held rows`, () => release(owner, batch)),
    prune: () => guarded('prune what was held', () => prune(owner)),
    backfill: (hook, dueAt) => guarded(`begin the first run of hook ${hook}`, () => backfill(state, owner, { hook, dueAt })),
    advance: (hook, page) => guarded(`store how far the first run of hook ${hook} is`, () => advance(owner, hook, page)),
  };
}

export async function hold(owner: Ownership, batch: readonly Held[]): Promise<void> {
  if (batch.length > 0) await owner.write(holding(owner, onePerRow(batch)));
}

/** A match that comes after the row was sent for its time, because it was read late, is due at once, as a delivery of its own. */
function holding(owner: Ownership, batch: readonly Held[]): RawBuilder<unknown> {
  const texts = (value: (held: Held) => string): RawBuilder<unknown> => sql`${textArray(batch.map(value))}::text[]`;
  return sql`
    held as (
      insert into ${owner.table('held')} as held (hook, endpoint, row_hash, key, due_at, id, commit_lsn, ordinal)
      select hook, endpoint, row_hash, key::jsonb, to_timestamp(due_ms / 1000), id, commit_lsn, ordinal
      from unnest(${texts(({ hook }) => hook)}, ${texts(({ endpoint }) => endpoint)}, ${texts(({ row }) => row)}, ${texts(({ key }) => JSON.stringify(key))},
          ${doubleArray(batch.map(({ dueAt }) => dueAt))}::double precision[], ${texts(({ id }) => id)},
          ${lsnArray(batch.map(({ commitLsn }) => commitLsn))}::pg_lsn[], ${bigintArray(batch.map(({ ordinal }) => ordinal))}::bigint[])
        as input (hook, endpoint, row_hash, key, due_ms, id, commit_lsn, ordinal)
      where ${OWNED}
      on conflict (hook, endpoint, row_hash) do update set key = excluded.key, id = excluded.id, commit_lsn = excluded.commit_lsn,
        ordinal = excluded.ordinal, serial = default,
        due_at = case when held.due_at is not null then least(held.due_at, excluded.due_at)
          when held.sent_due >= excluded.due_at then date_trunc('milliseconds', clock_timestamp()) else excluded.due_at end
      where (held.commit_lsn, held.ordinal) < (excluded.commit_lsn, excluded.ordinal)
    )`;
}

/** The last match of each row, due at the first one's time: a statement cannot do with a row twice. */
function onePerRow(batch: readonly Held[]): Held[] {
  const rows = new Map<string, Held>();
  for (const held of batch) {
    const key = `${held.hook} ${held.endpoint} ${held.row}`;
    const before = rows.get(key);
    rows.set(key, before === undefined ? held : { ...held, dueAt: Math.min(held.dueAt, before.dueAt) });
  }
  return [...rows.values()];
}

async function due(state: StateDatabase, hook: string, { grace, limit }: { readonly grace: number; readonly limit: number }): Promise<DueRow[]> {
  const { rows } = await sql<{ endpoint: string; row_hash: string; key: DueRow['key']; due_ms: string; commit_lsn: string; serial: string; is_backfill: boolean }>`
    select endpoint, row_hash, key, floor(extract(epoch from due_at) * 1000) as due_ms, commit_lsn, serial,
      -- see scheduledId: what is held for a change has the id of its event
      id like '%-s-%' as is_backfill from ${sql.id(state.schema, 'held')}
    where hook = ${hook} and due_at <= clock_timestamp() - ${grace}::float8 * interval '1 millisecond'
    order by hook, due_at, serial limit ${limit}`.execute(state.db);
  return rows.map((row) => ({
    hook,
    endpoint: row.endpoint,
    row: row.row_hash,
    key: row.key,
    dueAt: Number(row.due_ms),
    commitLsn: parseLsn(row.commit_lsn),
    serial: Number(row.serial),
    isBackfill: row.is_backfill,
  }));
}

async function nextDueIn(state: StateDatabase, hooks: readonly string[]): Promise<number | null> {
  const { rows } = await sql<{ due_in: number | null }>`
    select ceil(extract(epoch from min(first.due_at) - clock_timestamp()) * 1000)::float8 as due_in
    from unnest(${textArray(hooks)}::text[]) as wanted (hook)
    cross join lateral (
      select due_at from ${sql.id(state.schema, 'held')} as held where held.hook = wanted.hook and due_at is not null order by due_at limit 1
    ) as first`.execute(state.db);
  return rows[0]?.due_in ?? null;
}

async function release(owner: Ownership, batch: readonly Release[]): Promise<void> {
  if (batch.length === 0) return;
  const texts = (value: (one: Release) => string | null): RawBuilder<unknown> => sql`${textArray(batch.map(value))}::text[]`;
  const parkings = batch.flatMap(({ delivery, failure }) => (delivery === null || failure !== null ? [] : [{ delivery, attempts: 0, failure, dueIn: 0 }]));
  const burials = batch.flatMap(({ delivery, failure }) => (delivery === null || failure === null ? [] : [{ delivery, attempts: 0, failure }]));
  const sent = sql`key in (select delivery_key from sent) and ${OWNED}`;
  const parked = sql`, stored as (
      insert into ${owner.table('parked')} (${DELIVERY_COLUMNS}, due_at, committed_at)
      select ${DELIVERY_COLUMNS}, statement_timestamp(), to_timestamp(committed_ms / 1000) from (${deliveryRows(parkings, owner.cipher)}) as input where ${sent}
      on conflict do nothing returning endpoint
    ), ${touching(owner, 'stored')}`;
  const buried = sql`, buried as (
      insert into ${owner.table('dead')} (${DEAD_COLUMNS}, committed_at, failure, status, message, response)
      select ${DEAD_COLUMNS}, to_timestamp(committed_ms / 1000), failure, status, message, response from (${deliveryRows(burials, owner.cipher)}) as input where ${sent}
      on conflict do nothing
    )`;
  await owner.write(sql`
    sent as (
      update ${owner.table('held')} as held set due_at = null, sent_due = greatest(held.sent_due, held.due_at), key = '{}'
      from unnest(${texts(({ row }) => row.hook)}, ${texts(({ row }) => row.endpoint)}, ${texts(({ row }) => row.row)},
          ${bigintArray(batch.map(({ row }) => row.serial))}::bigint[],
          ${texts(({ delivery }) => (delivery === null ? null : deliveryKey(delivery.id, delivery.request.endpoint)))})
        as input (hook, endpoint, row_hash, serial, delivery_key)
      where held.hook = input.hook and held.endpoint = input.endpoint and held.row_hash = input.row_hash and held.serial = input.serial and ${OWNED}
      returning input.delivery_key
    )${parkings.length > 0 ? parked : sql``}${burials.length > 0 ? buried : sql``}`);
}

async function prune(owner: Ownership): Promise<void> {
  await owner.write(sql`
    pruned as (
      delete from ${owner.table('held')} where due_at is null and sent_due < clock_timestamp() - interval '1 hour' and ${OWNED}
        and commit_lsn < (select lsn from ${owner.table('checkpoint')} where slot = ${owner.slot})
    )`);
}

interface Beginning {
  readonly hook: string;
  readonly dueAt: (now: number) => number;
}

async function backfill(state: StateDatabase, owner: Ownership, { hook, dueAt }: Beginning): Promise<Backfill> {
  const find = async (): Promise<Backfill | number> => {
    const { rows } = await sql<{ now: string; due_ms: string | null; after: Held['key'] | null; done: boolean }>`
      select floor(extract(epoch from clock_timestamp()) * 1000) as now, floor(extract(epoch from due_at) * 1000) as due_ms, after, done_at is not null as done
      from (select) as one left join ${sql.id(state.schema, 'backfill')} on hook = ${hook}`.execute(state.db);
    const [row] = rows;
    const now = Number(row?.now ?? 0);
    return row?.due_ms == null ? now : { dueAt: Number(row.due_ms), dueIn: Number(row.due_ms) - now, after: row.after, isDone: row.done };
  };
  const before = await find();
  if (typeof before !== 'number') return before;
  await owner.write(sql`
    begun as (
      insert into ${owner.table('backfill')} (hook, due_at) select ${hook}, to_timestamp(${dueAt(before)}::float8 / 1000) where ${OWNED}
      on conflict do nothing
    )`);
  const begun = await find();
  if (typeof begun === 'number') throw new Error('what has been written is there');
  return begun;
}

async function advance(owner: Ownership, hook: string, { rows, after, isLast }: Parameters<HeldStore['advance']>[1]): Promise<void> {
  await owner.write(sql`
    advanced as (
      update ${owner.table('backfill')} set after = coalesce(${after === null ? null : JSON.stringify(after)}::jsonb, after),
        done_at = case when ${isLast}::boolean then clock_timestamp() end
      where hook = ${hook} and ${OWNED}
    )${rows.length > 0 ? sql`, ${holding(owner, onePerRow(rows))}` : sql``}`);
}
