import type { KafkaClusterConfig } from '../config.ts';
import type { Group, Member, Part } from '../engine/port.ts';
import type { WalhookError } from '../errors.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import { KafkaClient } from './cluster.ts';
import { Coordinator } from './coordinator.ts';
import { answered, kafkaFailure } from './failure.ts';
import { Heart } from './heart.ts';
import { Holding } from './holding.ts';
import { committedOffsets, EARLIEST, LATEST, listOffsets } from './offsets.ts';
import { type Dealt, Seat } from './seat.ts';

export interface GroupOptions {
  readonly cluster: KafkaClusterConfig;
  readonly group: string;
  readonly topics: readonly string[];
  /** The name by which people know the process. */
  readonly clientId: string;
  /** Milliseconds without a heartbeat after which the group goes on without us. */
  readonly session: number;
  /** Milliseconds that `Member.revoked` may take: the others wait for it. It may be longer than the session, for heartbeats go on meanwhile. */
  readonly patience: number;
  /** Where a part begins for which the group has committed nothing. */
  readonly from: 'earliest' | 'latest';
  /** One member has all parts, the others stand by with none. */
  readonly exclusive: boolean;
  readonly member: Member;
  /** Retention took records from `from` on before they were read; it goes on at `to`. They are lost. */
  readonly onLoss: (part: Part, from: bigint, to: bigint) => void;
}

/** Milliseconds: for a request that is answered at once, to say goodbye, and between looks for new partitions. */
const ANSWER = 10_000;
const GOODBYE = 3_000;
const LOOK = 30_000;

/** Becomes a member of a consumer group, and again whenever it has lost its place, until `leave`. */
export function joinGroup(options: GroupOptions): Group {
  return new KafkaGroup(options);
}

type Outcome = 'again' | 'left';

/** Of the parts that were dealt, in their order. */
interface Offsets {
  readonly start: readonly bigint[];
  readonly end: readonly bigint[];
  readonly committed: readonly (bigint | null)[];
}

class KafkaGroup implements Group {
  readonly done: Promise<void>;
  readonly #options: GroupOptions;
  readonly #leaving = new AbortController();
  readonly #left: Promise<'left'>;
  readonly #run: Promise<void>;
  readonly #joined = Promise.withResolvers<void>();
  #had: { readonly parts: readonly Part[]; readonly generation: number } = { parts: [], generation: -1 };
  #everJoined = false;
  #failures = 0;
  #problem: string | null;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#problem = `has not joined group ${options.group} yet`;
    this.done = this.#joined.promise;
    this.done.catch(() => {});
    this.#left = new Promise((resolve) => this.#leaving.signal.addEventListener('abort', () => resolve('left')));
    this.#run = this.#keep();
  }

  get problem(): string | null {
    return this.#problem;
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#run;
  }

  async #keep(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      try {
        await this.#member();
      } catch (error) {
        const failure = this.#failed(error);
        // What only an operator can help with is told at the start; later it is waited out.
        if (failure.reaction === 'stop' && !this.#everJoined) {
          this.#joined.reject(failure);
          return;
        }
        await pause(backoff(++this.#failures), this.#leaving.signal);
      }
    }
    this.#joined.resolve();
    this.#problem = null;
  }

  #failed(error: unknown): WalhookError {
    const failure = kafkaFailure(error, { cluster: this.#options.cluster, what: `be a member of group ${this.#options.group}` });
    this.#problem = failure.message;
    return failure;
  }

  /** From the first join until it leaves. Rejects if it has lost its place, or cannot get one. */
  async #member(): Promise<void> {
    const { cluster, clientId, group, topics, session, patience, exclusive } = this.#options;
    const rebalance = session + patience;
    const client = new KafkaClient(cluster, { clientId, requestTimeout: session + rebalance + ANSWER });
    const coordinator = new Coordinator(client, group);
    const seat = new Seat({ client, coordinator, group, topics, session, rebalance, exclusive });
    try {
      for (let outcome: Outcome = 'again'; outcome === 'again' && !this.#leaving.signal.aborted;) {
        const dealt = await Promise.race([this.#join(seat), this.#left]);
        outcome = dealt === 'left' ? dealt : await this.#hold(client, { coordinator, seat, dealt });
      }
    } finally {
      client.close();
      await this.#goodbye(seat.id);
    }
  }

  /** Until it is a member. What the group's own changes bring about is tried again at once. */
  async #join(seat: Seat): Promise<Dealt> {
    this.#problem ??= `waits for group ${this.#options.group}, which is being dealt anew`;
    for (;;) {
      try {
        return await seat.join(this.#had);
      } catch (error) {
        if (this.#leaving.signal.aborted || !answered(error, 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION')) throw error;
      }
    }
  }

  async #hold(client: KafkaClient, { coordinator, seat, dealt }: { readonly coordinator: Coordinator; readonly seat: Seat; readonly dealt: Dealt }): Promise<Outcome> {
    const { cluster, clientId, session, patience, member } = this.#options;
    const heart = new Heart({ beat: (timeout) => seat.heartbeat(timeout), session, rebalance: session + patience, sent: dealt.sent });
    const reading = new KafkaClient(cluster, { clientId, requestTimeout: ANSWER });
    const over = new AbortController();
    let holding: Holding | null = null;
    try {
      const ended = Promise.race([heart.lost, heart.rebalancing.then(() => 'again' as const), this.#left, this.#grown(client, dealt, over.signal)]);
      const found = await Promise.race([this.#offsets(client, { coordinator, dealt, over: over.signal }), ended]);
      if (found instanceof Error) throw found;
      if (typeof found === 'string') return found;
      holding = new Holding({ dealt, ...found, seat, heart, reading, onLoss: this.#options.onLoss, onTrouble: (error) => this.#trouble(error) });
      this.#problem = null;
      this.#had = { parts: dealt.parts, generation: dealt.generation };
      // A part that begins at the end must go on there, though nothing comes of it now: what comes while nobody reads would be left out.
      if (this.#options.from === 'latest') await holding.commit(found.start);
      const assigned = member.assigned(holding);
      this.#everJoined = true;
      this.#joined.resolve();
      const refused = await assigned.then(() => null, asError);
      // One that cannot begin comes back ever more seldom: each time, the others have to let go.
      if (refused === null) this.#failures = 0;
      const end = refused ?? await Promise.race([ended, holding.givenUp]);
      holding.halt();
      // What is let go in good order is over, even if the group has not waited for it.
      const failure = end instanceof Error ? end : await member.revoked().then(() => null, asError);
      heart.stop();
      if (failure === null) return end instanceof Error ? 'again' : end;
      this.#failed(failure);
      await member.lost(failure).catch(() => {});
      throw failure;
    } finally {
      over.abort();
      heart.stop();
      holding?.halt();
      reading.close();
    }
  }

  async #offsets(client: KafkaClient, { coordinator, dealt: { parts }, over }: { readonly coordinator: Coordinator; readonly dealt: Dealt; readonly over: AbortSignal }): Promise<Offsets> {
    const { group, from } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        const committed = await coordinator.ask((broker) => committedOffsets(client, broker, { group, parts }), ANSWER);
        const end = await listOffsets(client, parts, LATEST);
        const first = from === 'latest' ? end : await listOffsets(client, parts, EARLIEST);
        return { start: committed.map((offset, index) => offset ?? first[index] ?? 0n), end, committed };
      } catch (error) {
        if (over.aborted) throw error;
        this.#failed(error);
        await pause(backoff(failures), over);
        // Asked now, it would stand behind the next join, and take the connection with it when its time is over.
        if (over.aborted) throw error;
      }
    }
  }

  /** Resolves when there are more partitions than were dealt. Only who dealt them looks. */
  async #grown(client: KafkaClient, { counts }: Dealt, over: AbortSignal): Promise<'again'> {
    for (;;) {
      await pause(LOOK, over);
      if (over.aborted || counts === null) return await new Promise(() => {});
      const metadata = await client.metadata(this.#options.topics, true).catch(() => null);
      if (metadata !== null && [...counts].some(([topic, count]) => (metadata.topics.get(topic)?.partitionsCount ?? 0) > count)) return 'again';
    }
  }

  #trouble(error: unknown): void {
    this.#problem = error === null ? null : kafkaFailure(error, { cluster: this.#options.cluster, what: `read ${this.#options.topics.join(', ')}` }).message;
  }

  /** Whatever ended the membership, the others need not wait for its end. Over a connection of its own: the other may be waiting for the group. */
  async #goodbye(id: string): Promise<void> {
    if (id === '') return;
    const { cluster, clientId, group } = this.#options;
    const client = new KafkaClient(cluster, { clientId, requestTimeout: GOODBYE });
    try {
      await new Coordinator(client, group).leave(id, GOODBYE);
    } catch {
      // Then the group waits until the session is over.
    } finally {
      client.close();
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
