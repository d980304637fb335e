import type { Logger } from 'pino';
import type { OutletQueue } from './outlet.ts';
import type { ParkingStore } from './queue/port.ts';
import type { Rotating } from './rotating.ts';
import { type EndpointMark, type EndpointMarks, UNMARKED } from './store/endpoint-marks.ts';

/** What others did to an endpoint since it was looked at last. */
export interface Edge {
  readonly endpoint: string;
  /** Someone may have paused, disabled or resumed it. Null: nobody did. */
  readonly said: Pick<EndpointMark, 'state' | 'reason'> | null;
  /** Stored deliveries were put in or taken out. */
  readonly touched: boolean;
  readonly rotated: boolean;
}

/** What has changed between two looks, endpoints with nothing new left out. */
export function edges(before: EndpointMarks, now: EndpointMarks): Edge[] {
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((endpoint) => {
    const [was, is] = [before.get(endpoint) ?? UNMARKED, now.get(endpoint) ?? UNMARKED];
    // Paused and resumed again between two looks, it is as it was: not where it was paused.
    const said = was.state === is.state && was.reason === is.reason && was.written === is.written ? null : { state: is.state, reason: is.reason };
    const edge = { endpoint, said, touched: was.touched !== is.touched, rotated: was.rotation !== is.rotation };
    return said !== null || edge.touched || edge.rotated ? [edge] : [];
  });
}

export interface EndpointWatchOptions {
  readonly marks: () => Promise<EndpointMarks>;
  readonly queues: ReadonlyMap<string, Pick<OutletQueue, 'hear' | 'refresh' | 'state'>>;
  /** What the queues read. */
  readonly store: Pick<ParkingStore, 'lastParked'>;
  readonly rotating: Pick<Rotating, 'reread'>;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly log: Logger;
}

/**
 * Does here what people did to endpoints at other processes that share the state: pauses, resumes, reads stored deliveries again, and
 * changes secrets. What was done here is seen too, and is done already.
 */
export class EndpointWatch {
  readonly #options: EndpointWatchOptions;
  #known: EndpointMarks | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;
  #fails = false;

  constructor(options: EndpointWatchOptions) {
    this.#options = options;
  }

  /**
   * One look. The first only remembers how things are: it belongs before the queues are restored, so that nothing is missed between.
   * @throws what `marks` throws
   */
  look(): Promise<void> {
    const look = this.#looking.then(() => this.#look());
    this.#looking = look.catch(() => undefined);
    return look;
  }

  /** Looks once in each interval from now on, whatever fails. */
  start(): void {
    this.#timer = setTimeout(() => void this.#tick(), this.#options.interval);
  }

  /** Nothing more is begun. What is being read again is not waited for: a store that is away may hold it. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    try {
      await this.look();
      this.#fails = false;
    } catch (error) {
      // It is seen with the next look that succeeds.
      if (!this.#fails && !this.#stopped) this.#options.log.warn(`what others do to endpoints cannot be seen: ${error instanceof Error ? error.message : String(error)}`);
      this.#fails = true;
    }
    if (!this.#stopped) this.start();
  }

  async #look(): Promise<void> {
    const now = await this.#options.marks();
    const before = this.#known;
    const found = edges(before ?? now, now);
    for (const { endpoint, said } of found) if (said !== null) this.#hear(endpoint, said);
    if (found.some(({ rotated }) => rotated)) await this.#options.rotating.reread();
    for (const { endpoint, touched } of found) if (touched) await this.#refresh(endpoint);
    // Not before all is done: what fails is seen again.
    this.#known = now;
  }

  #hear(endpoint: string, said: Pick<EndpointMark, 'state' | 'reason'>): void {
    const { queues, log } = this.#options;
    const queue = queues.get(endpoint);
    if (queue === undefined || this.#stopped) return;
    const { state, reason } = queue.state.condition;
    if (said.state === state && said.reason === reason) return;
    log.info({ endpoint, reason: said.reason }, `the endpoint is ${said.state}: another process says so`);
    queue.hear(said);
  }

  async #refresh(endpoint: string): Promise<void> {
    const queue = this.#options.queues.get(endpoint);
    if (queue === undefined || this.#stopped) return;
    const { mode, blocked } = queue.state;
    // To be read again, all that is in memory must be stored first: not for what is in the lanes of others.
    if (mode !== 'direct' || blocked > 0 || (await this.#options.store.lastParked(endpoint)) !== null) await queue.refresh();
  }
}
