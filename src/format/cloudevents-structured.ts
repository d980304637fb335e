import type { Event } from '../event.ts';
import type { Body } from './body.ts';
import type { ContextMaker } from './cloudevents-context.ts';

/**
 * `format: cloudevents`: CloudEvents 1.0 in structured mode. `data` is the event body.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export class StructuredCloudEvent implements Body {
  readonly contentType = 'application/cloudevents+json';
  readonly #context: ContextMaker;
  readonly #event: Body;

  /** `event`: makes the bodies of `format: event`. */
  constructor(context: ContextMaker, event: Body) {
    this.#context = context;
    this.#event = event;
  }

  build(event: Event, id: string): string {
    const attributes = JSON.stringify({ specversion: '1.0', ...this.#context.of(event, id), datacontenttype: this.#event.contentType });
    return `${attributes.slice(0, -1)},"data":${this.#event.build(event, id)}}`;
  }
}
