import type { Event, Operation, WatchedTable } from '../event.ts';
import type { Origin } from './origin.ts';
import { eventTime, eventTypes } from './standard-type.ts';

/** The context attributes of an event, but for `specversion` and `datacontenttype`. */
export interface Context {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
}

/**
 * Makes the context attributes of a table's events. They go where bodies do not, into logs and brokers' routing, so none
 * of them is made of a row's values: the subject is the table, and what row it is `data` tells.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes
 */
export class ContextMaker {
  readonly #source: string;
  readonly #types: Record<Operation, string>;
  readonly #subject: string;

  constructor(table: WatchedTable, { slot, database }: Origin) {
    this.#source = `/walhook/${encodeURIComponent(slot)}/${encodeURIComponent(database)}`;
    this.#types = eventTypes(table);
    // Control characters are all that an attribute's text must not have.
    this.#subject = table.name.replaceAll(/\p{Cc}/gu, '_');
  }

  /** `id`: the event's webhook-id. */
  of(event: Event, id: string): Context {
    return {
      id,
      source: this.#source,
      type: this.#types[event.operation],
      subject: this.#subject,
      time: eventTime(event.change.transaction),
    };
  }
}
