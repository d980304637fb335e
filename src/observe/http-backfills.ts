import type { Context, Handler, Hono } from 'hono';
import * as z from 'zod';
import type { BackfillOperations, BackfillReport } from '../backfills.ts';
import { jsonBody, queryValues } from './http-body.ts';
import { route } from './http-route.ts';

/** What somebody did with a backfill, for the log. Its condition is left out, as it may hold what a row holds: the id leads to it. */
export interface BackfillAuditLine {
  readonly action: 'begin_backfill' | 'pause_backfill' | 'resume_backfill' | 'cancel_backfill';
  readonly selection: Pick<BackfillReport, 'id' | 'hook' | 'table'>;
  /** Rows looked at so far. */
  readonly count: number;
}

export interface BackfillsApi {
  /** Throws a WalhookError `not_running` while there is no stream to put rows into: at the start, during a drain, on standby. */
  readonly backfills: () => BackfillOperations;
  /** Told of each action, once it is done. */
  readonly audit: (line: BackfillAuditLine) => void;
}

/** The rates that can be asked for, in rows a second: from one an hour. */
const LEAST_RATE = 1 / 3_600;
const MOST_RATE = 1_000_000;
/** The columns that a table of Postgres can have: https://www.postgresql.org/docs/current/limits.html */
const MOST_COLUMNS = 1_600;

// Postgres has no text with NUL in it.
const Text = z.string().regex(/^[^\0]*$/, 'must not hold U+0000');
const Name = Text.min(1).max(200);

const Request = z.strictObject({
  hook: Name,
  where: Text.max(10_000).refine((sql) => sql.trim() !== '', 'must not be empty').exactOptional(),
  columns: z.array(Name).min(1).max(MOST_COLUMNS).exactOptional(),
  rate: z.number().min(LEAST_RATE).max(MOST_RATE).exactOptional(),
  // The others are walhook's own to say.
  origin: z.enum(['command', 'console']).default('command'),
});
const ListParameters = z.strictObject({
  hook: Name.exactOptional(),
  active: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .exactOptional(),
});
const Nothing = z.strictObject({});

/** The routes of backfills, below `/api/v1`. */
export function backfillRoutes(app: Hono, { backfills, audit }: BackfillsApi): void {
  route(app, '/api/v1/backfills', {
    GET: async (context) => {
      const query = queryValues(context, ListParameters);
      return query instanceof Response ? query : context.json({ backfills: await backfills().list(query) });
    },
    POST: async (context) => {
      const body = await jsonBody(context, Request);
      if (body instanceof Response) return body;
      const report = await backfills().begin(body);
      tell('begin_backfill', report);
      return context.json(report, 201, { Location: `/api/v1/backfills/${encodeURIComponent(report.id)}` });
    },
  });
  route(app, '/api/v1/backfills/:id', { GET: async (context) => context.json(await backfills().show(idOf(context))) });
  for (const verb of ['pause', 'resume', 'cancel'] as const) route(app, `/api/v1/backfills/:id/${verb}`, { POST: act(verb) });

  function act(verb: 'pause' | 'resume' | 'cancel'): Handler {
    return async (context) => {
      const body = await jsonBody(context, Nothing);
      if (body instanceof Response) return body;
      const report = await backfills()[verb](idOf(context));
      tell(`${verb}_backfill`, report);
      return context.json(report);
    };
  }

  function tell(action: BackfillAuditLine['action'], { id, hook, table, rows_done }: BackfillReport): void {
    audit({ action, selection: { id, hook, table }, count: rows_done });
  }
}

function idOf(context: Context): string {
  return context.req.param('id') ?? '';
}
