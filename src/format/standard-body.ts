import type { Event, Operation, WatchedTable } from '../event.ts';
import type { Body } from './body.ts';
import { eventTime, eventTypes } from './standard-type.ts';

/**
 * `format: standard`: the payload that Standard Webhooks recommends, `type`, `timestamp` and `data`. What the event body
 * says besides `data` stands behind it under its own names, so that one who reads that body reads this one.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-structure
 */
export class StandardBody implements Body {
  readonly contentType = 'application/json';
  readonly #event: Body;
  readonly #types: Record<Operation, string>;

  /** `event`: makes the bodies of `format: event`. */
  constructor(table: WatchedTable, event: Body) {
    this.#event = event;
    this.#types = eventTypes(table);
  }

  build(event: Event, id: string): string {
    // The event body is an object that is never empty: its brace makes room for the two.
    const rest = this.#event.build(event, id).slice(1);
    return `{"type":"${this.#types[event.operation]}","timestamp":"${eventTime(event.change.transaction)}",${rest}`;
  }
}
