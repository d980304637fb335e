import type { StateDatabase } from './database.ts';
import type { DeliveryDetail } from './stored-deliveries.ts';

export function showDelivery(_state: StateDatabase, _id: string): Promise<DeliveryDetail[]> {
  return Promise.resolve([]);
}
