import { BatchSending, type BatchSendingOptions } from './batch-sending.ts';
import type { EndpointQueueOptions } from './queue-options.ts';
import { type Sending, SingleSending } from './sending.ts';

/** How an endpoint's deliveries are sent: in batches if it has them, else each in a request of its own. */
export function sendingOf({ endpoint, attempt, pace }: Pick<EndpointQueueOptions, 'endpoint' | 'attempt' | 'pace'>, options: Omit<BatchSendingOptions, 'limits' | 'attempt'>): Sending {
  pace?.onOpen(options.onDue);
  return endpoint.batch === null ? new SingleSending({ ...options, attempt: attempt.single }) : new BatchSending({ ...options, limits: endpoint.batch, attempt: attempt.batch });
}
