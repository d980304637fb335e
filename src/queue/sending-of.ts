import type { BatchConfig } from '../config.ts';
import { BatchSending, type BatchSendingOptions } from './batch-sending.ts';
import type { EndpointQueueOptions } from './queue-options.ts';
import { type Sending, SingleSending } from './sending.ts';

/** How an endpoint's deliveries are sent: one by one, or in batches if it has them. */
export function sendingOf(batch: BatchConfig | null, attempt: EndpointQueueOptions['attempt'], options: Omit<BatchSendingOptions, 'limits' | 'attempt'>): Sending {
  if (batch === null) return new SingleSending({ ...options, attempt: attempt.single });
  return new BatchSending({ ...options, limits: batch, attempt: attempt.batch });
}
