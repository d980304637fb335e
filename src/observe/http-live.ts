import * as z from 'zod';
import { MOST_LISTED } from '../operations.ts';
import type { LiveEvent, LiveFilter, Traffic } from '../traffic.ts';
import { type Api, answering } from './http-described.ts';
import { EVERY_ANSWER, problem } from './http-problem.ts';
import { Name } from './http-requests.ts';
import { AttemptAsItHappens, Change, Changes } from './openapi-traffic.ts';

export interface LiveApi {
  /** Throws `not_running` as `operations` does. */
  readonly traffic: () => Traffic;
  /** Aborts when the server ends, or its configuration is another one. */
  readonly stopping: AbortSignal;
}

/** Who may look on at the same time. */
export const MOST_WATCHERS = 20;
/** What waits for a slow reader at most, in bytes: what comes on top is counted and left out. */
export const MOST_WAITING = 256 * 1024;
/** A proxy ends what says nothing for a minute. Milliseconds. */
const BEAT = 15_000;

const Operation = z.enum(['insert', 'update', 'delete', 'truncate']);
const ChangeQuery = z.strictObject({ table: Name.optional(), operation: Operation.optional(), limit: z.coerce.number<string>().int().min(1).max(MOST_LISTED).default(50) });
const LiveQuery = z.strictObject({ table: Name.optional(), hook: Name.optional(), endpoint: Name.optional(), operation: Name.optional() });

/** The payload of an event, by its name. */
const LiveEvents = z.union([Change, AttemptAsItHappens, z.strictObject({ count: z.int() })]).meta({ id: 'LivePayload' });

/** The routes of what goes by. */
export function liveRoutes(api: Api, { traffic, stopping }: LiveApi): void {
  let watchers = 0;
  api.path('traffic', '/changes', {
    GET: answering(
      { summary: 'Changes that are still in memory, the latest first', query: ChangeQuery, answers: { 200: { description: "Without values but the key's.", schema: Changes } } },
      ({ context, query }) => context.json(traffic().changes(query)),
    ),
  });
  api.path('traffic', '/live', {
    GET: answering(
      {
        summary: 'Changes and attempts as they happen',
        description: 'Server-sent events: `change`, `attempt`, and `skipped` with the `count` of those that were not told since there were too many. A comment each 15 seconds.',
        query: LiveQuery,
        answers: { 200: { description: 'Goes on until one side ends it.', schema: LiveEvents, type: 'text/event-stream' } },
      },
      ({ context, query }) => {
        const headers = { ...EVERY_ANSWER, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' };
        const source = traffic();
        // Nobody would read it, and nobody would end it.
        if (context.req.method === 'HEAD' || context.req.raw.method === 'HEAD') return new Response(null, { headers });
        if (watchers >= MOST_WATCHERS) return problem(503, `${MOST_WATCHERS} look on already`, { headers: { 'Retry-After': '10' } });
        watchers++;
        const ended = new AbortController();
        ended.signal.addEventListener('abort', () => watchers--, { once: true });
        return new Response(eventStream(source, query, { ended, stopping: AbortSignal.any([stopping, context.req.raw.signal]) }), { headers });
      },
    ),
  });
}

/** @param ended aborted once, when nobody reads or nothing comes any more. */
function eventStream(traffic: Traffic, filter: LiveFilter, { ended, stopping }: { readonly ended: AbortController; readonly stopping: AbortSignal }): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let skipped = 0;
  return new ReadableStream<Uint8Array>(
    {
      start(stream) {
        const end = (): void => {
          if (ended.signal.aborted) return;
          ended.abort();
          stream.close();
        };
        if (stopping.aborted) return end();
        stopping.addEventListener('abort', end, { once: true, signal: ended.signal });
        const beat = setInterval(() => {
          // Whoever does not read needs no sign of life.
          if ((stream.desiredSize ?? 0) > 0) stream.enqueue(encoder.encode(':\n\n'));
        }, BEAT);
        beat.unref();
        ended.signal.addEventListener('abort', () => clearInterval(beat), { once: true });
        // At once, so that who asks knows that it is heard.
        stream.enqueue(encoder.encode(':\n\n'));
        traffic.watch(
          filter,
          (event) => {
            if (ended.signal.aborted) return;
            if ((stream.desiredSize ?? 0) > 0) stream.enqueue(encoder.encode(textOf(event)));
            else skipped += event.type === 'skipped' ? event.count : 1;
          },
          ended.signal,
        );
      },
      // Called when there is room again.
      pull(stream) {
        if (skipped === 0 || ended.signal.aborted) return;
        const count = skipped;
        skipped = 0;
        stream.enqueue(encoder.encode(textOf({ type: 'skipped', count })));
      },
      cancel() {
        ended.abort();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
  );
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation JSON has no line breaks of its own. */
function textOf(event: LiveEvent): string {
  const payload = event.type === 'change' ? event.change : event.type === 'attempt' ? event.attempt : { count: event.count };
  return `event: ${event.type}\ndata: ${JSON.stringify(payload)}\n\n`;
}
