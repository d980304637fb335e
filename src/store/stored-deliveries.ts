import type { DeadLettersConfig } from '../config.ts';
import { countBehind } from './count-behind.ts';
import { countDeliveries } from './count-deliveries.ts';
import type { StateDatabase } from './database.ts';
import type { DeliveryFilter } from './delivery-filter.ts';
import { discardDeliveries } from './discard-deliveries.ts';
import { type EndpointCondition, endpointConditions } from './endpoint-conditions.ts';
import { listDeliveries } from './list-deliveries.ts';
import type { Ownership } from './owner.ts';
import { pruneDeadLetters } from './prune-dead-letters.ts';
import { replayDeadLetters } from './replay-dead-letters.ts';
import { showDelivery } from './show-delivery.ts';
import { guarded } from './store-error.ts';
import type { CountByEndpoint, DeliveryDetail, DeliveryList, ListQuery } from './stored-delivery.ts';

/**
 * Stored deliveries, for people. Whatever writes says `fenced` unless the slot has been taken over (Ownership.takeOver),
 * which the daemon does when it starts and a command must do itself when no daemon runs.
 */
export interface StoredDeliveries {
  /**
   * The latest first: dead letters by the time of their death, parked deliveries by their place in the stream.
   *
   * @throws WalhookError `bad_cursor` for a cursor that no list of the same fate has given.
   */
  list(query: ListQuery): Promise<DeliveryList>;
  /** Reads all that matches: for a bulk action's question, not for a loop. */
  count(filter: DeliveryFilter): Promise<CountByEndpoint>;
  /** Everything stored under a webhook-id: for each endpoint, parked or dead. Empty if there is nothing. */
  show(id: string): Promise<DeliveryDetail[]>;
  /**
   * Parks dead letters again, with their id, sequence and body: no attempts, due now. One that is parked already stays
   * parked as it is, and its dead letter goes. What dies after the call is not replayed by it. In chunks, each durable
   * by itself: what an error leaves undone another call does. The daemon's `refresh` must be told of the endpoints.
   * `filter.fate` must be `dead`.
   *
   * @param onChunk told after each chunk how many have been replayed so far.
   * @param signal no further chunk is begun once it is aborted.
   */
  replay(filter: DeliveryFilter, onChunk?: (done: number) => void, signal?: AbortSignal): Promise<CountByEndpoint>;
  /**
   * Deletes parked deliveries or dead letters for good; what is being sent at the moment is sent all the same. What is
   * parked, or dies, after the call stays. In chunks, as `replay`.
   */
  discard(filter: DeliveryFilter, onChunk?: (done: number) => void, signal?: AbortSignal): Promise<CountByEndpoint>;
  /** Parked deliveries that wait behind a parked one in its lane, up to 10,000; null: it is not parked. */
  behind(id: string, endpoint: string): Promise<number | null>;
  /** Deletes dead letters that are too old or too many. In chunks, as `replay`. Cheap when there is nothing to do. */
  prune(keep: DeadLettersConfig): Promise<CountByEndpoint>;
  /** How the endpoints are doing that the state schema knows of, configured or not. One that is missing is well. */
  conditions(): Promise<EndpointCondition[]>;
}

export function storedDeliveries(state: StateDatabase, owner: Ownership): StoredDeliveries {
  return {
    list: (query) => guarded(`list ${query.filter.fate} deliveries`, () => listDeliveries(state, query)),
    count: (filter) => guarded(`count ${filter.fate} deliveries`, () => countDeliveries(state, filter)),
    show: (id) => guarded('read a stored delivery', () => showDelivery(state, id)),
    replay: (filter, onChunk, signal) => guarded('replay dead letters', () => replayDeadLetters(state, owner, { filter, onChunk, signal })),
    discard: (filter, onChunk, signal) => guarded(`discard ${filter.fate} deliveries`, () => discardDeliveries(state, owner, { filter, onChunk, signal })),
    behind: (id, endpoint) => guarded('count what waits behind a delivery', () => countBehind(state, id, endpoint)),
    prune: (keep) => guarded('prune dead letters', () => pruneDeadLetters(state, owner, keep)),
    conditions: () => guarded('read the conditions of endpoints', () => endpointConditions(state)),
  };
}
