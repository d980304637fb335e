import type { Logger } from 'pino';
import { Checkpointer } from './checkpoint/checkpointer.ts';
import { Tracker } from './checkpoint/tracker.ts';
import type { LiveTable, Relation } from './change.ts';
import type { Config } from './config.ts';
import { ConfiguredTables } from './configured-tables.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { PgoutputDecoder } from './decode/pgoutput.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import type { Delivery } from './delivery.ts';
import { Dispatcher, type EndpointStatus, type Fate } from './dispatcher.ts';
import { WalhookError } from './errors.ts';
import { expressionFindings } from './expression-findings.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import type { Outcome } from './outcome.ts';
import { Pipeline } from './pipeline.ts';
import { reach, type Target, target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { findings } from './source/findings.ts';
import { Follower } from './source/follower.ts';
import { inspect } from './source/inspect.ts';
import { liveTable } from './source/live-table.ts';
import { openSlot, type OpenSlot } from './source/open-slot.ts';
import { tableName } from './source/quote.ts';
import { refuseBrokenStream } from './source/resume.ts';
import { refuseErrors } from './source/setup.ts';
import { ShutdownNotice } from './source/shutdown-notice.ts';
import { SourcePool } from './source/source-pool.ts';
import { Tail } from './source/tail.ts';
import { type DurableState, memoryState, openDurableState } from './state.ts';

/** How often the safe position is stored and confirmed, in milliseconds. */
const CHECKPOINT_INTERVAL = 500;
/** Milliseconds until a query of the source gets no answer any more. Above what making a slot may take. */
const QUERY_TIMEOUT = 90_000;
/** The part of `limits.shutdown` in which deliveries go on; in the rest, what is left is parked. */
const DELIVERY_PART = 0.7;
/** The part of it in which attempts may end; then those that still hang are given up, parked. */
const ATTEMPT_PART = 0.9;

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Logger;
  /** walhook's own version, for the User-Agent. */
  readonly version: string;
  /** A temporary slot that Postgres drops when the connection ends: nothing is kept, nothing resumes (`listen`). */
  readonly temporary?: boolean;
  /** Told of each attempt's outcome: for `demo` and `listen`, which show them. */
  readonly onOutcome?: (delivery: Delivery, outcome: Outcome, fate: Fate) => void;
}

/** What the daemon tells of itself: `/readyz`, `/api/v1/status` and `walhook status`. */
export interface DaemonStatus {
  /** Empty if all is well; else a sentence for each thing that is wrong. */
  readonly problems: readonly string[];
  readonly state: 'starting' | 'streaming' | 'reconnecting' | 'draining' | 'stopped';
  readonly slot: string;
  /** LSNs as text. */
  readonly received: string;
  readonly confirmed: string;
  readonly in_flight: { readonly deliveries: number; readonly bytes: number };
  readonly endpoints: readonly EndpointStatus[];
}

/** What was opened before the stages are wired. */
interface Opened {
  readonly source: Target;
  readonly pool: SourcePool;
  readonly slot: OpenSlot;
  readonly state: DurableState;
}

/** The daemon: wires the stages, top to bottom, and takes them down again in order. */
export class Daemon {
  /** Resolves once the slot is streaming. Throws a WalhookError if it cannot. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const source = target(options.config.source.url);
    for (;;) {
      try {
        const opened = await open(options, source);
        const daemon = new Daemon({ ...options, ...opened });
        await daemon.#begin();
        return daemon;
      } catch (error) {
        // Another daemon that started at the same time was the first to have the slot: from now on this one stands by.
        if (error instanceof WalhookError && error.code === 'slot_moved') continue;
        throw connectionError(error, { label: source.label });
      }
    }
  }

  /** Settles when the daemon ends: resolves after `stop`, rejects with a WalhookError if it cannot go on. */
  readonly done: Promise<void>;

  readonly #options: DaemonOptions;
  readonly #pool: SourcePool;
  readonly #slot: OpenSlot;
  readonly #state: DurableState;
  readonly #catalog: TypeCatalog;
  readonly #tracker: Tracker;
  readonly #dispatcher: Dispatcher;
  readonly #pipeline: Pipeline;
  readonly #follower: Follower;
  readonly #shutdownNotice: ShutdownNotice;
  readonly #checkpointer: Checkpointer;
  readonly #finished = Promise.withResolvers<void>();
  readonly #streaming = Promise.withResolvers<void>();
  #phase: DaemonStatus['state'] = 'starting';
  #confirmed: Lsn;
  /** Where the stream must have come before parked deliveries are read back; null once it has. */
  #drainFrom: Lsn | null = null;
  #sourceError: string | null = null;
  #checkpointError: string | null = null;
  #stopping: Promise<void> | null = null;

  private constructor(options: DaemonOptions & Opened) {
    const { config, log, version, source, slot, state, pool } = options;
    this.#options = options;
    this.#pool = pool;
    this.#slot = slot;
    this.#state = state;
    this.#confirmed = slot.start.lsn;
    this.done = this.#finished.promise;
    // Whoever does not wait for the end is told of it by `status`, not by an unhandled rejection.
    this.done.catch(() => undefined);

    // 8 checkpoint
    this.#tracker = new Tracker(slot.start);
    this.#checkpointer = new Checkpointer({
      store: state.checkpoints(slot.identity),
      safe: () => this.#tracker.safe,
      confirm: (lsn) => this.#confirm(lsn),
      start: slot.start,
      interval: CHECKPOINT_INTERVAL,
      onError: (error) => this.#checkpointFailed(error),
      onRecovered: () => this.#checkpointRecovered(),
    });
    // 6 queue, 7 deliver
    this.#dispatcher = new Dispatcher({
      config,
      log,
      userAgent: `walhook/${version}`,
      store: state.parking,
      tickets: {
        take: () => this.#tracker.take(),
        settle: (ticket) => {
          this.#tracker.settle(ticket);
          this.#checkpointer.delivered();
        },
      },
      progress: () => this.#tracker,
      onFull: () => this.#follower.pause(),
      onRelief: () => this.#follower.resume(),
      onOutcome: options.onOutcome ?? (() => undefined),
      onNotice: () => undefined,
      onFenced: (error) => this.#fail(error),
    });
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
      codecs: new CatalogCodecs(this.#catalog),
      describe: (relation) => this.#describe(relation),
      queues: this.#dispatcher.queues,
      tracker: this.#tracker,
      start: slot.start,
      onProgress: (lsn) => this.#reached(lsn),
    });
    // 1 source, 2 decode
    this.#follower = new Follower({
      connect: () => this.#connect(),
      explain: (error) => connectionError(error, { label: source.label, doing: `stream from slot ${slot.name}` }),
      onReconnect: (error, delay) => this.#reconnecting(error, delay),
    });
    this.#shutdownNotice = new ShutdownNotice(pool, (reason) => this.#follower.interrupt(reason));
  }

  /** Drains: stops reading, finishes what is in flight, parks the rest, stores the checkpoint. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    await this.#stopping;
    this.#finished.resolve();
  }

  status(): DaemonStatus {
    const { budget } = this.#dispatcher;
    return {
      problems: [this.#sourceError, this.#checkpointError, ...this.#dispatcher.problems].filter((problem) => problem !== null),
      state: this.#phase,
      slot: this.#slot.name,
      received: formatLsn(this.#pipeline.received.lsn),
      confirmed: formatLsn(this.#confirmed),
      in_flight: { deliveries: budget.deliveries, bytes: budget.bytes },
      endpoints: this.#dispatcher.status,
    };
  }

  async #begin(): Promise<void> {
    try {
      this.#drainFrom = await this.#dispatcher.restore();
    } catch (error) {
      await this.#release();
      throw error;
    }
    if (this.#drainFrom === null) this.#dispatcher.startDraining();
    else this.#reached(this.#slot.start.lsn);
    this.#checkpointer.start();
    this.#follower.run().catch((error: unknown) => this.#fail(error));
    await this.#streaming.promise;
  }

  async #describe(relation: Relation): Promise<LiveTable> {
    const gone = await this.#catalog.load(relation.columns.map((column) => column.typeOid));
    for (const { name } of relation.columns.filter((column) => gone.includes(column.typeOid))) {
      const column = `${relation.schema}.${relation.table}.${name}`;
      this.#options.log.warn({ column }, 'the type of a column exists no more: its values are sent as text');
    }
    return liveTable(this.#pool, relation.oid);
  }

  #connect(): Tail {
    const { config } = this.#options;
    const { identity, temporary } = this.#slot;
    // A type that was altered meanwhile is looked up again.
    this.#catalog.forget();
    this.#pipeline.reconnect();
    const decoder = new PgoutputDecoder(this.#pipeline);
    return new Tail({
      client: this.#slot.client,
      slot: this.#slot.name,
      publication: config.source.publication,
      temporary,
      from: this.#pipeline.received.lsn,
      durable: this.#confirmed,
      verify: () => (temporary ? Promise.resolve() : refuseBrokenStream({ config, pool: this.#pool, identity, confirmed: this.#confirmed })),
      statusInterval: this.#slot.statusInterval,
      deadAfter: this.#slot.deadAfter,
      onMessage: (bytes) => decoder.decode(bytes),
      onKeepalive: (lsn) => this.#pipeline.keepalive(lsn),
      onStart: () => this.#started(),
    });
  }

  #started(): void {
    const { log } = this.#options;
    this.#follower.started();
    this.#shutdownNotice.arm();
    this.#sourceError = null;
    if (this.#phase === 'draining' || this.#phase === 'stopped') return;
    this.#phase = 'streaming';
    this.#streaming.resolve();
    log.info({ slot: this.#slot.name, from: formatLsn(this.#pipeline.received.lsn) }, 'streaming');
  }

  #reconnecting(error: Error, delay: number): void {
    if (this.#phase === 'streaming') this.#phase = 'reconnecting';
    if (this.#sourceError !== error.message) {
      const hint = error instanceof WalhookError && error.hint !== null ? { hint: error.hint } : {};
      this.#options.log.warn(hint, `${error.message}; trying again, first in ${delay} ms`);
    }
    this.#sourceError = error.message;
    this.#pool.giveUp();
  }

  /** The stream has been read up to an LSN. */
  #reached(lsn: Lsn): void {
    // A transaction that commits where the stream stands is still to come.
    if (this.#drainFrom === null || lsn <= this.#drainFrom) return;
    this.#drainFrom = null;
    this.#dispatcher.startDraining();
  }

  #confirm(lsn: Lsn): void {
    this.#confirmed = lsn;
    this.#follower.confirm(lsn);
  }

  /** It is tried again at every interval: only the first failure is news. */
  #checkpointFailed(error: unknown): void {
    const what = 'the checkpoint cannot be stored, so no LSN is confirmed';
    if (this.#checkpointError === null) this.#options.log.error({ err: error }, what);
    this.#checkpointError = error instanceof Error ? `${what}: ${error.message}` : what;
  }

  #checkpointRecovered(): void {
    this.#checkpointError = null;
    this.#options.log.info('the checkpoint is stored again');
  }

  /** The source cannot go on. What has been read is still delivered, and confirmed as far as it can be. */
  #fail(error: unknown): void {
    if (this.#stopping !== null) return;
    const end = (): void => {
      this.#streaming.reject(error);
      this.#finished.reject(error);
    };
    this.#stopping = this.#drain();
    this.#stopping.then(end, end);
  }

  async #drain(): Promise<void> {
    const { shutdown } = this.#options.config.limits;
    this.#phase = 'draining';
    this.#follower.halt();
    // As far as it has been read, the middle of a transaction included: the next start goes on from there.
    this.#tracker.mark(this.#pipeline.received);
    const late = AbortSignal.timeout(shutdown);
    const finished = await Promise.race([
      this.#dispatcher.close({ spill: part(shutdown, DELIVERY_PART), abandon: part(shutdown, ATTEMPT_PART) }).then(() => true),
      new Promise<boolean>((resolve) => late.addEventListener('abort', () => resolve(false), { once: true })),
    ]);
    await this.#dispatcher.abort();
    await this.#checkpointer.stop().catch((error: unknown) => this.#options.log.error({ err: error }, 'the last checkpoint is not stored'));
    await this.#follower.stop();
    await this.#release();
    this.#phase = 'stopped';
    if (!finished) {
      throw new WalhookError(`not all deliveries could be finished or parked within ${shutdown} ms: some will be sent again`, {
        code: 'drain_unfinished',
        hint: 'raise limits.shutdown, or see why the state database or an endpoint is slow',
      });
    }
  }

  async #release(): Promise<void> {
    await Promise.all([this.#state.close(), this.#pool.end()]);
  }
}

/** Opens what the stages work on: the database, the state, the slot. Leaves nothing open if it cannot. */
async function open({ config, log, temporary = false }: DaemonOptions, source: Target): Promise<Opened> {
  // Its connections may lie idle: one of them hears when the server shuts down (ShutdownNotice).
  const pool = new SourcePool({ ...(await reach(source)), max: 2, idleTimeoutMillis: 0, query_timeout: QUERY_TIMEOUT });
  let state: DurableState | null = null;
  try {
    // What only an operator can put right is told before anything is made, the state schema included.
    if (!temporary) refuseErrors(findings(config, await inspect(pool, config)).filter((finding) => !finding.managed));
    state = temporary ? memoryState() : await openDurableState(config);
    const opened = state;
    const slot = await openSlot({ config, pool, temporary, checkpoint: () => opened.load(), takeOver: () => opened.takeOver(), onStandby: () => undefined, log });
    refuseErrors(await expressionFindings(config, slot.facts, pool));
    return { source, pool, slot, state };
  } catch (error) {
    await Promise.all([state?.close(), pool.end()]);
    throw error;
  }
}

function part(ms: number, of: number): AbortSignal {
  return AbortSignal.timeout(Math.round(ms * of));
}
