import type { Assignment, Part, RecordReader } from '../engine/port.ts';
import { WalhookError } from '../errors.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import type { KafkaClient } from './cluster.ts';
import { answered } from './failure.ts';
import { Fetcher } from './fetcher.ts';
import type { Heart } from './heart.ts';
import type { Dealt, Seat } from './seat.ts';

export interface HoldingOptions {
  readonly dealt: Dealt;
  readonly start: readonly bigint[];
  readonly end: readonly bigint[];
  readonly committed: readonly (bigint | null)[];
  readonly seat: Seat;
  readonly heart: Heart;
  /** For reading alone: a request that waits for records holds up all others on its connection. */
  readonly reading: KafkaClient;
  readonly onLoss: (part: Part, from: bigint, to: bigint) => void;
  readonly onTrouble: (error: unknown) => void;
}

/** Milliseconds for one try to commit. */
const COMMIT = 5_000;

/** What a member has been dealt, while it has it. */
export class Holding implements Assignment {
  readonly generation: number;
  readonly parts: readonly Part[];
  readonly start: readonly bigint[];
  readonly end: readonly bigint[];
  /** Resolves with why, once it has been given up. */
  readonly givenUp: Promise<Error>;
  readonly giveUp: (reason: Error) => void;
  readonly #options: HoldingOptions;
  readonly #committed: (bigint | null)[];
  #fetcher: Fetcher | null = null;
  #paused = false;
  #halted = false;

  constructor(options: HoldingOptions) {
    this.#options = options;
    ({ promise: this.givenUp, resolve: this.giveUp } = Promise.withResolvers<Error>());
    this.generation = options.dealt.generation;
    this.parts = options.dealt.parts;
    this.start = options.start;
    this.end = options.end;
    this.#committed = [...options.committed];
  }

  get leaseUntil(): number {
    return this.#options.heart.leaseUntil;
  }

  get restFrom(): number {
    return this.#options.heart.restFrom;
  }

  read(reader: RecordReader): void {
    if (this.#fetcher !== null || this.#halted) return;
    const { reading: client, onLoss, onTrouble } = this.#options;
    this.#fetcher = new Fetcher({ client, parts: this.parts, start: this.start, reader, onLoss, onTrouble });
    if (this.#paused) this.#fetcher.pause();
    this.#fetcher.run();
  }

  pause(): void {
    this.#paused = true;
    this.#fetcher?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#fetcher?.resume();
  }

  halt(): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#fetcher?.halt();
    this.#options.reading.close();
  }

  async commit(next: readonly bigint[]): Promise<void> {
    const moved = this.parts.flatMap((part, index) => {
      const offset = next[index];
      return offset === undefined || offset === this.#committed[index] ? [] : [{ part, index, offset }];
    });
    if (moved.length === 0) return;
    const request = { generation: this.generation, parts: moved.map(({ part }) => part), next: moved.map(({ offset }) => offset) };
    for (let failures = 1; performance.now() < this.leaseUntil; failures++) {
      try {
        await this.#options.seat.commit(request, Math.min(COMMIT, Math.max(1, this.leaseUntil - performance.now())));
        for (const { index, offset } of moved) this.#committed[index] = offset;
        return;
      } catch (error) {
        if (answered(error, 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS')) throw this.#fenced(error);
        await pause(Math.min(backoff(failures), Math.max(1, this.leaseUntil - performance.now())));
      }
    }
    throw this.#fenced(null);
  }

  /** @param cause null: nobody answered for as long as the session is */
  #fenced(cause: unknown): WalhookError {
    const why = cause === null ? 'the brokers have not answered for so long that others may have them' : 'the group has gone on';
    return new WalhookError(`offsets of generation ${this.generation} cannot be committed: ${why}`, { code: 'fenced', reaction: 'retry', ...(cause === null ? {} : { cause }) });
  }
}
