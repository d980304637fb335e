import type { StateDatabase } from './database.ts';
import type { DeliveryList, ListQuery } from './stored-deliveries.ts';

export function listDeliveries(_state: StateDatabase, _query: ListQuery): Promise<DeliveryList> {
  return Promise.resolve({ deliveries: [], next: null });
}
