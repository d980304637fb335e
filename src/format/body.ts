import type { Headers } from '../delivery.ts';
import type { Event } from '../event.ts';

/** Makes the bodies of events in one shape, for one version of a table. */
export interface Body {
  readonly contentType: string;
  /** `id`: the event's webhook-id. The event is valid only until its handler returns: see `Event`. */
  build(event: Event, id: string): string;
  /** Headers that are part of the shape; none if it has no such method. */
  headers?(event: Event, id: string): Headers;
}
