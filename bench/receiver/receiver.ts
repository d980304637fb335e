import { type ChildProcess, fork } from 'node:child_process';
import type { Arrival, Counted, Order, Reply } from './message.ts';

/** What is being counted: when it began to count, and what it came to. */
export interface Counting {
  readonly began: Promise<void>;
  readonly counted: Promise<Counted>;
}

export interface CountOptions {
  readonly what: 'requests' | 'rows';
  readonly skip: number;
  readonly until: number;
  readonly keep?: number;
}

/** The receiver's process, from the suite's side. */
export class Receiver {
  static async start(): Promise<Receiver> {
    const child = fork(new URL('main.ts', import.meta.url), { serialization: 'advanced' });
    const receiver = new Receiver(child);
    const { port, hangingPort } = await receiver.#next('listening');
    receiver.#ports = { port, hangingPort };
    return receiver;
  }

  readonly #child: ChildProcess;
  readonly #gone = Promise.withResolvers<void>();
  readonly #waiting = new Set<(reply: Reply | null) => void>();
  #ports = { port: 0, hangingPort: 0 };

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => this.#hear(reply));
    child.once('exit', () => {
      this.#hear(null);
      this.#gone.resolve();
    });
  }

  get port(): number {
    return this.#ports.port;
  }

  /** Takes requests and never answers. */
  get hangingPort(): number {
    return this.#ports.hangingPort;
  }

  /** Counts from the next request on, and measures from when `skip` have come. `keep`: of so many requests the bodies are kept; default: none. */
  count({ what, skip, until, keep = 0 }: CountOptions): Counting {
    const began = this.#next('began').then(() => undefined);
    const counted = this.#next('counted').then((reply) => reply.counted);
    // Who waits for one of the two need not wait for the other.
    began.catch(() => undefined);
    counted.catch(() => undefined);
    this.#order({ kind: 'count', what, skip, until, keep });
    return { began, counted };
  }

  /** How long each of so many requests took from the time in its body until it came, in milliseconds, as they came. */
  async stamp(until: number): Promise<readonly number[]> {
    const stamped = this.#next('stamped');
    this.#order({ kind: 'stamp', until });
    return (await stamped).latencies;
  }

  /** From now on keeps what comes of beats. Resolves when so many different ones have come. */
  async record(until: number): Promise<void> {
    const complete = this.#next('complete');
    this.#order({ kind: 'record', until });
    await complete;
  }

  /** What has come since `record`. */
  async arrivals(): Promise<readonly Arrival[]> {
    const recorded = this.#next('recorded');
    this.#order({ kind: 'report' });
    return (await recorded).arrivals;
  }

  /** From now on answers after so many milliseconds. */
  delay(ms: number): void {
    this.#order({ kind: 'delay', ms });
  }

  /** From now on answers with this status. */
  answerWith(status: 204 | 500): void {
    this.#order({ kind: 'answer', status });
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone.promise;
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  /** The next reply of a kind. Rejects if the process ends before. */
  #next<Kind extends Reply['kind']>(kind: Kind): Promise<Reply & { readonly kind: Kind }> {
    return new Promise((resolve, reject) => {
      const hear = (reply: Reply | null): void => {
        if (reply !== null && reply.kind !== kind) return;
        this.#waiting.delete(hear);
        if (reply === null) reject(new Error('the receiver has ended'));
        else resolve(reply as Reply & { readonly kind: Kind });
      };
      this.#waiting.add(hear);
    });
  }

  #hear(reply: Reply | null): void {
    for (const hear of this.#waiting) hear(reply);
  }
}
