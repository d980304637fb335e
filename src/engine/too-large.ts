import { WalhookError } from '../errors.ts';

/** The broker takes no record of that size. */
export class TooLarge extends WalhookError {
  constructor(topic: string) {
    super(`a record is larger than the broker takes for topic ${topic}`, { code: 'record_too_large', hint: 'raise max.message.bytes of the topic (and message.max.bytes of the brokers)' });
  }
}
