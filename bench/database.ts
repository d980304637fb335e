import pg from 'pg';

/** What a slot and a publication that walhook reads are called. */
export const WALHOOK = 'walhook';
const PER_TRANSACTION = 1_000;

/** An empty database with what measures do to one: backlogs that can be read again and again. */
export class Database {
  /** Makes the database on a server, which `url` is of; what is left of an earlier one with the name goes. */
  static async create(server: string, name: string): Promise<Database> {
    const admin = await connect(server);
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.query(`create database ${name}`);
    await admin.end();
    const url = new URL(server);
    url.pathname = `/${name}`;
    return new Database({ server, name, url: url.href, client: await connect(url.href) });
  }

  readonly url: string;
  readonly #server: string;
  readonly #name: string;
  /** A slot that stays at the beginning of the backlog: every reader gets a copy. */
  readonly #backlog: string;
  readonly #client: pg.Client;
  #isClosed = false;

  private constructor({ server, name, url, client }: { server: string; name: string; url: string; client: pg.Client }) {
    this.url = url;
    this.#server = server;
    this.#name = name;
    this.#backlog = `${name}_backlog`;
    this.#client = client;
  }

  async query<Row extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    // Without parameters it may be several statements.
    return (await (params.length === 0 ? this.#client.query<Row>(sql) : this.#client.query<Row>(sql, [...params]))).rows;
  }

  /** From here on what is written is the backlog. */
  async beginBacklog(): Promise<void> {
    await this.beginSlot(this.#backlog);
  }

  /** Runs a statement with `from` and `to` as $1 and $2, over 1 to `rows`: in transactions of a thousand. */
  async inThousands(rows: number, sql: string): Promise<void> {
    for (let from = 1; from <= rows; from += PER_TRANSACTION) await this.query(sql, [from, Math.min(rows, from + PER_TRANSACTION - 1)]);
  }

  /** The end of the WAL, as text. */
  async end(): Promise<string> {
    const [row] = await this.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    return row?.lsn ?? '';
  }

  /** The part of the backlog, up to an LSN, that the server has sent to a slot's reader: 0 to 1. */
  async sentOf(slot: string, end: string): Promise<number> {
    const [row] = await this.query<{ part: number }>(
      `select greatest(0, least(1, (reader.sent_lsn - backlog.confirmed_flush_lsn) / ($1::pg_lsn - backlog.confirmed_flush_lsn)))::float8 as part
       from pg_replication_slots as backlog, pg_replication_slots as slot join pg_stat_replication as reader on reader.pid = slot.active_pid
       where backlog.slot_name = $2 and slot.slot_name = $3`,
      [end, this.#backlog, slot],
    );
    return row?.part ?? 0;
  }

  /** A slot at the beginning of the backlog, in place of one with that name. */
  async rewind(slot: string): Promise<void> {
    await this.drop(slot);
    await this.query('select pg_copy_logical_replication_slot($1, $2)', [this.#backlog, slot]);
  }

  /** A slot at the end of the WAL, in place of one with that name. */
  async beginSlot(slot: string): Promise<void> {
    await this.drop(slot);
    await this.query('select pg_create_logical_replication_slot($1, $2)', [slot, 'pgoutput']);
  }

  /** walhook keeps no trace of an earlier run. */
  async forget(): Promise<void> {
    await this.query(`drop schema if exists ${WALHOOK} cascade`);
  }

  /** walhook's checkpoint is at or past an LSN: all before it is delivered, parked or dead. */
  async isSettled(lsn: string): Promise<boolean> {
    const [there] = await this.query<{ there: boolean }>(`select to_regclass('${WALHOOK}.checkpoint') is not null as there`);
    if (there?.there !== true) return false;
    const [row] = await this.query<{ past: boolean }>(`select lsn >= $1::pg_lsn as past from ${WALHOOK}.checkpoint`, [lsn]);
    return row?.past === true;
  }

  /** How many deliveries walhook has parked since it forgot the runs before. */
  async parked(): Promise<number> {
    const [row] = await this.query<{ parked: string }>(`select coalesce(sum(n_tup_ins), 0) as parked from pg_stat_user_tables where schemaname = '${WALHOOK}' and relname = 'parked'`);
    return Number(row?.parked ?? 0);
  }

  /** Waits until nobody reads a slot: the walsender of a reader that has gone may need a moment to see it. */
  async released(slot: string): Promise<void> {
    await this.query(`do $$ begin
      for i in 1..3000 loop
        exit when not exists (select from pg_replication_slots where slot_name = '${slot}' and active);
        perform pg_sleep(0.01);
      end loop;
    end $$`);
  }

  /** Drops the slot if it is there. */
  async drop(slot: string): Promise<void> {
    await this.released(slot);
    await this.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [slot]);
  }

  /** Drops the database and its slots. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const slots = await this.query<{ name: string }>('select slot_name::text as name from pg_replication_slots where database = current_database()');
    for (const { name } of slots) await this.drop(name);
    await this.#client.end();
    const admin = await connect(this.#server);
    await admin.query(`drop database ${this.#name} with (force)`);
    await admin.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // what is asked of it next says more
  await client.connect();
  return client;
}
