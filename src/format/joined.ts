import { hash } from 'node:crypto';
import type { EndpointConfig } from '../config.ts';
import { type Delivery, isJson } from '../delivery.ts';

/** Content types of which there is one of their own for several. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#4-json-batch-format */
const OF_SEVERAL: ReadonlyMap<string | null, string> = new Map([['application/cloudevents+json', 'application/cloudevents-batch+json']]);

/**
 * One request for several deliveries whose requests differ in their bodies alone: a JSON array of the bodies, in their order. Its
 * webhook-id is made of theirs, so the same deliveries have the same one. What is no JSON, and so goes alone, stays as it is.
 */
export function joined(deliveries: readonly [Delivery, ...Delivery[]]): Delivery {
  const [first] = deliveries;
  const { request } = first;
  if (!isJson(request)) return first;
  const body = `[${deliveries.map((delivery) => delivery.body).join(',')}]`;
  const contentType = OF_SEVERAL.get(request.contentType) ?? request.contentType;
  return { ...first, id: idOf(deliveries), request: contentType === request.contentType ? request : { ...request, contentType }, body };
}

/** What is sent of a delivery that goes by itself, whatever others do: to an endpoint with batches, one of one. */
export function onItsOwn(delivery: Delivery, { batch }: Pick<EndpointConfig, 'batch'>): Delivery {
  return batch === null ? delivery : joined([delivery]);
}

/** Of one alone, its own. Of several, the first one's, `x` and their number, and a hash of them all. */
function idOf(deliveries: readonly [Delivery, ...Delivery[]]): string {
  const [first] = deliveries;
  if (deliveries.length === 1) return first.id;
  const all = deliveries.map(({ id }) => id).join(' ');
  return `${first.id}-x${deliveries.length}-${hash('sha256', all).slice(0, 16)}`;
}
