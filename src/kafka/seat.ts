import {
  decodeConsumerProtocolAssignment, decodeConsumerProtocolSubscription, encodeConsumerProtocolAssignment, encodeConsumerProtocolSubscription, findErrorBy,
  type joinGroupV9, type syncGroupV5,
} from '@platformatic/kafka';
import type { Part } from '../engine/port.ts';
import { WalhookError } from '../errors.ts';
import { inTime } from '../patience.ts';
import type { KafkaClient } from './cluster.ts';
import type { Coordinator } from './coordinator.ts';
import { dealEvenly, dealToOne, type Seated } from './dealing.ts';
import { answered } from './failure.ts';
import { byTopic } from './offsets.ts';

export interface SeatOptions {
  readonly client: KafkaClient;
  readonly coordinator: Coordinator;
  readonly group: string;
  readonly topics: readonly string[];
  /** Milliseconds without a heartbeat after which the group goes on without us. */
  readonly session: number;
  /** Milliseconds that the group waits for those who have not let go yet, when it is dealt anew. */
  readonly rebalance: number;
  /** One member has all parts. */
  readonly exclusive: boolean;
}

/** What a member was dealt. */
export interface Dealt {
  readonly generation: number;
  readonly parts: readonly Part[];
  /** When the request went out whose answer says so, by performance.now(). */
  readonly sent: number;
  /** How many partitions the topics had when they were dealt, for the one that dealt them; null for the others. */
  readonly counts: ReadonlyMap<string, number> | null;
}

/** Not a consumer's usual protocols, so that no one else can get into the group unseen. */
const EVENLY = 'walhook';
const TO_ONE = 'walhook-exclusive';
const TYPE = 'consumer';
/** The first version of a subscription that says what the member had, and in which generation. */
const SUBSCRIPTION = 3;
const MARGIN = 5_000;
/** Milliseconds for what is answered at once. */
const METADATA = 5_000;

/** A place in a consumer group, by the classic protocol: https://kafka.apache.org/protocol.html#The_Messages_JoinGroup */
export class Seat {
  readonly #options: SeatOptions;
  #id = '';
  #generation = -1;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  /** Empty: the group does not know us. */
  get id(): string {
    return this.#id;
  }

  /**
   * Waits until all members are there, and gives what is ours. One try: what passes is thrown as well.
   * @param had what we had before, and in which generation
   */
  async join(had: { readonly parts: readonly Part[]; readonly generation: number }): Promise<Dealt> {
    const joined = await this.#join(had);
    this.#id = joined.memberId;
    this.#generation = joined.generationId;
    const dealing = joined.leader === joined.memberId ? await this.#deal(joined.members) : null;
    const { group, session, rebalance } = this.#options;
    const sent = performance.now();
    try {
      const answer = await this.#options.coordinator.request('SyncGroup', [group, this.#generation, this.#id, null, TYPE, joined.protocolName, dealing?.hands ?? []], Math.max(session, rebalance) + MARGIN);
      return { generation: this.#generation, parts: partsOf(answer.assignment), sent, counts: dealing?.counts ?? null };
    } catch (error) {
      this.#forgotten(error);
      throw error;
    }
  }

  /** @throws REBALANCE_IN_PROGRESS and all else that the coordinator answers */
  async heartbeat(timeout: number): Promise<void> {
    const { coordinator, group } = this.#options;
    await coordinator.request('Heartbeat', [group, this.#generation, this.#id, null], timeout);
  }

  async commit({ generation, parts, next }: { readonly generation: number; readonly parts: readonly Part[]; readonly next: readonly bigint[] }, timeout: number): Promise<void> {
    const topics = byTopic(parts, (partition, index) => ({ partitionIndex: partition, committedOffset: next[index] ?? 0n, committedLeaderEpoch: -1, committedMetadata: null }));
    const { coordinator, group } = this.#options;
    await coordinator.request('OffsetCommit', [group, generation, this.#id, null, topics], timeout);
  }

  async #join(had: { readonly parts: readonly Part[]; readonly generation: number }): Promise<joinGroupV9.JoinGroupResponse> {
    const { group, session, rebalance, exclusive, topics } = this.#options;
    const metadata = encodeConsumerProtocolSubscription({ version: SUBSCRIPTION, topics: [...topics], ownedPartitions: byTopic(had.parts, (partition) => partition).map(({ name, partitions }) => ({ topic: name, partitions })), generationId: had.generation });
    const protocols = [{ name: exclusive ? TO_ONE : EVENLY, metadata }];
    for (;;) {
      try {
        return await this.#options.coordinator.request('JoinGroup', [group, session, rebalance, this.#id, null, TYPE, protocols, ''], session + rebalance + MARGIN);
      } catch (error) {
        // The first answer is but the id under which to come again.
        const given: unknown = error instanceof Error ? findErrorBy(error, 'apiId', 'MEMBER_ID_REQUIRED')?.['memberId'] : null;
        this.#forgotten(error);
        if (typeof given !== 'string' || given === '' || given === this.#id) throw error;
        this.#id = given;
      }
    }
  }

  #forgotten(error: unknown): void {
    if (answered(error, 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID')) this.#id = '';
  }

  async #deal(members: readonly joinGroupV9.JoinGroupResponseMember[]): Promise<{ readonly hands: syncGroupV5.SyncGroupRequestAssignment[]; readonly counts: Map<string, number> }> {
    const { client, topics, exclusive } = this.#options;
    // The whole group waits for it.
    const metadata = await inTime(client.metadata(topics, true), METADATA);
    if (metadata === null) {
      client.drop();
      throw new WalhookError(`the brokers have not said for ${METADATA} ms what partitions ${topics.join(', ')} has`, { code: 'kafka_unreachable', reaction: 'retry' });
    }
    const counts = new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 0]));
    const parts = [...counts].flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => ({ topic, partition })));
    const seated: Seated[] = members.map(({ memberId, metadata: subscription }) => {
      const { ownedPartitions, generationId } = decodeConsumerProtocolSubscription(subscription);
      return { id: memberId, had: ownedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition }))), generation: generationId };
    });
    const hands = [...(exclusive ? dealToOne : dealEvenly)(parts, seated)].map(([memberId, hand]) => ({
      memberId,
      assignment: encodeConsumerProtocolAssignment({ version: 0, assignedPartitions: byTopic(hand, (partition) => partition).map(({ name, partitions }) => ({ topic: name, partitions })) }),
    }));
    return { hands, counts };
  }
}

/** The parts of an assignment as the protocol writes it, in order. */
export function partsOf(assignment: Buffer): Part[] {
  if (assignment.length === 0) return [];
  return decodeConsumerProtocolAssignment(assignment).assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
