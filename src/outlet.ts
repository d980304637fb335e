import type { Dispatcher } from './dispatcher.ts';
import type { EndpointSigner } from './format/endpoint-signer.ts';
import type { BackgroundPace } from './queue/background-pace.ts';
import type { Budget } from './queue/budget.ts';
import type { EndpointQueue } from './queue/endpoint-queue.ts';
import type { QueueState } from './queue/queue-state.ts';

/** What brings deliveries needs of where they go: an endpoint's queue, or its way to the engine. */
export interface OutletQueue extends Pick<EndpointQueue, 'offer' | 'bury' | 'takesBackground' | 'hear' | 'refresh'> {
  readonly state: Pick<QueueState, 'condition' | 'mode' | 'blocked'>;
  /** Absent where nothing waits by itself. */
  readonly untouched?: EndpointQueue['untouched'];
}

/**
 * Where the stream's deliveries go from the tail: to the endpoints, by the queues of this process (Dispatcher), or to the
 * engine, from where others take them (Forwarder).
 */
export interface Outlet extends Pick<Dispatcher, 'problems' | 'status' | 'engine' | 'restore' | 'hold' | 'startDraining' | 'pause' | 'resume' | 'probe' | 'detail' | 'refresh' | 'close' | 'abort'> {
  readonly queues: ReadonlyMap<string, OutletQueue>;
  readonly signers: ReadonlyMap<string, Pick<EndpointSigner, 'rotate'>>;
  readonly budget: Pick<Budget, 'deliveries' | 'bytes' | 'part'>;
  readonly pace: Pick<BackgroundPace, 'isHurried'>;
}
