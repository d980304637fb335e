import { WalhookError } from '../errors.ts';

/** Records that the broker does not take for their size. All others of what was given are with it. */
export class TooLarge extends WalhookError {
  /** Their places in what was given to `produce`, lowest first. */
  readonly indexes: readonly number[];
  /** The first of them. */
  readonly index: number;

  constructor(topic: string, indexes: readonly number[]) {
    super(`topic ${topic} takes no record of that size`, {
      code: 'record_too_large',
      hint: `Raise max.message.bytes of the topic (and replica.fetch.max.bytes of the brokers): kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config max.message.bytes=…`,
    });
    this.indexes = indexes;
    this.index = indexes[0] ?? 0;
  }
}
