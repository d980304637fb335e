import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import * as z from 'zod';
import type { DescribedRoute } from './http-described.ts';
import { MOST_BODY } from './http-body.ts';
import type { ProblemStatus } from './http-problem.ts';

/** Any JSON object. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().optional().meta({ description: 'A stable name for the kind of error.' }),
    hint: z.string().nullable().optional().meta({ description: 'The SQL, setting or command that mends it.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string(), line: z.int().optional(), column: z.int().optional() })).optional(),
  })
  .meta({ id: 'Problem', description: 'https://www.rfc-editor.org/rfc/rfc9457' });

const WHY: Readonly<Record<ProblemStatus, string>> = {
  400: 'What was asked for makes no sense.',
  401: 'The token is missing or wrong.',
  403: 'The request comes from a page of another origin, or names another host than this machine.',
  404: 'There is nothing of this name.',
  405: 'The path has not this method.',
  409: 'Not as things are now.',
  413: `The body is larger than ${MOST_BODY} bytes.`,
  415: 'The body is not called application/json.',
  422: 'The body has not the form that is asked for; `errors` says where.',
  500: 'A fault of walhook: the log has the reason.',
  503: 'walhook does not stream, or its database is away.',
};

/** https://spec.openapis.org/oas/v3.1.0.html of these routes, made of the very schemas that requests are checked with. */
export function openApiDocument(routes: readonly DescribedRoute[]): OpenApiDocument {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer', description: '`server.token` of the configuration, if it has one.' });
  for (const [status, description] of Object.entries(WHY)) {
    app.openAPIRegistry.registerComponent('responses', `Problem${status}`, { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } });
  }
  app.openAPIRegistry.register('Problem', Problem);
  for (const described of routes) app.openAPIRegistry.registerPath(createRoute(routeOf(described)));
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'walhook', version: '1', description: 'What a running walhook tells and does. Times are ISO 8601, UTC. Fields may be added to answers; none is taken away within /api/v1.' },
    security: [{ token: [] }],
  });
  return withOpenAnswers(withKeyColumns(JSON.parse(JSON.stringify(document)) as OpenApiDocument));
}

function routeOf({ method, path, tag, summary, description, params, query, body, answers, problems = [] }: DescribedRoute): RouteConfig {
  const refusals = new Set<ProblemStatus>([401, 403, 500, 503, ...problems]);
  if (params !== undefined || query !== undefined) refusals.add(400);
  if (body !== undefined) for (const status of [400, 413, 415, 422] as const) refusals.add(status);
  return {
    method: method === 'GET' ? 'get' : 'post',
    path,
    tags: [tag],
    operationId: operationIdOf(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, { description: told, schema, type = 'application/json' }]) => [status, { description: told, content: { [type]: { schema } } }])),
      ...Object.fromEntries([...refusals].toSorted((a, b) => a - b).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }])),
    },
  };
}

/** `post_deliveries_id_trace` */
function operationIdOf(method: string, path: string): string {
  return `${method.toLowerCase()}_${path.replace('/api/v1/', '').replaceAll(/[{}]/g, '').replaceAll(/[^a-z]+/g, '_')}`;
}

/** OpenAPI has no name for parameters whose names begin alike. */
function withKeyColumns(document: OpenApiDocument): OpenApiDocument {
  return rewritten(document, (value) => {
    if (value['in'] !== 'query' || value['name'] !== 'key') return value;
    return {
      name: 'key.{column}',
      in: 'query',
      required: false,
      description: "Of this row: the text of a column of the table's key, `key.id=7`; once for each column. Needs `table`.",
      schema: { type: 'string' },
    };
  });
}

/** What is answered may get more fields: who checks answers with this document must not refuse them. */
function withOpenAnswers(document: OpenApiDocument): OpenApiDocument {
  const components = rewritten(objectOf(document['components']), (value) => {
    const { additionalProperties, ...rest } = value;
    return additionalProperties === false ? rest : value;
  });
  return { ...document, components };
}

/** Each object within, from the innermost on, as `change` gives it. */
function rewritten(value: OpenApiDocument, change: (value: OpenApiDocument) => OpenApiDocument): OpenApiDocument {
  const within = (member: unknown): unknown => {
    if (Array.isArray(member)) return member.map(within);
    return typeof member === 'object' && member !== null ? rewritten(objectOf(member), change) : member;
  };
  return change(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, within(member)])));
}

function objectOf(value: unknown): OpenApiDocument {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
