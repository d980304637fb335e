import { type ClusterMetadata, protocolErrorsCodesById } from '@platformatic/kafka';
import type { Part, RecordReader } from '../engine/port.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import type { KafkaClient } from './cluster.ts';
import { type FetchedPart, fetchParts } from './fetch-request.ts';
import { EARLIEST, listOffsets } from './offsets.ts';
import { readBatches } from './read-batches.ts';

export interface FetcherOptions {
  readonly client: KafkaClient;
  readonly parts: readonly Part[];
  readonly start: readonly bigint[];
  readonly reader: RecordReader;
  /** Records from `from` on are not there any more; it goes on at `to`. */
  readonly onLoss: (part: Part, from: bigint, to: bigint) => void;
  /** Why it cannot read; null: it can again. */
  readonly onTrouble: (error: unknown) => void;
}

const OUT_OF_RANGE = 1;
const NOBODY = -1;

/** Reads the parts of one generation, with one request under way for each broker that leads some of them. */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #next: bigint[];
  /** Who leads each part; NOBODY: to be asked. */
  readonly #leaders: number[];
  readonly #reading = new Set<number>();
  readonly #halting = new AbortController();
  #metadata: ClusterMetadata | null = null;
  #failures = 0;
  #finding = false;
  #resumed: PromiseWithResolvers<void> | null = null;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#next = [...options.start];
    this.#leaders = options.parts.map(() => NOBODY);
  }

  run(): void {
    if (this.#options.parts.length > 0) this.#find();
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  halt(): void {
    this.#halting.abort();
    this.resume();
  }

  get #halted(): boolean {
    return this.#halting.signal.aborted;
  }

  /** Asks who leads the parts that nobody is known to lead, and reads them. */
  #find(): void {
    if (this.#finding) return;
    this.#finding = true;
    void this.#lead().finally(() => {
      this.#finding = false;
      if (!this.#halted && this.#leaders.includes(NOBODY)) this.#find();
    });
  }

  async #lead(): Promise<void> {
    if (this.#failures > 0) await pause(backoff(this.#failures), this.#halting.signal);
    if (this.#halted) return;
    try {
      this.#metadata = await this.#options.client.metadata([...new Set(this.#options.parts.map(({ topic }) => topic))], true);
    } catch (error) {
      if (!this.#halted) this.#failed(error);
      return;
    }
    const { topics, brokers } = this.#metadata;
    this.#options.parts.forEach(({ topic, partition }, index) => {
      if (this.#leaders[index] !== NOBODY) return;
      const leader = topics.get(topic)?.partitions[partition]?.leader ?? NOBODY;
      if (brokers.has(leader)) this.#leaders[index] = leader;
      else this.#failed(new Error(`${topic}/${partition} has no leader at the moment`));
    });
    for (const leader of new Set(this.#leaders)) if (leader !== NOBODY && !this.#reading.has(leader)) void this.#read(leader);
  }

  async #read(leader: number): Promise<void> {
    this.#reading.add(leader);
    try {
      for (let turn = 0; !this.#halted; turn++) {
        await this.#unpaused();
        const led = this.#led(leader, turn);
        if (led.length === 0 || this.#halted) return;
        await this.#round(leader, led);
      }
    } finally {
      this.#reading.delete(leader);
    }
  }

  /** The parts that it leads, each in its turn first: an answer that is full leaves out those that come last. */
  #led(leader: number, turn: number): number[] {
    const led = this.#leaders.flatMap((of, index) => (of === leader ? [index] : []));
    const first = turn % Math.max(1, led.length);
    return [...led.slice(first), ...led.slice(0, first)];
  }

  async #round(leader: number, led: readonly number[]): Promise<void> {
    const indexes = new Map<string, number>();
    try {
      const broker = this.#metadata?.brokers.get(leader);
      if (broker === undefined) throw new Error('the leader has gone');
      const wanted = led.flatMap((index) => {
        const part = this.#options.parts[index];
        if (part === undefined) return [];
        indexes.set(`${part.topic}/${part.partition}`, index);
        return [{ ...part, topicId: this.#metadata?.topics.get(part.topic)?.id ?? '', from: this.#next[index] ?? 0n }];
      });
      const fetched = await fetchParts(this.#options.client, broker, wanted);
      let failed = false;
      for (const each of fetched) {
        const index = indexes.get(`${each.wanted.topic}/${each.wanted.partition}`);
        if (index === undefined) continue;
        await this.#unpaused();
        if (this.#halted) return;
        failed = !(await this.#take(index, each)) || failed;
      }
      if (!failed) this.#fine();
    } catch (error) {
      if (this.#halted) return;
      for (const index of led) this.#leaders[index] = NOBODY;
      this.#failed(error);
      this.#find();
    }
  }

  /** Whether the part could be read. */
  async #take(index: number, { wanted, errorCode, batches, aborted }: FetchedPart): Promise<boolean> {
    if (errorCode === 0) {
      const { records, next } = readBatches({ batches, aborted, from: wanted.from });
      if (next === wanted.from) return true;
      this.#options.reader(index, records, next);
      this.#next[index] = next;
      return true;
    }
    if (errorCode === OUT_OF_RANGE) {
      const [earliest] = await listOffsets(this.#options.client, [wanted], EARLIEST);
      if (earliest === undefined || this.#halted) return false;
      this.#next[index] = earliest;
      this.#options.onLoss({ topic: wanted.topic, partition: wanted.partition }, wanted.from, earliest);
      // What is gone is read as far as it can be: what waits for the end of the part must not wait for the next record.
      this.#options.reader(index, [], earliest);
      return true;
    }
    this.#leaders[index] = NOBODY;
    this.#failed(new Error(`${wanted.topic}/${wanted.partition}: ${protocolErrorsCodesById[errorCode] ?? errorCode}`));
    this.#find();
    return false;
  }

  async #unpaused(): Promise<void> {
    while (this.#resumed !== null) await this.#resumed.promise;
  }

  #failed(error: unknown): void {
    this.#failures++;
    this.#options.onTrouble(error);
  }

  #fine(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.onTrouble(null);
  }
}
