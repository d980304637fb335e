import type { Logger } from 'pino';
import type { Config, DeadLettersConfig } from './config.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import { EngineWatch } from './engine-watch.ts';
import type { Notice } from './notice.ts';
import { Notices } from './notices.ts';
import { LagWatch } from './observe/lag-watch.ts';
import type { Opened } from './opening.ts';
import type { Outlet } from './outlet.ts';
import type { Rotating } from './rotating.ts';
import { WalHealth, type WalReport } from './source/wal-health.ts';

/** How often what is stored is pruned by age, in milliseconds. */
const PRUNE_INTERVAL = 3_600_000;
/**
 * How often by number, for each 10,000 that are kept: an endpoint that refuses everything makes many in an hour, and to
 * find that there is nothing to do takes some 40 ms for so many.
 */
const NUMBER_INTERVAL = 60_000;
const NUMBER_STEP = 10_000;
/** How often it is looked what was done to endpoints at workers, in milliseconds. */
const WATCH_INTERVAL = 1_000;

export interface UpkeepOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly userAgent: string;
  readonly opened: Pick<Opened, 'pool' | 'slot' | 'state'>;
  /** How far reading is behind, in milliseconds. */
  readonly behind: () => number;
  readonly outlet: Pick<Outlet, 'queues' | 'engine'>;
  readonly rotating: Rotating;
}

/** What is looked after beside the way of the data: by time, and never in its way. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #notices: Notices;
  readonly #lag: LagWatch;
  readonly #wal: WalHealth;
  /** Null: no other process does anything to endpoints. */
  readonly #watch: EndpointWatch | null;
  readonly #engine: EngineWatch;
  readonly #timers: NodeJS.Timeout[] = [];
  #isPruning = false;
  #isStopped = false;

  constructor(options: UpkeepOptions) {
    const { config, log, opened, behind, outlet, rotating } = options;
    const { state } = opened;
    this.#options = options;
    this.#notices = new Notices(options);
    this.#lag = new LagWatch({ behind, most: config.notify.lag, onNotice: (notice) => this.#lagging(notice) });
    this.#wal = new WalHealth({
      pool: opened.pool,
      slot: opened.slot.name,
      within: config.notify.wal,
      onNotice: (notice, reason) => {
        if (notice.type === 'wal.running_out') log.error({ ...notice }, `WAL runs out: ${reason}`);
        else log.info({ ...notice }, reason);
        this.tell(notice);
      },
    });
    this.#engine = new EngineWatch({ problem: () => outlet.engine?.problem ?? null, log });
    this.#watch = config.engine === null ? null : new EndpointWatch({ marks: () => state.marks(), queues: outlet.queues, store: state.parking, rotating, interval: WATCH_INTERVAL, log });
  }

  /** Reads what is stored of endpoints' secrets. To be awaited before the outlet is restored: what others do from then on is heard. */
  async restore(): Promise<void> {
    await this.#options.rotating.restore();
    await this.#watch?.look();
  }

  /** The WAL that is kept for the slot; null where it has not been looked at yet. */
  get wal(): WalReport | null {
    return this.#wal.latest;
  }

  start(): void {
    this.#lag.start();
    // Without state there is nothing else to look after.
    if (this.#options.opened.slot.temporary) return;
    this.#wal.start();
    this.#watch?.start();
    this.#engine.start();
    void this.#tellForgotten();
    const { dead_letters: { keep, most }, hooks } = this.#options.config;
    const isAged = keep !== null || hooks.some(({ cooldown }) => cooldown !== null);
    if (!isAged && most === null) return;
    if (isAged) this.#timers.push(setInterval(() => void this.#prune({ keep, most }), PRUNE_INTERVAL).unref());
    if (most !== null) this.#timers.push(setInterval(() => void this.#prune({ keep: null, most }), numberInterval(most)).unref());
    void this.#prune({ keep, most });
  }

  /** For the endpoints of `notify`. */
  tell(notice: Notice): void {
    this.#notices.tell(notice);
  }

  async stop(): Promise<void> {
    this.#lag.stop();
    this.#watch?.stop();
    this.#engine.stop();
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([this.#wal.stop(), this.#notices.stop()]);
  }

  #lagging(notice: Notice): void {
    const { log } = this.#options;
    if (notice.type === 'lag') log.warn({ seconds: notice.seconds }, `reading is ${notice.seconds} s behind what was committed`);
    else log.info('reading has caught up');
    this.tell(notice);
  }

  /** What is stored for endpoints that the configuration does not have is never sent, and nobody would notice. */
  async #tellForgotten(): Promise<void> {
    const { config, log, opened } = this.#options;
    const configured = new Set(config.endpoints.map(({ name }) => name));
    const gone = async (fate: 'parked' | 'dead'): Promise<[string, number][]> =>
      [...(await opened.state.deliveries.count({ fate }))].filter(([name]) => !configured.has(name));
    try {
      const [parked, dead] = await Promise.all([gone('parked'), gone('dead')]);
      if (parked.length + dead.length === 0) return;
      const names = [...new Set([...parked, ...dead].map(([name]) => name))].join(', ');
      const counts = { ...(parked.length > 0 ? { parked: Object.fromEntries(parked) } : {}), ...(dead.length > 0 ? { dead: Object.fromEntries(dead) } : {}) };
      const hint = 'put them back into the configuration, or: walhook discard --endpoint <name>, walhook discard --parked --endpoint <name>';
      log.warn({ ...counts, hint }, `deliveries are stored for endpoints that the configuration does not have, and are not sent: ${names}`);
    } catch (error) {
      if (!this.#isStopped) log.warn({ err: error }, 'it cannot be told whether deliveries are stored for endpoints that the configuration does not have');
    }
  }

  async #prune(keep: DeadLettersConfig): Promise<void> {
    const { config, log, opened } = this.#options;
    if (this.#isPruning) return;
    this.#isPruning = true;
    try {
      const dropped = await opened.state.deliveries.prune(keep);
      if (config.hooks.some(({ cooldown }) => cooldown !== null)) await opened.state.claims.prune();
      if (dropped.size > 0) log.info({ dropped: Object.fromEntries(dropped) }, 'dead letters were dropped, as dead_letters of the configuration says');
    } catch (error) {
      if (!this.#isStopped) log.warn({ err: error }, 'what is stored could not be pruned; it is tried again');
    } finally {
      this.#isPruning = false;
    }
  }
}

function numberInterval(most: number): number {
  return Math.min(PRUNE_INTERVAL, NUMBER_INTERVAL * Math.max(1, Math.ceil(most / NUMBER_STEP)));
}
