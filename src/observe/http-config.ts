import { WalhookError } from '../errors.ts';
import type { HooksApi } from './http-hooks.ts';
import { type Api, answering } from './http-described.ts';
import { problem, problemOf } from './http-problem.ts';
import { Nothing } from './http-requests.ts';
import { Configuration } from './openapi-inspection.ts';

/** The routes of the configuration. */
export function configRoutes(api: Api, { inspection, audit }: HooksApi): void {
  const answers = { 200: { description: 'What runs, and the file as it is, secrets masked.', schema: Configuration } };
  api.path('config', '/config', {
    GET: answering({ summary: 'The configuration', answers }, async ({ context }) => context.json(await (await inspection()).config())),
  });
  api.path('config', '/config/reload', {
    POST: answering(
      {
        summary: 'Read the file again and apply it, as a whole or not at all',
        description: 'A file that is wrong is a 422 whose `errors` have lines and columns.',
        body: Nothing,
        answers,
        problems: [409],
      },
      async ({ context }) => {
        try {
          await (await inspection()).reload();
        } catch (error) {
          if (!(error instanceof WalhookError)) throw error;
          // Whatever it is, the one before runs on.
          return problemOf(error) ?? problem(409, error.message, { members: { code: error.code, hint: error.hint } });
        }
        audit({ action: 'reload', selection: {}, count: null });
        return context.json(await (await inspection()).config());
      },
    ),
  });
}
