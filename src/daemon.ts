import type { Logger } from 'pino';
import { StreamWindows } from './backfill/stream-windows.ts';
import type { Acting } from './acting.ts';
import { Backfilling } from './backfilling.ts';
import type { BackfillOperations } from './backfills.ts';
import { Checkpointer } from './checkpoint/checkpointer.ts';
import type { CheckpointStore } from './checkpoint/port.ts';
import { isWorthStoring } from './checkpoint/idle.ts';
import { Tracker } from './checkpoint/tracker.ts';
import type { Config } from './config.ts';
import type { Delivery } from './delivery.ts';
import type { DaemonStatus } from './daemon-status.ts';
import type { Fate } from './dispatcher.ts';
import { abandon, drain } from './draining.ts';
import { Enriching } from './enriching.ts';
import { WalhookError } from './errors.ts';
import type { History } from './history/history.ts';
import { DeliveredHistory } from './delivered-history.ts';
import { rowLanes } from './row-lanes.ts';
import { formatLsn, type Lsn, NO_LSN } from './lsn.ts';
import { open, type Opened } from './opening.ts';
import type { Outlet } from './outlet.ts';
import { outletOf } from './outlet-of.ts';
import type { Outcome } from './outcome.ts';
import { inTime, pause } from './patience.ts';
import type { Position } from './position.ts';
import { codeOf } from './reaction.ts';
import { Reading } from './reading.ts';
import { Rotating } from './rotating.ts';
import { beginsAnew, type Running } from './running.ts';
import { Scheduling } from './scheduling.ts';
import { target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { ReadOnlyDatabase } from './source/read-only-database.ts';
import { reconnectDelay } from './source/reconnect-delay.ts';
import { RESTART } from './source/restart.ts';
import { Troubles } from './troubles.ts';
import { Upkeep } from './upkeep.ts';

/** How often the safe position is stored and confirmed, in milliseconds. */
const CHECKPOINT_INTERVAL = 500;
/** How long a drain waits for what is being stored of scheduled hooks, in milliseconds: what is not is found by the next start. */
const SCHEDULING_GRACE = 1_000;

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Logger;
  /** walhook's own version, for the User-Agent. */
  readonly version: string;
  /** A temporary slot that Postgres drops when the connection ends: nothing is kept, nothing resumes (`listen`). */
  readonly temporary?: boolean;
  /** Told of each attempt's outcome: for `demo` and `listen`, which show them. */
  readonly onOutcome?: (delivery: Delivery, outcome: Outcome, fate: Fate) => void;
  /** What goes by is counted there, and some of it kept. It may outlive the daemon. Default: nothing is. */
  readonly history?: History;
  /** Another daemon has the slot: this one waits for it. */
  readonly onStandby?: () => void;
  /** Ends a start that waits for the slot: `start` then throws a WalhookError `start_ended`. */
  readonly signal?: AbortSignal;
}

/** What `temporary`, `onOutcome` and the like come to. */
type Wired = DaemonOptions & Opened & { readonly label: string };

/** The daemon: wires the stages, top to bottom, and takes them down again in order. */
export class Daemon implements Running {
  /** Resolves once the slot is streaming. Throws a WalhookError if it cannot. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const { config, log, temporary = false, onStandby = () => undefined, signal } = options;
    const source = target(config.source.url);
    const { label } = source;
    for (let failures = 1; ; failures++) {
      try {
        const opened = await open({ config, source, log, version: options.version, temporary, onStandby, signal });
        const daemon = await Daemon.#begin({ ...options, ...opened, label });
        if (daemon !== null) return daemon;
        // Two that start at the same time must not take the slot from each other again and again.
        await pause(reconnectDelay(failures, Math.random()), signal);
      } catch (error) {
        throw signal?.aborted === true ? new WalhookError('the start was ended', { code: 'start_ended' }) : connectionError(error, { label });
      }
    }
  }

  /** Null if another daemon that started at the same time was the first to have the slot: from now on this one stands by. */
  static async #begin(wired: Wired): Promise<Daemon | null> {
    const daemon = new Daemon(wired);
    try {
      await daemon.#run();
      return daemon;
    } catch (error) {
      await daemon.#outlet.abort();
      await daemon.#release();
      if (beginsAnew(error)) return null;
      throw error;
    }
  }

  /** Settles when the daemon ends: resolves after `stop`, rejects with a WalhookError if it cannot go on. */
  readonly done: Promise<void>;

  readonly #options: Wired;
  readonly #pool: Opened['pool'];
  readonly #slot: Opened['slot'];
  readonly #state: Opened['state'];
  readonly #tracker: Tracker<Position>;
  readonly #outlet: Outlet;
  readonly #reading: Reading;
  readonly #checkpoints: CheckpointStore<Position>;
  readonly #checkpointer: Checkpointer<Position>;
  readonly #scheduling: Scheduling;
  readonly #backfilling: Backfilling;
  readonly #upkeep: Upkeep;
  readonly #delivered: DeliveredHistory | null;
  readonly #rows: ReadOnlyDatabase;
  readonly #rotating: Rotating;
  readonly #finished = Promise.withResolvers<void>();
  readonly #streaming = Promise.withResolvers<void>();
  #phase: DaemonStatus['state'] = 'starting';
  /** Where the stream must have come before parked deliveries are read back. */
  #drainFrom: Lsn = NO_LSN;
  /** Parked deliveries are read back: only once the slot is ours, for until then another daemon may send them. */
  #isDraining = false;
  readonly #troubles = new Troubles();
  #stopping: Promise<void> | null = null;
  #released: Promise<unknown> | null = null;

  private constructor(options: Wired) {
    const { config, log, version, label, slot, state, pool, history = null } = options;
    const userAgent = `walhook/${version}`;
    this.#options = options;
    this.#pool = pool;
    this.#slot = slot;
    this.#state = state;
    this.done = this.#finished.promise;
    // Whoever does not wait for the end is told of it by `status`, not by an unhandled rejection.
    this.done.catch(() => undefined);
    void state.fenced.then((error) => this.#dethrone(error));

    this.#delivered = history === null ? null : new DeliveredHistory({ config, history, state, log, isKept: !slot.temporary, delivers: options.producer === null });
    this.#rows = new ReadOnlyDatabase(config.source.url);
    // 8 checkpoint
    this.#tracker = new Tracker(slot.start);
    this.#checkpoints = state.checkpoints(slot.identity, () => this.#reading.wholeAt);
    this.#checkpointer = new Checkpointer({
      store: this.#checkpoints,
      safe: () => this.#tracker.safe,
      confirm: ({ lsn }) => this.#reading.confirm(lsn),
      isWorthIt: isWorthStoring,
      start: slot.start,
      interval: CHECKPOINT_INTERVAL,
      onError: (error) => this.#checkpointFailed(error),
      onRecovered: () => this.#checkpointRecovered(),
    });
    const origin = { database: slot.facts.server.database, slot: slot.name };
    // 5 format, of what is looked up first
    const enriching = new Enriching({ config, origin, pool, database: new ReadOnlyDatabase(config.source.url) });
    // 6 queue, 7 deliver
    this.#outlet = outletOf({
      config,
      log,
      userAgent,
      producer: options.producer,
      store: state.parking,
      claims: state.claims,
      enriching,
      tracer: options.tracer,
      tickets: {
        take: () => this.#tracker.take(),
        settle: (ticket) => {
          this.#tracker.settle(ticket);
          this.#checkpointer.delivered();
        },
      },
      progress: () => this.#tracker,
      onFull: () => this.#reading.pause(),
      onHeld: (held) => this.#scheduling.held(held),
      onRelief: () => this.#reading.resume(),
      onOutcome: options.onOutcome ?? null,
      history,
      onNotice: (notice) => this.#upkeep.tell(notice),
      onFenced: () => undefined, // `state.fenced` tells of every write that is refused
      onBroken: (error) => this.#dethrone(error),
    });
    this.#rotating = new Rotating({ endpoints: config.endpoints, store: state.rotations, signers: this.#outlet.signers, log });
    const windows = new StreamWindows();
    // 1 source, 2 decode, 3 event, 4 route, 5 format
    this.#reading = new Reading({
      config,
      log,
      label,
      pool,
      slot,
      tracker: this.#tracker,
      windows,
      queues: this.#outlet.queues,
      hold: (held) => this.#outlet.hold(held),
      checkpoint: () => state.load(),
      onChange: enriching.onChange,
      history,
      onProgress: (lsn) => this.#reached(lsn),
      onStart: () => this.#started(),
      onReconnect: (error, delay) => this.#reconnecting(error, delay),
    });
    const beside = { config, log, systemId: slot.identity.systemId, origin, pool };
    this.#scheduling = new Scheduling({
      ...beside,
      store: state.held,
      database: new ReadOnlyDatabase(config.source.url),
      hasRead: (at) => this.#reading.hasRead(at),
      refresh: (endpoint) => this.#outlet.refresh(endpoint),
    });
    this.#backfilling = new Backfilling({ ...beside, store: state.backfills, dispatcher: this.#outlet, windows, received: () => this.#reading.received.lsn });
    this.#upkeep = new Upkeep({ config, log, userAgent, opened: { pool, slot, state }, behind: () => this.#reading.behind, outlet: this.#outlet, rotating: this.#rotating });
  }

  /** Drains: stops reading, finishes what is in flight, parks the rest, stores the checkpoint. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    await this.#stopping.then(this.#finished.resolve, (error: unknown) => {
      this.#finished.reject(error);
      throw error;
    });
  }

  status(): DaemonStatus {
    const { budget } = this.#outlet;
    return {
      problems: [...this.#troubles.sentences, ...this.#outlet.problems],
      state: this.#phase,
      slot: this.#slot.name,
      received: formatLsn(this.#reading.received.lsn),
      confirmed: formatLsn(this.#reading.confirmed),
      behind: this.#reading.behind,
      in_flight: { deliveries: budget.deliveries, bytes: budget.bytes },
      endpoints: this.#outlet.status,
      engine: this.#outlet.engine,
      wal: this.#upkeep.wal,
    };
  }

  /** For people's operations: what is stored, who sends it, and who signs it with what. Null unless it runs. */
  get acting(): Acting | null {
    if (this.#phase !== 'streaming' && this.#phase !== 'reconnecting') return null;
    const { config } = this.#options;
    const lanes: Acting['lanes'] = (table, key) => rowLanes({ config, database: this.#rows }, table, key);
    return { stored: this.#state.deliveries, engine: this.#outlet, rotating: this.#rotating, delivered: this.#delivered ?? (config.history === null ? null : this.#state.history), lanes };
  }

  /** Null unless it runs. */
  get backfills(): BackfillOperations | null {
    return this.acting === null ? null : this.#backfilling;
  }

  async #run(): Promise<void> {
    await this.#upkeep.restore();
    this.#drainFrom = (await this.#outlet.restore()) ?? NO_LSN;
    this.#checkpointer.start();
    this.#reading.run().catch((error: unknown) => this.#sourceEnded(error));
    await this.#streaming.promise;
    this.#scheduling.start();
    void this.#backfilling.start();
    this.#upkeep.start();
    this.#delivered?.start();
  }

  #started(): void {
    this.#troubles.end('source');
    if (this.#phase === 'draining' || this.#phase === 'stopped') return;
    this.#phase = 'streaming';
    void this.#slot.begun();
    this.#reached(this.#reading.received.lsn);
    this.#streaming.resolve();
  }

  #reconnecting(error: Error, delay: number): void {
    if (this.#phase === 'streaming') this.#phase = 'reconnecting';
    if (!this.#troubles.sentences.includes(error.message)) {
      const hint = error instanceof WalhookError && error.hint !== null ? { hint: error.hint } : {};
      this.#options.log.warn(hint, `${error.message}; trying again, first in ${delay} ms`);
    }
    this.#troubles.begin('source', error.message);
    // The slot may be held by what is left of our own connection, or by another daemon: a write that is refused tells.
    if (codeOf(error) === 'slot_in_use') this.#checkpoints.save(this.#tracker.safe).catch(() => undefined);
  }

  /** The stream has been read up to an LSN. */
  #reached(lsn: Lsn): void {
    // A transaction that commits where the stream stands is still to come.
    if (this.#isDraining || (this.#drainFrom !== NO_LSN && lsn <= this.#drainFrom)) return;
    this.#isDraining = true;
    this.#outlet.startDraining();
  }

  /** It is tried again at every interval: only the first failure is news. */
  #checkpointFailed(error: unknown): void {
    const what = 'the checkpoint cannot be stored, so no LSN is confirmed';
    const sentence = error instanceof Error ? `${what}: ${error.message}` : what;
    if (this.#troubles.begin('checkpoint', sentence)) this.#options.log.error({ err: error }, what);
  }

  #checkpointRecovered(): void {
    this.#troubles.end('checkpoint');
    this.#options.log.info('the checkpoint is stored again');
  }

  /** The source cannot go on. What has been read is still delivered, unless another daemon does that, and confirmed as far as it can be. */
  #sourceEnded(error: unknown): void {
    if (codeOf(error) === RESTART.slotTaken) this.#dethrone(error);
    else this.#end(error, () => this.#drain());
  }

  /** Another daemon has taken over: what is in memory is dropped, for the other one sends it. */
  #dethrone(error: unknown): void {
    this.#end(error, () => abandon(this.#parts()));
  }

  #end(error: unknown, how: () => Promise<void>): void {
    if (this.#stopping !== null) return;
    const end = (): void => {
      this.#phase = 'stopped';
      this.#streaming.reject(error);
      this.#finished.reject(error);
    };
    this.#phase = 'draining';
    this.#reading.halt();
    void this.#scheduling.stop();
    void this.#backfilling.stop();
    this.#stopping = how();
    this.#stopping.then(end, end);
  }

  async #drain(): Promise<void> {
    this.#phase = 'draining';
    this.#reading.halt();
    await inTime(Promise.all([this.#scheduling.stop(), this.#backfilling.stop()]), SCHEDULING_GRACE);
    const { log, config } = this.#options;
    await drain({ ...this.#parts(), log, shutdown: config.limits.shutdown, fenced: this.#state.fenced });
    this.#phase = 'stopped';
  }

  #parts() {
    return { reading: this.#reading, dispatcher: this.#outlet, checkpointer: this.#checkpointer, release: () => this.#release() };
  }

  async #release(): Promise<void> {
    this.#released ??= Promise.all([this.#upkeep.stop(), this.#scheduling.stop(), this.#backfilling.close(), this.#rows.close(), this.#delivered?.close()]).then(() => Promise.all([this.#state.close(), this.#pool.end(), this.#slot.begun(), this.#options.tracer?.close()]));
    await this.#released;
  }
}
