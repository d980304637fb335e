import type { EndpointConfig } from '../config.ts';
import type { BackgroundPace } from './background-pace.ts';
import type { Budget } from './budget.ts';
import type { Tickets } from './in-flight.ts';
import type { Attempt, BatchAttempt, ParkingStore } from './port.ts';
import type { QueueEvents } from './queue-state.ts';
import type { Writer } from './writer.ts';

/** What an EndpointQueue works with. */
export interface EndpointQueueOptions {
  readonly endpoint: EndpointConfig;
  /** How its deliveries are sent: one by one, or in batches if the endpoint has them. */
  readonly attempt: { readonly single: Attempt; readonly batch: BatchAttempt };
  readonly store: ParkingStore;
  readonly writer: Writer;
  readonly budget: Budget;
  readonly tickets: Tickets;
  /** Deliveries in memory that no one minds. */
  readonly share: number;
  readonly neighbours: boolean;
  /** How much of what is stored may be in memory at once, in bytes. */
  readonly stored: number;
  readonly events: QueueEvents;
  /** Of what backfills bring, over all endpoints. Default: it need leave no room. */
  readonly pace?: BackgroundPace;
}
