import type { ReceivedRequest, Receiver } from './receiver.ts';

/** The texts of a JSON array's elements, as they stand in it. */
export function elementsOf(array: string): string[] {
  if (!array.startsWith('[') || !array.endsWith(']')) throw new Error(`no JSON array: ${array.slice(0, 100)}`);
  const elements: string[] = [];
  let depth = 0;
  let start = 1;
  // Brackets within strings are none.
  for (const { 0: mark, index } of array.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    if (mark === '[' || mark === '{') depth++;
    else if (mark === ']' || mark === '}') depth--;
    const isEnd = (mark === ',' && depth === 1) || depth === 0;
    if (!isEnd) continue;
    if (index > start) elements.push(array.slice(start, index));
    start = index + 1;
  }
  return elements;
}

/** An event of a batch: the webhook-id that its body has (`meta: [id]`), and whether something of its row (by its `id`) stands before it. */
export interface BatchedEvent {
  readonly id: string;
  readonly body: Buffer;
  readonly isBehind: boolean;
}

/** Takes a batch apart. */
export function batchedEvents(array: string): BatchedEvent[] {
  const rows = new Set<unknown>();
  return elementsOf(array).map((text) => {
    const { data, meta } = JSON.parse(text) as { readonly data: { readonly id?: unknown }; readonly meta: { readonly id: string } };
    const isBehind = data.id !== undefined && rows.has(data.id);
    rows.add(data.id);
    return { id: meta.id, body: Buffer.from(text), isBehind };
  });
}

const apart = new WeakMap<ReceivedRequest, readonly BatchedEvent[]>();

/** The events of a request that has a batch. */
export function eventsIn(request: ReceivedRequest): readonly BatchedEvent[] {
  const known = apart.get(request) ?? batchedEvents(request.body.toString());
  apart.set(request, known);
  return known;
}

/** Requests with batches as if each event had come in one of its own, one after the other. */
export function eventByEvent(requests: readonly ReceivedRequest[]): ReceivedRequest[] {
  const attempts = new Map<string, number>();
  return requests
    .flatMap((request) => eventsIn(request).map((event) => ({ ...request, ...event })))
    .map((request, order) => {
      const attempt = (attempts.get(request.id) ?? 0) + 1;
      attempts.set(request.id, attempt);
      return { ...request, order, attempt };
    });
}

/** Counts the events that were answered with 2xx, each once. */
export function eventCounter(receiver: Receiver): () => number {
  const delivered = new Set<string>();
  // Those before are counted; an answer may come late to one of the last.
  let open: ReceivedRequest[] = [];
  let seen = 0;
  return () => {
    open.push(...receiver.requests.slice(seen));
    seen = receiver.requests.length;
    const answered = open.filter(({ status }) => status !== null);
    open = open.filter(({ status }) => status === null);
    for (const request of answered) if ((request.status ?? 0) < 300) for (const { id } of eventsIn(request)) delivered.add(id);
    return delivered.size;
  };
}

/** Resolves once so many events have been answered with 2xx in all. */
export function eventsDelivered(receiver: Receiver, count: number): Promise<void> {
  const delivered = eventCounter(receiver);
  return receiver.until(() => delivered() >= count, `${count} events in batches`);
}
