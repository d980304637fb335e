import * as z from 'zod';
import { WalhookError } from '../errors.ts';
import type { DeliveryContext, Header, Inspection } from '../inspection.ts';
import { MOST_LISTED, type Selection, type StoredDetail } from '../operations.ts';
import type { AttemptReport, Traffic } from '../traffic.ts';
import { bulk, BULK_ANSWERS, type BulkApi, DiscardBody, ReplayBody } from './http-bulk.ts';
import { type Api, answering } from './http-described.ts';
import { Moment, NARROWING, OfId, withTable } from './http-requests.ts';
import { DeliveryShown, TraceShown } from './openapi-inspection.ts';
import { DeliveryPage, Tallied } from './openapi-operations.ts';

export interface DeliveriesApi extends BulkApi {
  readonly inspection: () => Promise<Inspection>;
  readonly traffic: () => Traffic;
  /** Hides what is secret in the configuration. */
  readonly conceal: (text: string) => string;
  /** What is known of a delivery besides what is stored and its attempts. */
  readonly deliveryContext: (delivery: StoredDetail) => Promise<Omit<DeliveryContext, 'timeline'>>;
}

const FILTER = {
  ...NARROWING,
  state: z.enum(['dead', 'parked', 'delivered']).default('dead'),
  until: Moment.optional().meta({ description: 'The same as `before`.' }),
};
const CountQuery = withTable(z.strictObject(FILTER));
const ListQuery = withTable(
  z.strictObject({
    ...FILTER,
    limit: z.coerce.number<string>().int().min(1).max(MOST_LISTED).default(50),
    cursor: z.string().min(1).max(1_000).optional().meta({ description: '`next` of the page before this one.' }),
  }),
);

/** The routes of stored deliveries. */
export function deliveryRoutes(api: Api, options: DeliveriesApi): void {
  const { operations, inspection, traffic, deliveryContext, conceal } = options;
  api.path('deliveries', '/deliveries', {
    GET: answering(
      {
        summary: 'Stored deliveries, the latest first',
        query: ListQuery,
        answers: { 200: { description: 'A page of them.', schema: DeliveryPage } },
        problems: [404],
      },
      async ({ context, query }) => context.json(await operations().list(withUntil(query))),
    ),
  });
  // Before the route with an id, which would take their names for ids.
  api.path('deliveries', '/deliveries/counts', {
    GET: answering(
      { summary: 'How many deliveries a filter finds', query: CountQuery, answers: { 200: { description: 'By endpoint.', schema: Tallied } }, problems: [404, 409] },
      // What was delivered cannot be discarded.
      async ({ context, query }) => context.json(await operations().count(query.state === 'delivered' ? 'replay' : 'discard', withUntil(query))),
    ),
  });
  api.path('deliveries', '/deliveries/replay', {
    POST: answering(
      { summary: 'Send dead letters, or what was delivered, again', body: ReplayBody, answers: BULK_ANSWERS, problems: [404, 409] },
      ({ context, body: { dry_run, background, ...narrowing } }) => bulk(options, context, 'replay', { selection: selectionOf(narrowing), dry_run, background }),
    ),
  });
  api.path('deliveries', '/deliveries/discard', {
    POST: answering(
      { summary: 'Forget dead letters or parked deliveries for good', body: DiscardBody, answers: BULK_ANSWERS, problems: [404, 409] },
      ({ context, body: { dry_run, background, reason, ...narrowing } }) => bulk(options, context, 'discard', { selection: selectionOf(narrowing), dry_run, background, reason }),
    ),
  });
  api.path('deliveries', '/deliveries/{id}', {
    GET: answering(
      {
        summary: 'All that is kept under a webhook-id: for each endpoint one',
        params: OfId,
        answers: { 200: { description: 'With attempts and request, secrets masked.', schema: z.strictObject({ deliveries: z.array(DeliveryShown) }) } },
        problems: [404],
      },
      async ({ context, params: { id } }) => {
        const details = await operations().show(id);
        const attempts = details.length === 0 ? [] : await attemptsOf(traffic, id);
        const deliveries = await Promise.all(
          details.map(async (detail) => concealed({ ...detail, ...(await deliveryContext(detail)), timeline: attempts.filter(({ endpoint }) => endpoint === detail.endpoint) }, conceal)),
        );
        return context.json({ deliveries });
      },
    ),
  });
  api.path('deliveries', '/deliveries/{id}/trace', {
    GET: answering(
      {
        summary: 'Why each hook did or did not take the change that a delivery was made of',
        params: OfId,
        answers: { 200: { description: 'Null: the change is not in memory any more.', schema: z.strictObject({ trace: TraceShown.nullable() }) } },
        problems: [404],
      },
      async ({ context, params: { id } }) => context.json({ trace: await (await inspection()).trace(id) }),
    ),
  });
}

/** What a hook's template says for all events may be what gives access, and an endpoint may repeat what it got. */
function concealed(delivery: StoredDetail & DeliveryContext, conceal: (text: string) => string): StoredDetail & DeliveryContext {
  const { body, path, response, headers, request } = delivery;
  const inText = (text: string | null): string | null => (text === null ? null : conceal(text));
  const inHeaders = (given: readonly Header[]): Header[] => given.map(([name, value]) => [name, conceal(value)] as const);
  return {
    ...delivery,
    body: conceal(body),
    path: inText(path),
    response: inText(response),
    headers: inHeaders(headers),
    request: request === null ? null : { ...request, url: conceal(request.url), headers: inHeaders(request.headers), body: inText(request.body) },
  };
}

/** `all` says that nothing narrows it down, which nothing says as well. */
function selectionOf(narrowing: Selection & { readonly all?: true | undefined }): Selection {
  const { all: _, ...selection } = narrowing;
  return selection;
}

/** What is stored can be told without what is in memory. */
async function attemptsOf(traffic: () => Traffic, id: string): Promise<readonly AttemptReport[]> {
  try {
    return await traffic().attempts(id);
  } catch (error) {
    if (error instanceof WalhookError && error.code === 'not_running') return [];
    throw error;
  }
}

function withUntil<Query extends Selection & { readonly until?: string | undefined }>({ until, ...query }: Query): Omit<Query, 'until'> {
  return until === undefined ? query : { ...query, before: until };
}
