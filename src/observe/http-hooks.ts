import * as z from 'zod';
import type { Inspection } from '../inspection.ts';
import type { Audit } from './http-audit.ts';
import { type Api, answering } from './http-described.ts';
import { Key, OfName, Text } from './http-requests.ts';
import { ExchangeShown, Hook, RenderedShown } from './openapi-inspection.ts';

export interface HooksApi {
  /** Throws `not_running` as `operations` does. */
  readonly inspection: () => Promise<Inspection>;
  readonly audit: Audit;
}

/** Of a draft, in bytes. */
export const MOST_DRAFT = 64 * 1024;

const RENDER = {
  key: Key.optional().meta({ description: 'The key of the row as it is now, a text for each column.' }),
  change: Text.min(1).max(200).optional().meta({ description: '`place` of a change that is in memory.' }),
  operation: z.enum(['insert', 'update', 'visibility_update', 'delete']).optional(),
  draft: Text.refine((yaml) => Buffer.byteLength(yaml) <= MOST_DRAFT, `must be of at most ${MOST_DRAFT} bytes`)
    .optional()
    .meta({ description: 'YAML of the hook, in place of what runs.' }),
};
const ofOneRow = <T extends z.ZodObject>(schema: T): T => schema.refine(({ key, change }) => key === undefined || change === undefined, { path: ['key'], message: 'key or change, not both' });
const RenderBody = ofOneRow(z.strictObject(RENDER));
const TryBody = ofOneRow(z.strictObject({ ...RENDER, url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000) }));

/** The routes of hooks. */
export function hookRoutes(api: Api, { inspection, audit }: HooksApi): void {
  api.path('hooks', '/hooks', {
    GET: answering(
      { summary: 'All hooks', answers: { 200: { description: 'With counts at each step.', schema: z.strictObject({ hooks: z.array(Hook) }) } } },
      async ({ context }) => context.json({ hooks: await (await inspection()).hooks() }),
    ),
  });
  api.path('hooks', '/hooks/{name}', {
    GET: answering({ summary: 'A hook', params: OfName, answers: { 200: { description: 'As it runs.', schema: Hook } }, problems: [404] }, async ({ context, params: { name } }) =>
      context.json(await (await inspection()).hook(name)),
    ),
  });
  api.path('hooks', '/hooks/{name}/render', {
    POST: answering(
      {
        summary: 'The requests that a hook, or a draft of it, makes of a row',
        description: 'Sends and changes nothing. A draft that is wrong is a 422 whose `errors` have lines and columns.',
        params: OfName,
        body: RenderBody,
        answers: { 200: { description: 'Requests, secrets masked.', schema: RenderedShown } },
        problems: [404],
      },
      async ({ context, params: { name }, body }) => context.json(await (await inspection()).render(name, body)),
    ),
  });
  api.path('hooks', '/hooks/{name}/try', {
    POST: answering(
      {
        summary: 'Send what `render` gives to a URL of your own',
        params: OfName,
        body: TryBody,
        answers: { 200: { description: 'What was asked and answered.', schema: ExchangeShown } },
        problems: [404],
      },
      async ({ context, params: { name }, body }) => {
        const exchange = await (await inspection()).tryOut(name, body);
        // A path and a query may hold a token.
        audit({ action: 'try', selection: { hook: name, host: new URL(body.url).host, verdict: exchange.verdict }, count: null });
        return context.json(exchange);
      },
    ),
  });
}
