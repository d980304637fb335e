import type { Context, Handler, Hono } from 'hono';
import * as z from 'zod';
import { type BulkAction, MOST_IDS, MOST_LISTED, type Operations, type Tally } from '../operations.ts';
import { jsonBody, queryValues } from './http-body.ts';
import { route } from './http-route.ts';

/** What somebody did, for the log: names and counts, never a row's values. */
export interface AuditLine {
  readonly action: BulkAction | 'pause' | 'resume';
  /** What was asked for: the selection, or the endpoint and the reason. */
  readonly selection: object;
  /** Deliveries that it was about; null for an endpoint's pause and resume. */
  readonly count: number | null;
}

export interface OperationsApi {
  /** Throws a WalhookError `not_running` while there is nothing to act on: at the start, during a drain, on standby. */
  readonly operations: () => Operations;
  /** Told of each action, once it is done. */
  readonly audit: (line: AuditLine) => void;
}

const Name = z.string().min(1).max(200);
const SELECTION = { endpoint: Name.optional(), hook: Name.optional(), table: Name.optional() };
const STATE = z.enum(['dead', 'parked']).default('dead');

const ListParameters = z.strictObject({
  ...SELECTION,
  state: STATE,
  limit: z.coerce.number().int().min(1).max(MOST_LISTED).default(50),
  cursor: z.string().min(1).max(1_000).optional(),
});

const BULK = {
  ...SELECTION,
  ids: z.array(Name).min(1).max(MOST_IDS).optional(),
  /** Everything, where nothing else narrows it down. */
  all: z.literal(true).optional(),
  before: z.iso.datetime({ offset: true }).optional(),
  dry_run: z.boolean().default(false),
};
const ReplayBody = narrowed(z.strictObject(BULK));
const DiscardBody = narrowed(z.strictObject({ ...BULK, state: STATE }));

const PauseBody = z.strictObject({
  // A log line and a table's cell, so one line.
  reason: z.string().trim().min(1).max(500).regex(/^\P{Cc}*$/u, 'must be one line').nullable().default(null),
});
const ResumeBody = z.strictObject({});

/** The routes of deliveries and endpoints, below `/api/v1`. */
export function operationsRoutes(app: Hono, { operations, audit }: OperationsApi): void {
  route(app, '/api/v1/deliveries', {
    GET: async (context) => {
      const query = queryValues(context, ListParameters);
      return query instanceof Response ? query : context.json(await operations().list(query));
    },
  });
  // Before the route with an id, which would take their names for ids.
  route(app, '/api/v1/deliveries/replay', { POST: bulk('replay', ReplayBody) });
  route(app, '/api/v1/deliveries/discard', { POST: bulk('discard', DiscardBody) });
  route(app, '/api/v1/deliveries/:id', {
    GET: async (context) => context.json({ deliveries: await operations().show(context.req.param('id') ?? '') }),
  });
  route(app, '/api/v1/endpoints/:name/pause', {
    POST: async (context) => {
      const body = await jsonBody(context, PauseBody);
      if (body instanceof Response) return body;
      const endpoint = endpointOf(context);
      const reason = await operations().pause(endpoint, body.reason);
      audit({ action: 'pause', selection: { endpoint, reason }, count: null });
      return context.json({ endpoint, state: 'paused', reason });
    },
  });
  route(app, '/api/v1/endpoints/:name/resume', {
    POST: async (context) => {
      const body = await jsonBody(context, ResumeBody);
      if (body instanceof Response) return body;
      const endpoint = endpointOf(context);
      await operations().resume(endpoint);
      audit({ action: 'resume', selection: { endpoint }, count: null });
      return context.json({ endpoint, state: 'active' });
    },
  });

  function bulk(action: BulkAction, schema: typeof ReplayBody | typeof DiscardBody): Handler {
    return async (context) => {
      const body = await jsonBody<z.infer<typeof ReplayBody> & { readonly state?: 'dead' | 'parked' }>(context, schema);
      if (body instanceof Response) return body;
      const { dry_run, all: _, state = 'dead', ...narrowing } = body;
      const selection = { state, ...narrowing };
      if (dry_run) return context.json(await operations().count(action, selection));
      const tally: Tally = await operations().act(action, selection);
      audit({ action, selection: { state, ...withFewIds(narrowing) }, count: tally.count });
      return context.json(tally);
    };
  }
}

/** That nothing narrows an action down is said, not forgotten. */
function narrowed<T extends z.ZodType<{ readonly [name in 'ids' | 'endpoint' | 'hook' | 'table' | 'all']?: unknown }>>(schema: T): T {
  return schema.refine(
    ({ ids, endpoint, hook, table, all }) => all !== undefined || [ids, endpoint, hook, table].some((given) => given !== undefined),
    'say which deliveries: ids, endpoint, hook or table, or all: true',
  );
}

/** Some ids tell an operator which deliveries it was; a thousand would only fill the log. */
function withFewIds(narrowing: { readonly ids?: readonly string[] | undefined }): object {
  const { ids, ...rest } = narrowing;
  return ids === undefined ? rest : { ...rest, ids: ids.slice(0, 20) };
}

function endpointOf(context: Context): string {
  return context.req.param('name') ?? '';
}
