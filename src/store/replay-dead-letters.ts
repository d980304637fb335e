import type { StateDatabase } from './database.ts';
import type { DeliveryFilter } from './delivery-filter.ts';
import type { Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-deliveries.ts';

/** A bulk action on stored deliveries. */
export interface BulkAction {
  readonly filter: DeliveryFilter;
  /** Told after each chunk how many are done so far. */
  readonly onChunk: ((done: number) => void) | undefined;
}

export function replayDeadLetters(_state: StateDatabase, _owner: Ownership, _action: BulkAction): Promise<CountByEndpoint> {
  return Promise.resolve(new Map());
}
