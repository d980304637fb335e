import { createHash, timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { consoleFolder } from './console-files.ts';
import { actionRoutes } from './http-actions.ts';
import { backfillRoutes, type BackfillsApi } from './http-backfills.ts';
import { refuseLargeBody } from './http-body.ts';
import { configRoutes } from './http-config.ts';
import { ConsolePages } from './http-console.ts';
import { type DatabaseApi, databaseRoutes } from './http-database.ts';
import { type DeliveriesApi, deliveryRoutes } from './http-deliveries.ts';
import { Api, type DescribedRoute } from './http-described.ts';
import { endpointRoutes } from './http-endpoints.ts';
import { healthAnswer, type HealthPath, type Readiness } from './http-health.ts';
import { hookRoutes } from './http-hooks.ts';
import { liveRoutes } from './http-live.ts';
import { isLoopbackHost, isOwnOrigin } from './http-origin.ts';
import { EVERY_ANSWER, problem, problemOf } from './http-problem.ts';
import { route } from './http-route.ts';
import type { MetricFacts } from './metric-facts.ts';

export interface HttpAppOptions extends DatabaseApi, DeliveriesApi, BackfillsApi {
  /** The address that is listened on: on loopback, requests must name it. */
  readonly host: string;
  /** Bearer token of `/api/`, `/openapi.json` and `/metrics`; null: none is asked for, which config allows on loopback alone. */
  readonly token: string | null;
  /** Told on the spot: asks no database. */
  readonly readiness: () => Readiness;
  /** What `/metrics` is made of. At once, whether the database answers or not. */
  readonly metrics: () => Promise<MetricFacts>;
  /** Told of a handler's error, which the client does not see. */
  readonly onError: (error: unknown) => void;
  /** Where the console's files are. Default: dist/console of this package. */
  readonly console?: string;
}

export interface HttpApp {
  readonly app: Hono;
  readonly routes: readonly DescribedRoute[];
}

/** The routes, without a socket. @param stopping aborts when they are served no longer. */
export function httpApp(options: HttpAppOptions, stopping: AbortSignal): HttpApp {
  const { host, token, readiness, metrics, onError } = options;
  const loopback = isLoopbackHost(host);
  const expected = token === null ? null : digest(token);
  const app = new Hono();

  app.use(async (context, next) => {
    // A page that made its own name point at 127.0.0.1 would otherwise read along (DNS rebinding).
    const requestHost = context.req.header('host') ?? '';
    if (loopback && !isLoopbackHost(requestHost)) return problem(403, 'this server answers to localhost, 127.0.0.1 and [::1] alone');
    const origin = context.req.header('origin');
    if (origin !== undefined && !isOwnOrigin(origin, requestHost)) return problem(403, 'requests from pages of another origin are refused');
    await next();
    for (const [name, value] of Object.entries(EVERY_ANSWER)) if (!context.res.headers.has(name)) context.header(name, value);
    return undefined;
  });
  for (const path of ['/api/*', '/metrics', '/openapi.json']) {
    app.use(path, async (context, next) => {
      if (expected === null || holds(context.req.header('authorization'), expected)) return next();
      return problem(401, 'this needs the header Authorization: Bearer, with the server.token of the configuration', { headers: { 'WWW-Authenticate': 'Bearer' } });
    });
  }
  app.use('/api/*', refuseLargeBody);
  const health = (path: HealthPath) => {
    const { status: code, headers, body } = healthAnswer(path, readiness);
    return new Response(body, { status: code, headers });
  };
  route(app, '/healthz', { GET: () => health('/healthz') });
  route(app, '/readyz', { GET: () => health('/readyz') });
  // Loaded when it is first wanted: where nobody scrapes, nobody pays for it.
  route(app, '/metrics', { GET: async () => (await import('./http-metrics.ts')).metricsAnswer(await metrics()) });

  const api = new Api(app);
  databaseRoutes(api, options);
  endpointRoutes(api, options);
  hookRoutes(api, options);
  deliveryRoutes(api, options);
  actionRoutes(api, options);
  backfillRoutes(api, options);
  liveRoutes(api, { traffic: options.traffic, stopping });
  configRoutes(api, options);
  // As with /metrics.
  route(app, '/openapi.json', { GET: async (context) => context.json((await import('./openapi.ts')).openApiDocument(api.routes)) });

  const pages = new ConsolePages(options.console ?? fileURLToPath(consoleFolder()));
  app.notFound(async (context) => (await pages.answer(context)) ?? problem(404, 'there is /healthz, /readyz, /metrics, /api/v1 and the console; /openapi.json lists what is below /api/v1'));
  app.onError((error) => {
    const told = problemOf(error);
    if (told !== null) return told;
    onError(error);
    return problem(500, 'the log has the reason');
  });
  return { app, routes: api.routes };
}

/** Of one length whatever is given, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function holds(authorization: string | undefined, expected: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), expected);
}
