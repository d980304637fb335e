import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { WalhookError } from './errors.ts';
import type { History } from './history/history.ts';
import { HistoryWriter } from './history/history-writer.ts';
import { RingDelivered } from './history/ring-delivered.ts';
import type { Delivered, DeliveredFilter } from './kept-attempts.ts';
import { inTime } from './patience.ts';
import type { DurableState } from './state.ts';

/** Deliveries that arrived where a process that only reads the slot is asked, and nothing of them is in the state schema. */
const WITH_OTHERS: Delivered = {
  list: refuse,
  count: refuse,
  show: () => Promise.resolve([]),
  replayable: refuse,
  replay: refuse,
};

function refuse(): Promise<never> {
  const error = new WalhookError('this process only reads the slot: what arrived of late is with the workers, each of which knows its own', {
    code: 'other_role',
    hint: 'ask a process that runs with `walhook run --role deliver`, or keep it for all of them in the configuration: history: 7d',
  });
  return Promise.reject(error);
}

/** How long the end of a daemon, or a list, waits for what is being written, in milliseconds. */
const GRACE = 1_000;

export interface DeliveredHistoryOptions {
  readonly config: Pick<Config, 'endpoints' | 'hooks' | 'tables' | 'history'>;
  readonly history: History;
  readonly state: Pick<DurableState, 'history' | 'parking'>;
  readonly log: Logger;
  /** There is a state schema to keep it in. */
  readonly isKept: boolean;
  /** False: others deliver, and keep what arrived; here it is only looked at. Default: true. */
  readonly delivers?: boolean;
}

/** What arrived of late, as a daemon has it: in memory, or in the state schema, where `history` says so. */
export class DeliveredHistory implements Delivered {
  readonly #end: () => void;
  readonly #writer: HistoryWriter | null;
  readonly #kept: Delivered;

  constructor({ config, history, state, log, isKept, delivers = true }: DeliveredHistoryOptions) {
    const settings = isKept ? config.history : null;
    const store = settings === null ? null : state.history;
    if (delivers) history.begin(config, store, settings?.rate);
    else history.know(config, store);
    this.#end = () => history.end(state.history);
    this.#writer = settings === null || !delivers ? null : new HistoryWriter({ ring: history.attemptRing, store: state.history, log, ...settings });
    this.#kept = settings !== null ? state.history : delivers ? new RingDelivered(history.attemptRing, (batch) => state.parking.park(batch)) : WITH_OTHERS;
    if (this.#writer !== null) history.lost = () => this.#writer?.dropped ?? 0;
  }

  /** Once the slot is ours: until then another daemon writes. */
  start(): void {
    this.#writer?.start();
  }

  async close(): Promise<void> {
    if (this.#writer !== null) await inTime(this.#writer.close(), GRACE);
    this.#end();
  }

  async list(query: Parameters<Delivered['list']>[0]): ReturnType<Delivered['list']> {
    await this.#written();
    return this.#kept.list(query);
  }

  async count(filter: DeliveredFilter): ReturnType<Delivered['count']> {
    await this.#written();
    return this.#kept.count(filter);
  }

  async show(id: string): ReturnType<Delivered['show']> {
    await this.#written();
    return this.#kept.show(id);
  }

  async replayable(filter: DeliveredFilter): ReturnType<Delivered['replayable']> {
    await this.#written();
    return this.#kept.replayable(filter);
  }

  async replay(...given: Parameters<Delivered['replay']>): ReturnType<Delivered['replay']> {
    await this.#written();
    return this.#kept.replay(...given);
  }

  /** What came last is to be in the answer. */
  async #written(): Promise<void> {
    if (this.#writer !== null) await inTime(this.#writer.flush(), GRACE);
  }
}
