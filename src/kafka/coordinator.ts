import type { Broker } from '@platformatic/kafka';
import { WalhookError } from '../errors.ts';
import { inTime } from '../patience.ts';
import type { KafkaClient } from './cluster.ts';
import { answered } from './failure.ts';
import type { Answer, Args, Requests } from './requests.ts';

const GROUP = 0;
/** Milliseconds to find out which broker it is: whoever is asked answers at once, however long the request that follows may take. */
const FINDING = 5_000;

/** Requests to the broker that keeps the group, wherever it is at the moment. */
export class Coordinator {
  readonly #client: Pick<KafkaClient, 'request' | 'drop'>;
  readonly #group: string;
  #broker: Broker | null = null;

  constructor(client: Pick<KafkaClient, 'request' | 'drop'>, group: string) {
    this.#client = client;
    this.#group = group;
  }

  /**
   * One request, not tried again.
   * @param timeout milliseconds; then the connection is given up, and the request fails
   */
  async request<Name extends keyof Requests>(name: Name, args: Args<Name>, timeout: number): Promise<Answer<Name>> {
    return await this.ask((broker) => this.#client.request(name, broker, args), timeout);
  }

  /** As `request`, for what is more than a request. */
  async ask<T>(question: (broker: Broker) => Promise<T>, timeout: number): Promise<T> {
    const until = performance.now() + timeout;
    try {
      const broker = this.#broker ?? (await this.#inTime(this.#find(), Math.min(timeout, FINDING)));
      this.#broker = broker;
      return await this.#inTime(question(broker), Math.max(0, until - performance.now()));
    } catch (error) {
      if (!isOfGroup(error)) this.#broker = null;
      throw error;
    }
  }

  /** Ends the membership, so that the others need not wait until its session is over. */
  async leave(memberId: string, timeout: number): Promise<void> {
    await this.request('LeaveGroup', [this.#group, [{ memberId }]], timeout);
  }

  async #find(): Promise<Broker> {
    const { coordinators } = await this.#client.request('FindCoordinator', null, [GROUP, [this.#group]]);
    const [found] = coordinators;
    if (found === undefined || found.port <= 0) throw new Error('the group has no coordinator at the moment');
    return { host: found.host, port: found.port };
  }

  /** What has no answer in time never gets one over this connection. */
  async #inTime<T>(asked: Promise<T>, timeout: number): Promise<T> {
    const got = await inTime(asked.then((answer) => ({ answer })), timeout);
    if (got !== null) return got.answer;
    this.#client.drop();
    throw new WalhookError(`the coordinator of group ${this.#group} has not answered for ${Math.round(timeout)} ms`, { code: 'kafka_unreachable', reaction: 'retry' });
  }
}

/** Errors that the right coordinator gives. */
function isOfGroup(error: unknown): boolean {
  return answered(error, 'REBALANCE_IN_PROGRESS', 'MEMBER_ID_REQUIRED', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID');
}
