import * as z from 'zod';
import type { BulkApi } from './http-bulk.ts';
import { type Api, answering } from './http-described.ts';
import { Nothing, OfId } from './http-requests.ts';
import { Action } from './openapi-operations.ts';

/** The routes of bulk actions that run in the background. */
export function actionRoutes(api: Api, { actions, audit }: Pick<BulkApi, 'actions' | 'audit'>): void {
  api.path('actions', '/actions', {
    GET: answering(
      { summary: 'Bulk actions of this process, the latest first', answers: { 200: { description: 'Those that run, and the last that ended.', schema: z.strictObject({ actions: z.array(Action) }) } } },
      ({ context }) => context.json({ actions: actions.list() }),
    ),
  });
  api.path('actions', '/actions/{id}', {
    GET: answering(
      { summary: 'A bulk action', params: OfId, answers: { 200: { description: 'How far it is.', schema: Action } }, problems: [404] },
      ({ context, params: { id } }) => context.json(actions.show(id)),
    ),
  });
  api.path('actions', '/actions/{id}/cancel', {
    POST: answering(
      { summary: 'Begin nothing more of a bulk action', params: OfId, body: Nothing, answers: { 200: { description: 'It ends within a moment.', schema: Action } }, problems: [404, 409] },
      ({ context, params: { id } }) => {
        const report = actions.cancel(id);
        audit({ action: 'cancel_action', selection: { id, action: report.action }, count: report.done });
        return context.json(report);
      },
    ),
  });
}
