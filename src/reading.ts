import type { Logger } from 'pino';
import type { LiveTable, Relation } from './change.ts';
import type { StreamWindows } from './backfill/stream-windows.ts';
import type { Tracker } from './checkpoint/tracker.ts';
import type { Config, TableConfig } from './config.ts';
import { ConfiguredTables } from './configured-tables.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { PgoutputDecoder } from './decode/pgoutput.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import { missingColumns } from './missing-columns.ts';
import type { History } from './history/history.ts';
import type { Opened } from './opening.ts';
import type { DeliveryQueue } from './hook-routes.ts';
import { Pipeline } from './pipeline.ts';
import type { Position, StoredPosition } from './position.ts';
import type { Held } from './queue/port.ts';
import { Follower } from './source/follower.ts';
import { liveTable } from './source/live-table.ts';
import { tableName } from './source/quote.ts';
import { PublicationWatch } from './source/publication-watch.ts';
import { explainBrokenStream, refuseBrokenStream, type ResumeOptions } from './source/resume.ts';
import { ShutdownNotice } from './source/shutdown-notice.ts';
import { Tail } from './source/tail.ts';
import { timelineAt } from './source/timelines.ts';

export interface ReadingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The source database, for messages: no password. */
  readonly label: string;
  readonly pool: Opened['pool'];
  readonly slot: Opened['slot'];
  readonly tracker: Pick<Tracker<Position>, 'mark'>;
  /** Chunks of tables that are being read beside the stream. */
  readonly windows: StreamWindows;
  /** Stores what is to be sent later. */
  readonly hold: (held: Held) => void;
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  /** Loads what is stored of the slot, maybe by another process. */
  readonly checkpoint: () => Promise<StoredPosition | null>;
  /** Told of each change; null if nobody wants to know. */
  readonly onChange: ((relation: Relation) => void) | null;
  /** See PipelineOptions. */
  readonly history: History | null;
  /** The stream has been read up to an LSN. */
  readonly onProgress: (lsn: Lsn) => void;
  /** A connection streams. */
  readonly onStart: () => void;
  /** The connection is lost, and another is tried in `delay` milliseconds. */
  readonly onReconnect: (error: Error, delay: number) => void;
}

/** See Reading.behind: all in Unix milliseconds. At the end, what comes is seen only while somebody looks. */
export function behindBy(
  { upTo, isConnected, pausedAt, begunAt }: {
    readonly upTo: Pipeline['readUpTo'];
    readonly isConnected: boolean;
    readonly pausedAt: number | null;
    readonly begunAt: number;
  },
  now: number,
): number {
  if (upTo.isEnd && isConnected) return pausedAt === null ? 0 : Math.max(0, now - pausedAt);
  return Math.max(0, now - (upTo.at === 0 ? begunAt : upTo.at));
}

/** Stages 1 to 5: from the slot to the queues, over as many connections as it takes. */
export class Reading {
  readonly #options: ReadingOptions;
  readonly #catalog: TypeCatalog;
  readonly #pipeline: Pipeline;
  readonly #follower: Follower;
  readonly #shutdownNotice: ShutdownNotice;
  readonly #publicationWatch: PublicationWatch;
  #confirmed: Lsn;
  #isConnected = false;
  /** Since when nothing is read, in Unix milliseconds; null: it is. */
  #pausedAt: number | null = null;
  readonly #missing = new Set<string>();
  readonly #begunAt = Date.now();

  constructor(options: ReadingOptions) {
    const { config, log, label, pool, slot, tracker, queues } = options;
    this.#options = options;
    this.#confirmed = slot.start.lsn;
    // 3 event, 4 route, 5 format
    this.#catalog = new TypeCatalog(async (sql, params) => (await pool.query<Record<string, unknown>>(sql, [...params])).rows);
    this.#pipeline = new Pipeline({
      config,
      tables: new ConfiguredTables({
        config,
        found: slot.facts.tables,
        since: slot.facts.server.currentLsn,
        onRenamed: (table, relation) =>
          log.warn(`${tableName(table)} is now ${tableName(relation)}: its hooks go on, but the next start needs the new name in the configuration`),
      }),
      systemId: slot.identity.systemId,
      origin: { database: slot.facts.server.database, slot: slot.name },
      timelineAt: (lsn) => timelineAt(slot.timelines, lsn),
      codecs: new CatalogCodecs(this.#catalog),
      describe: (relation, table) => this.#describe(relation, table),
      queues,
      hold: options.hold,
      tracker,
      windows: options.windows,
      start: slot.start,
      onChange: options.onChange,
      onProgress: options.onProgress,
      history: options.history,
    });
    // 1 source, 2 decode
    this.#follower = new Follower({
      connect: () => this.#connect(),
      explain: (error) => explainBrokenStream(error, this.#resume(), { label, doing: `stream from slot ${slot.name}` }),
      onReconnect: (error, delay) => {
        this.#isConnected = false;
        this.#publicationWatch.stop();
        options.onReconnect(error, delay);
        pool.giveUp();
      },
    });
    this.#shutdownNotice = new ShutdownNotice(pool, (reason) => this.#follower.interrupt(reason));
    this.#publicationWatch = new PublicationWatch({
      pool,
      publication: config.source.publication,
      tables: config.tables,
      confirmed: () => this.#confirmed,
      onAltered: (reason) => this.#follower.interrupt(reason),
    });
  }

  /** How far the stream has been read: where the next connection goes on. */
  get received(): Position {
    return this.#pipeline.received;
  }

  /** Up to here the publication is known to have left nothing out; null where it has not been looked at. */
  get wholeAt(): Lsn | null {
    return this.#publicationWatch.wholeAt;
  }

  /** Up to here Postgres has been told that it need keep nothing. */
  get confirmed(): Lsn {
    return this.#confirmed;
  }

  /** How far it is behind what was committed, in milliseconds, as far as can be told; 0 at the end of the WAL. */
  get behind(): number {
    const { readUpTo: upTo } = this.#pipeline;
    return behindBy({ upTo, isConnected: this.#isConnected, pausedAt: this.#pausedAt, begunAt: this.#begunAt }, Date.now());
  }

  /** True if all that was committed before a time, in Unix milliseconds, has been read, as far as can be told. */
  hasRead(at: number): boolean {
    const readUpTo = this.#pipeline.readUpTo;
    return readUpTo.at > at || (readUpTo.isEnd && this.#isConnected);
  }

  /** Resolves after `stop`; rejects when trying again cannot help. */
  run(): Promise<void> {
    return this.#follower.run();
  }

  pause(): void {
    this.#pausedAt ??= Date.now();
    this.#follower.pause();
  }

  resume(): void {
    this.#pausedAt = null;
    this.#follower.resume();
  }

  confirm(lsn: Lsn): void {
    this.#confirmed = lsn;
    this.#follower.confirm(lsn);
  }

  /** Hands over nothing more, for good; what becomes durable can still be confirmed, until `stop`. */
  halt(): void {
    this.#publicationWatch.stop();
    this.#follower.halt();
    // As far as it has been read, the middle of a transaction included: the next start goes on from there.
    this.#options.tracker.mark(this.#pipeline.received);
  }

  /** After `halt`: what has been received is what the publication has as it was at the start, if it still is. */
  async lookBack(): Promise<void> {
    await this.#publicationWatch.look(this.received.lsn);
  }

  async stop(): Promise<void> {
    await this.#follower.stop();
  }

  #connect(): Tail {
    const { config, slot } = this.#options;
    // A type that was altered meanwhile is looked up again.
    this.#catalog.forget();
    this.#pipeline.reconnect();
    const decoder = new PgoutputDecoder(this.#pipeline);
    return new Tail({
      client: slot.client,
      slot: slot.name,
      publication: config.source.publication,
      temporary: slot.temporary,
      from: this.#pipeline.received.lsn,
      durable: this.#confirmed,
      verify: () => (slot.temporary ? Promise.resolve() : this.#verify()),
      statusInterval: slot.statusInterval,
      deadAfter: slot.deadAfter,
      onMessage: (bytes) => decoder.decode(bytes),
      onKeepalive: (lsn) => this.#pipeline.keepalive(lsn),
      onStart: () => this.#started(),
    });
  }

  async #verify(): Promise<void> {
    await this.#publicationWatch.begin();
    await refuseBrokenStream(this.#resume());
  }

  #resume(): ResumeOptions {
    const { config, pool, slot, checkpoint } = this.#options;
    return { config, pool, identity: slot.identity, confirmed: this.#confirmed, wholeAt: this.#publicationWatch.wholeAt, checkpoint };
  }

  #started(): void {
    const { slot, log, onStart } = this.#options;
    this.#follower.started();
    this.#isConnected = true;
    this.#shutdownNotice.arm();
    if (!slot.temporary) this.#publicationWatch.start();
    log.info({ slot: slot.name, from: formatLsn(this.#pipeline.received.lsn) }, 'streaming');
    onStart();
  }

  async #describe(relation: Relation, table: TableConfig): Promise<LiveTable> {
    const gone = await this.#catalog.load(relation.columns.map((column) => column.typeOid));
    for (const { name } of relation.columns.filter((column) => gone.includes(column.typeOid))) {
      const column = `${relation.schema}.${relation.table}.${name}`;
      this.#options.log.warn({ column }, 'the type of a column exists no more: its values are sent as text');
    }
    const live = await liveTable(this.#options.pool, relation.oid);
    // A table that has been dropped meanwhile has no columns, and nothing to be told of.
    for (const name of live.columns.length === 0 ? [] : missingColumns(this.#options.config, table, live.columns)) this.#columnMissing(`${tableName(table)}.${name}`);
    return live;
  }

  /** Told once for each column: `check` says the same with the place in the file. */
  #columnMissing(column: string): void {
    if (this.#missing.has(column)) return;
    this.#missing.add(column);
    this.#options.log.warn({ column, hint: 'walhook check' }, 'a column that the configuration names is gone: events go on without it, but the next start needs it or another configuration');
  }
}
