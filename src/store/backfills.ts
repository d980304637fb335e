import { type RawBuilder, sql } from 'kysely';
import type { BackfillProgress, BackfillStore, NewBackfill, StoredBackfill, StoredKey } from '../backfill/port.ts';
import type { BackfillState } from '../backfills.ts';
import type { StateDatabase } from './database.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

export function backfillStore(state: StateDatabase, owner: Ownership): BackfillStore {
  const find = (id: string): Promise<StoredBackfill | null> => guarded(`read backfill ${id}`, async () => (await select(state, { condition: sql`id = ${id}`, limit: 1 }))[0] ?? null);
  return {
    find,
    begin: (backfill) => guarded(`store a backfill of hook ${backfill.hook}`, async () => ((await insert(owner, backfill)) ? find(backfill.id) : null)),
    list: ({ hook, active, limit }) =>
      guarded('read backfills', () =>
        select(state, { condition: sql`${hook === undefined ? sql`true` : sql`hook = ${hook}`} and ${active === true ? sql`ended_at is null` : active === false ? sql`ended_at is not null` : sql`true`}`, limit }),
      ),
    advance: (id, progress) => guarded(`store how far backfill ${id} is`, () => advance(owner, id, progress)),
    turn: (id, to, reason) => guarded(`store that backfill ${id} is ${to}`, async () => ((await turn(owner, { id, to, reason })) ? find(id) : null)),
  };
}

interface Row {
  readonly id: string;
  readonly hook: string;
  readonly table_name: string;
  readonly origin: StoredBackfill['origin'];
  readonly state: BackfillState;
  readonly reason: string | null;
  readonly condition: string | null;
  readonly columns: string[] | null;
  readonly rate: number | null;
  readonly after: StoredKey | null;
  readonly again: StoredKey[];
  readonly rows_done: string;
  readonly rows_sent: string;
  readonly rows_estimated: string | null;
  readonly requested_at: Date;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
}

async function select(state: StateDatabase, { condition, limit }: { readonly condition: RawBuilder<unknown>; readonly limit: number }): Promise<StoredBackfill[]> {
  const { rows } = await sql<Row>`
    select id, hook, table_name, origin, state, reason, condition, columns, rate, after, again, rows_done, rows_sent, rows_estimated, requested_at, started_at, ended_at
    from ${sql.id(state.schema, 'backfills')} where ${condition} order by requested_at desc, id desc limit ${limit}`.execute(state.db);
  return rows.map(({ table_name: table, condition: where, rows_done, rows_sent, rows_estimated, requested_at, started_at, ended_at, ...row }) => ({
    ...row,
    table,
    where,
    rowsDone: Number(rows_done),
    rowsSent: Number(rows_sent),
    rowsEstimated: rows_estimated === null ? null : Number(rows_estimated),
    requestedAt: requested_at,
    startedAt: started_at,
    endedAt: ended_at,
  }));
}

/** False if another stands in its way. */
async function insert(owner: Ownership, { id, hook, table, origin, where, columns, rate, rowsEstimated }: NewBackfill): Promise<boolean> {
  const [row] = await owner.write(
    sql`
      begun as (
        insert into ${owner.table('backfills')} (id, hook, table_name, origin, state, condition, columns, rate, rows_estimated)
        select ${id}, ${hook}, ${table}, ${origin}, 'waiting', ${where}::text, ${columns}::text[], ${rate}::float8, ${rowsEstimated}::bigint where ${OWNED}
        on conflict do nothing
        returning 1
      )`,
    sql<{ count: number }>`select count(*)::integer as count from begun`,
  );
  return row?.count === 1;
}

async function advance(owner: Ownership, id: string, { after, again, rowsDone, rowsSent, rowsEstimated }: BackfillProgress): Promise<void> {
  await owner.write(sql`
    advanced as (
      update ${owner.table('backfills')} set after = ${after === null ? null : JSON.stringify(after)}::jsonb, again = ${JSON.stringify(again)}::jsonb,
        rows_done = ${rowsDone}, rows_sent = ${rowsSent}, rows_estimated = ${rowsEstimated}::bigint
      where id = ${id} and ended_at is null and ${OWNED}
    )`);
}

async function turn(owner: Ownership, { id, to, reason }: { readonly id: string; readonly to: BackfillState; readonly reason: string | null }): Promise<boolean> {
  const [row] = await owner.write(
    sql`
      turned as (
        update ${owner.table('backfills')} set state = ${to}, reason = ${reason}::text,
          started_at = case when ${to === 'running'}::boolean then coalesce(started_at, clock_timestamp()) else started_at end,
          ended_at = case when ${to === 'done' || to === 'cancelled' || to === 'failed'}::boolean then clock_timestamp() end
        where id = ${id} and ended_at is null and ${OWNED}
        returning 1
      )`,
    sql<{ count: number }>`select count(*)::integer as count from turned`,
  );
  return row?.count === 1;
}
