import { type ClusterMetadata, protocolErrorsCodesById } from '@platformatic/kafka';
import type { Part, RecordReader } from '../engine/port.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import type { KafkaClient } from './cluster.ts';
import { type FetchedPart, fetchParts } from './fetch-request.ts';
import { EARLIEST, listOffsets } from './offsets.ts';
import { readBatches } from './read-batches.ts';

export interface FetcherOptions {
  readonly client: Pick<KafkaClient, 'metadata' | 'connection' | 'api' | 'request'>;
  readonly parts: readonly Part[];
  readonly start: readonly bigint[];
  readonly reader: RecordReader;
  /** Records from `from` on are not there any more; it goes on at `to`. */
  readonly onLoss: (part: Part, from: bigint, to: bigint) => void;
  /** Why some of it cannot be read; null: all can again. */
  readonly onTrouble: (error: unknown) => void;
}

const OUT_OF_RANGE = 1;
const NOBODY = -1;

/** Where one part stands. */
interface Reach {
  readonly part: Part;
  next: bigint;
  /** Who leads it; NOBODY: to be asked. */
  leader: number;
  /** How often in a row it could not be read. */
  failures: number;
  /** When it may be asked who leads it, by performance.now(). */
  due: number;
}

/**
 * Reads the parts of one generation, with one request under way for each broker that leads some of them. A part that cannot be read, be it for
 * itself or with all that its broker leads, rests by itself: the others go on.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #parts: readonly Reach[];
  /** Brokers from which is read. */
  readonly #reading = new Set<number>();
  #halted = false;
  #metadata: ClusterMetadata | null = null;
  /** Ends the wait of who asks for leaders; null: nobody asks. */
  #asking: AbortController | null = null;
  #resumed: PromiseWithResolvers<void> | null = null;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#parts = options.parts.map((part, index) => ({ part, next: options.start[index] ?? 0n, leader: NOBODY, failures: 0, due: 0 }));
  }

  run(): void {
    this.#find();
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  halt(): void {
    this.#halted = true;
    this.#asking?.abort();
    this.resume();
  }

  /** Some parts are nobody's: asks who leads them, once each is due. */
  #find(): void {
    if (this.#asking === null) void this.#ask();
    else this.#asking.abort();
  }

  async #ask(): Promise<void> {
    for (let lost = this.#lost; lost.length > 0 && !this.#halted; lost = this.#lost) {
      this.#asking = new AbortController();
      const wait = Math.min(...lost.map(({ due }) => due)) - performance.now();
      // Another one that comes meanwhile may be due before these.
      if (wait > 0) await pause(wait, this.#asking.signal);
      const due = this.#lost.filter((reach) => reach.due <= performance.now());
      if (due.length > 0 && !this.#halted) await this.#lead(due);
    }
    this.#asking = null;
  }

  get #lost(): Reach[] {
    return this.#parts.filter(({ leader }) => leader === NOBODY);
  }

  /** Finds who leads them, and reads them. */
  async #lead(lost: readonly Reach[]): Promise<void> {
    try {
      this.#metadata = await this.#options.client.metadata([...new Set(this.#options.parts.map(({ topic }) => topic))], true);
    } catch (error) {
      return this.#failed(lost, error);
    }
    const { topics, brokers } = this.#metadata;
    for (const reach of lost) {
      const { topic, partition } = reach.part;
      const leader = topics.get(topic)?.partitions[partition]?.leader ?? NOBODY;
      if (!brokers.has(leader)) this.#failed([reach], new Error(`${topic}/${partition} has no leader at the moment`));
      else reach.leader = leader;
    }
    for (const { leader } of lost) if (leader !== NOBODY && !this.#reading.has(leader)) void this.#read(leader);
  }

  async #read(leader: number): Promise<void> {
    this.#reading.add(leader);
    for (let turn = 0; ; turn++) {
      await this.#unpaused();
      const led = this.#led(leader, turn);
      if (led.length === 0 || this.#halted) break;
      await this.#round(leader, led);
    }
    this.#reading.delete(leader);
  }

  /** The parts that it leads, each in its turn first: an answer that is full leaves out those that come last. */
  #led(leader: number, turn: number): Reach[] {
    const led = this.#parts.filter((reach) => reach.leader === leader);
    const first = turn % Math.max(1, led.length);
    return [...led.slice(first), ...led.slice(0, first)];
  }

  async #round(leader: number, led: readonly Reach[]): Promise<void> {
    const left = new Map(led.map((reach) => [`${reach.part.topic}/${reach.part.partition}`, reach]));
    try {
      const broker = this.#metadata?.brokers.get(leader);
      if (broker === undefined) throw new Error('the leader has gone');
      const wanted = led.map(({ part, next }) => ({ ...part, topicId: this.#metadata?.topics.get(part.topic)?.id ?? '', from: next }));
      for (const each of await fetchParts(this.#options.client, broker, wanted)) {
        const name = `${each.wanted.topic}/${each.wanted.partition}`;
        const reach = left.get(name);
        if (reach === undefined) continue;
        await this.#unpaused();
        if (this.#halted) return;
        await this.#take(reach, each);
        left.delete(name);
      }
      this.#fine([...left.values()]);
    } catch (error) {
      this.#failed([...left.values()], error);
    }
  }

  async #take(reach: Reach, { wanted, errorCode, batches, aborted }: FetchedPart): Promise<void> {
    if (errorCode === OUT_OF_RANGE) return this.#skip(reach, wanted.from);
    if (errorCode !== 0) return this.#failed([reach], new Error(`${wanted.topic}/${wanted.partition}: ${protocolErrorsCodesById[errorCode] ?? errorCode}`));
    const { records, next } = readBatches({ batches, aborted, from: wanted.from });
    this.#fine([reach]);
    if (next !== wanted.from) this.#hand(reach, records, next);
  }

  /** What it would read is gone: it goes on with what is there. */
  async #skip(reach: Reach, from: bigint): Promise<void> {
    try {
      const [earliest] = await listOffsets(this.#options.client, [reach.part], EARLIEST);
      if (earliest === undefined || this.#halted) return;
      this.#options.onLoss(reach.part, from, earliest);
      this.#fine([reach]);
      // What waits for the end of the part must not wait for the next record.
      this.#hand(reach, [], earliest);
    } catch (error) {
      this.#failed([reach], error);
    }
  }

  #hand(reach: Reach, records: Parameters<RecordReader>[1], next: bigint): void {
    this.#options.reader(this.#parts.indexOf(reach), records, next);
    reach.next = next;
  }

  async #unpaused(): Promise<void> {
    while (this.#resumed !== null) await this.#resumed.promise;
  }

  /** They rest, ever longer, until it is asked anew who leads them. */
  #failed(reaches: readonly Reach[], error: unknown): void {
    if (this.#halted || reaches.length === 0) return;
    for (const reach of reaches) {
      reach.leader = NOBODY;
      reach.failures++;
    }
    const due = performance.now() + backoff(Math.max(...reaches.map(({ failures }) => failures)));
    for (const reach of reaches) reach.due = due;
    this.#options.onTrouble(error);
    this.#find();
  }

  #fine(reaches: readonly Reach[]): void {
    const recovered = reaches.filter(({ failures }) => failures > 0);
    for (const reach of recovered) reach.failures = 0;
    if (recovered.length > 0 && this.#parts.every(({ failures }) => failures === 0)) this.#options.onTrouble(null);
  }
}
