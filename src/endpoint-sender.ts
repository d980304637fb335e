import type { EndpointConfig } from './config.ts';
import { RecordSender, type RecordSenderOptions } from './deliver/record-sender.ts';
import { Sender, type SenderOptions } from './deliver/sender.ts';
import type { Delivery } from './delivery.ts';
import type { Outcome } from './outcome.ts';

/** What makes attempts at an endpoint, whatever its type. See Sender and RecordSender. */
export interface EndpointSender {
  readonly attempt: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
  abort(): Promise<void>;
}

export type EndpointSenderOptions = Pick<SenderOptions, 'sign' | 'userAgent' | 'tap'> & {
  /** The same of records. */
  readonly tapRecord?: RecordSenderOptions['tap'];
};

/** Throws a WalhookError for what cannot work of the endpoint. A client of Kafka is loaded with the first attempt that needs one. */
export function openSender(endpoint: EndpointConfig, { sign, userAgent, tap, tapRecord }: EndpointSenderOptions): EndpointSender {
  const { kafka, timeout } = endpoint;
  if (kafka === null) return new Sender(endpoint, { sign, userAgent, ...(tap === undefined ? {} : { tap }) });
  return new RecordSender(endpoint, kafka, {
    sign,
    ...(tapRecord === undefined ? {} : { tap: tapRecord }),
    connect: async (guard) => {
      const { openRecordProducer } = await import('./kafka/record-producer.ts');
      return openRecordProducer(kafka, guard, { clientId: 'walhook', timeout });
    },
  });
}
