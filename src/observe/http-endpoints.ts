import * as z from 'zod';
import type { Inspection } from '../inspection.ts';
import { bulk, BULK_ANSWERS, type BulkApi, MANNER } from './http-bulk.ts';
import { type Api, answering } from './http-described.ts';
import { duration, Moment, Name, Nothing, OfName, Reason } from './http-requests.ts';
import { Endpoint, ExchangeShown, RotationShown } from './openapi-inspection.ts';

export interface EndpointsApi extends BulkApi {
  /** Throws `not_running` as `operations` does. */
  readonly inspection: () => Promise<Inspection>;
}

const Condition = z.strictObject({ endpoint: z.string(), state: z.enum(['active', 'paused']), reason: z.string().optional() });

const PauseBody = z.strictObject({ reason: Reason.nullable().default(null) });
const TestBody = z.strictObject({ data: z.unknown().optional().meta({ description: 'Any JSON. Default: an example.' }), hook: Name.optional() });
const RotateBody = z.strictObject({ grace: duration('1s', '30d').meta({ description: 'How long requests bear both signatures: `24h`.' }) });
const RecoverBody = z.strictObject({ since: Moment, ...MANNER });

/** The routes of endpoints. */
export function endpointRoutes(api: Api, options: EndpointsApi): void {
  const { operations, inspection, audit } = options;
  const report = { 200: { description: 'How it is doing now.', schema: Endpoint } };
  api.path('endpoints', '/endpoints', {
    GET: answering(
      { summary: 'All endpoints', answers: { 200: { description: 'How each is doing.', schema: z.strictObject({ endpoints: z.array(Endpoint) }) } } },
      async ({ context }) => context.json({ endpoints: await (await inspection()).endpoints() }),
    ),
  });
  api.path('endpoints', '/endpoints/{name}', {
    GET: answering({ summary: 'An endpoint', params: OfName, answers: report, problems: [404] }, async ({ context, params: { name } }) =>
      context.json(await (await inspection()).endpoint(name)),
    ),
  });
  api.path('endpoints', '/endpoints/{name}/pause', {
    POST: answering(
      { summary: 'Park what is meant for an endpoint until it is resumed', params: OfName, body: PauseBody, answers: { 200: { description: 'The reason that holds now.', schema: Condition } }, problems: [404] },
      async ({ context, params: { name }, body }) => {
        const reason = await operations().pause(name, body.reason);
        audit({ action: 'pause', selection: { endpoint: name, reason }, count: null });
        return context.json({ endpoint: name, state: 'paused', reason });
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/resume', {
    POST: answering(
      { summary: 'Send to a paused or disabled endpoint again', params: OfName, body: Nothing, answers: { 200: { description: 'It is sent to.', schema: Condition } }, problems: [404] },
      async ({ context, params: { name } }) => {
        await operations().resume(name);
        audit({ action: 'resume', selection: { endpoint: name }, count: null });
        return context.json({ endpoint: name, state: 'active' });
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/test', {
    POST: answering(
      { summary: 'Send one signed test payload now, past queue and breaker', params: OfName, body: TestBody, answers: { 200: { description: 'What was asked and answered.', schema: ExchangeShown } }, problems: [404] },
      async ({ context, params: { name }, body: { data = null, hook = null } }) => {
        const exchange = await (await inspection()).test(name, { data, hook });
        audit({ action: 'test', selection: { endpoint: name, hook, verdict: exchange.verdict }, count: null });
        return context.json(exchange);
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/probe', {
    POST: answering(
      { summary: 'Let one delivery through an open breaker at once', params: OfName, body: Nothing, answers: report, problems: [404, 409] },
      async ({ context, params: { name } }) => {
        await (await inspection()).probe(name);
        audit({ action: 'probe', selection: { endpoint: name }, count: null });
        return context.json(await (await inspection()).endpoint(name));
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/rotate', {
    POST: answering(
      {
        summary: 'Make a new signing secret beside those there are',
        description: 'The secret is told once, here. Requests bear both signatures until the grace time is over.',
        params: OfName,
        body: RotateBody,
        answers: { 201: { description: 'The new secret.', schema: RotationShown } },
        problems: [404, 409],
      },
      async ({ context, params: { name }, body: { grace } }) => {
        const rotation = await (await inspection()).rotate(name, grace);
        audit({ action: 'rotate', selection: { endpoint: name, ends_at: rotation.ends_at }, count: null });
        return context.json(rotation, 201);
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/end-rotation', {
    POST: answering(
      { summary: "Sign with the configuration's own secrets alone from now on", params: OfName, body: Nothing, answers: report, problems: [404, 409] },
      async ({ context, params: { name } }) => {
        await (await inspection()).endRotation(name);
        audit({ action: 'end_rotation', selection: { endpoint: name }, count: null });
        return context.json(await (await inspection()).endpoint(name));
      },
    ),
  });
  api.path('endpoints', '/endpoints/{name}/recover', {
    POST: answering(
      { summary: 'Send all dead letters of an endpoint since a moment again', params: OfName, body: RecoverBody, answers: BULK_ANSWERS, problems: [404, 409] },
      ({ context, params: { name }, body: { since, dry_run, background } }) =>
        bulk(options, context, 'replay', { selection: { state: 'dead', endpoint: name, since }, dry_run, background }),
    ),
  });
}
