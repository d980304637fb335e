import { WalhookError } from '../errors.ts';

/** The broker takes no record of that size; all others of the call are with the broker. */
export class TooLarge extends WalhookError {
  /** Of those records, in the list that was to be produced; lowest first, at least one. */
  readonly indexes: readonly number[];

  constructor(indexes: readonly number[], topic: string) {
    super(`a record is larger than the broker takes for topic ${topic}`, { code: 'record_too_large', hint: 'raise max.message.bytes of the topic (and message.max.bytes of the brokers)' });
    this.indexes = indexes;
  }

  /** Of the first of them. */
  get index(): number {
    return this.indexes[0] ?? 0;
  }
}
