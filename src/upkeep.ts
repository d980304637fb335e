import type { Logger } from 'pino';
import type { Config, EndpointConfig } from './config.ts';
import { Sender } from './deliver/sender.ts';
import { Signer } from './format/signature.ts';
import type { Notice } from './notice.ts';
import { LagWatch } from './observe/lag-watch.ts';
import { Notifier } from './observe/notifier.ts';
import type { Opened } from './opening.ts';
import { WalHealth, type WalReport } from './source/wal-health.ts';

/** How often what is stored is pruned, in milliseconds. */
const PRUNE_INTERVAL = 3_600_000;

export interface UpkeepOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly userAgent: string;
  readonly opened: Opened;
  /** How far reading is behind, in milliseconds. */
  readonly behind: () => number;
}

/** What is looked after beside the way of the data: by time, and never in its way. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #senders: ReadonlyMap<string, Sender>;
  readonly #notifier: Notifier;
  readonly #lag: LagWatch;
  readonly #wal: WalHealth;
  #pruning: NodeJS.Timeout | null = null;

  constructor(options: UpkeepOptions) {
    const { config, log, userAgent, opened, behind } = options;
    this.#options = options;
    const told = config.endpoints.filter(({ name }) => config.notify.to.includes(name));
    this.#senders = new Map(told.map((endpoint) => [endpoint.name, senderOf(endpoint, userAgent)]));
    this.#notifier = new Notifier({ to: new Map([...this.#senders].map(([name, { attempt }]) => [name, attempt])), log });
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
  }

  /** The WAL that is kept for the slot; null where it has not been looked at yet. */
  get wal(): WalReport | null {
    return this.#wal.latest;
  }

  start(): void {
    this.#lag.start();
    if (!this.#options.opened.slot.temporary) this.#wal.start();
    this.#pruning ??= setInterval(() => void this.#prune(), PRUNE_INTERVAL).unref();
    void this.#prune();
  }

  /** For the endpoints of `notify`. */
  tell(notice: Notice): void {
    this.#notifier.tell(notice);
  }

  async stop(): Promise<void> {
    this.#lag.stop();
    if (this.#pruning !== null) clearInterval(this.#pruning);
    this.#notifier.close();
    await Promise.all([this.#wal.stop(), ...[...this.#senders.values()].map((sender) => sender.abort())]);
  }

  #lagging(notice: Notice): void {
    const { log } = this.#options;
    if (notice.type === 'lag') log.warn({ seconds: notice.seconds }, `reading is ${notice.seconds} s behind what was committed`);
    else log.info('reading has caught up');
    this.tell(notice);
  }

  async #prune(): Promise<void> {
    const { config, log, opened } = this.#options;
    try {
      const dropped = await opened.state.deliveries.prune(config.dead_letters);
      if (config.hooks.some(({ cooldown }) => cooldown !== null)) await opened.state.claims.prune();
      if (dropped.size > 0) log.info({ dropped: Object.fromEntries(dropped) }, 'dead letters were dropped, as dead_letters of the configuration says');
    } catch (error) {
      log.warn({ err: error }, 'what is stored could not be pruned; it is tried again in an hour');
    }
  }
}

function senderOf(endpoint: EndpointConfig, userAgent: string): Sender {
  const signer = endpoint.signing === null ? null : new Signer(endpoint.signing.secrets);
  return new Sender(endpoint, { userAgent, sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body) });
}
