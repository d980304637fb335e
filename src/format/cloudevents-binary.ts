import type { Headers } from '../delivery.ts';
import type { Event } from '../event.ts';
import type { Body } from './body.ts';
import type { ContextMaker } from './cloudevents-context.ts';

/**
 * `format: cloudevents-binary`: CloudEvents 1.0 in binary mode. The attributes are headers, the body is the event body.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode
 */
export class BinaryCloudEvent implements Body {
  readonly contentType: string;
  readonly #context: ContextMaker;
  readonly #event: Body;

  /** `event`: makes the bodies of `format: event`. */
  constructor(context: ContextMaker, event: Body) {
    this.contentType = event.contentType;
    this.#context = context;
    this.#event = event;
  }

  build(event: Event, id: string): string {
    return this.#event.build(event, id);
  }

  headers(event: Event, id: string): Headers {
    const attributes = Object.entries({ specversion: '1.0', ...this.#context.of(event, id) });
    return attributes.map(([name, value]) => [`ce-${name}`, percentEncoded(value)]);
  }
}

/** What is not printable ASCII, the space, the quote and the percent sign, each as the `%XX` of its bytes in UTF-8. */
function percentEncoded(value: string): string {
  return value.replaceAll(/[^\x21-\x7e]|["%]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
