import * as z from 'zod';
import type { BackfillOperations, BackfillReport } from '../backfills.ts';
import type { Audit, AuditedAction } from './http-audit.ts';
import { type Api, answering, type Answering } from './http-described.ts';
import { Name, Nothing, OfId, Text } from './http-requests.ts';
import { Backfill } from './openapi-operations.ts';

export interface BackfillsApi {
  /** Throws a WalhookError `not_running` while there is no stream to put rows into: at the start, during a drain, on standby. */
  readonly backfills: () => BackfillOperations;
  /** Told of each action, once it is done. Its condition is left out, as it may hold what a row holds: the id leads to it. */
  readonly audit: Audit;
}

/** The rates that can be asked for, in rows a second: from one an hour. */
const LEAST_RATE = 1 / 3_600;
const MOST_RATE = 1_000_000;
/** The columns that a table of Postgres can have: https://www.postgresql.org/docs/current/limits.html */
const MOST_COLUMNS = 1_600;

const Request = z.strictObject({
  hook: Name,
  where: Text.max(10_000)
    .refine((sql) => sql.trim() !== '', 'must not be empty')
    .exactOptional(),
  columns: z.array(Name).min(1).max(MOST_COLUMNS).exactOptional(),
  rate: z.number().min(LEAST_RATE).max(MOST_RATE).exactOptional(),
  // The others are walhook's own to say.
  origin: z.enum(['command', 'console']).default('command'),
});
const ListQuery = z.strictObject({
  hook: Name.exactOptional(),
  active: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .exactOptional(),
});

/** The routes of backfills. */
export function backfillRoutes(api: Api, { backfills, audit }: BackfillsApi): void {
  api.path('backfills', '/backfills', {
    GET: answering(
      { summary: 'Backfills, the latest first', query: ListQuery, answers: { 200: { description: 'All that are known.', schema: z.strictObject({ backfills: z.array(Backfill) }) } } },
      async ({ context, query }) => context.json({ backfills: await backfills().list(query) }),
    ),
    POST: answering(
      { summary: "Begin to send the rows that a hook's table has already", body: Request, answers: { 201: { description: 'It begins.', schema: Backfill } }, problems: [404, 409] },
      async ({ context, body }) => {
        const report = await backfills().begin(body);
        tell('begin_backfill', report);
        return context.json(report, 201, { Location: `/api/v1/backfills/${encodeURIComponent(report.id)}` });
      },
    ),
  });
  api.path('backfills', '/backfills/{id}', {
    GET: answering(
      { summary: 'A backfill', params: OfId, answers: { 200: { description: 'How far it is.', schema: Backfill } }, problems: [404] },
      async ({ context, params: { id } }) => context.json(await backfills().show(id)),
    ),
  });
  const verbs = { pause: 'Halt a backfill', resume: 'Go on with a paused backfill', cancel: 'End a backfill' } as const;
  for (const verb of ['pause', 'resume', 'cancel'] as const) api.path('backfills', `/backfills/{id}/${verb}`, { POST: act(verb) });

  function act(verb: keyof typeof verbs): Answering {
    return answering(
      { summary: verbs[verb], params: OfId, body: Nothing, answers: { 200: { description: 'As it is now.', schema: Backfill } }, problems: [404, 409] },
      async ({ context, params: { id } }) => {
        const report = await backfills()[verb](id);
        tell(`${verb}_backfill`, report);
        return context.json(report);
      },
    );
  }

  function tell(action: AuditedAction, { id, hook, table, rows_done }: BackfillReport): void {
    audit({ action, selection: { id, hook, table }, count: rows_done });
  }
}
