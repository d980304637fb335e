import type { StateDatabase } from './database.ts';
import type { Ownership } from './owner.ts';
import type { BulkAction } from './replay-dead-letters.ts';
import type { CountByEndpoint } from './stored-deliveries.ts';

export function discardDeliveries(_state: StateDatabase, _owner: Ownership, _action: BulkAction): Promise<CountByEndpoint> {
  return Promise.resolve(new Map());
}
