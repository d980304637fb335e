import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import type { Actions } from '../actions.ts';
import type { Inspection } from '../inspection.ts';
import type { Traffic } from '../traffic.ts';
import { type BackfillAuditLine, backfillRoutes, type BackfillsApi } from './http-backfills.ts';
import { refuseLargeBody } from './http-body.ts';
import { healthAnswer, type HealthPath, type Readiness } from './http-health.ts';
import { type AuditLine, type OperationsApi, operationsRoutes } from './http-operations.ts';
import { isLoopbackHost, isOwnOrigin } from './http-origin.ts';
import { EVERY_ANSWER, problem, problemOf } from './http-problem.ts';
import { route } from './http-route.ts';
import type { MetricFacts } from './metrics.ts';

export interface HttpAppOptions extends Omit<OperationsApi, 'audit'>, Omit<BackfillsApi, 'audit'> {
  /** The address that is listened on: on loopback, requests must name it. */
  readonly host: string;
  /** Bearer token of `/api/` and `/metrics`; null: none is asked for, which config allows on loopback alone. */
  readonly token: string | null;
  /** Told on the spot: asks no database. */
  readonly readiness: () => Readiness;
  /** What `/api/v1/status` answers. */
  readonly status: () => Promise<object>;
  /** What `/metrics` is made of. At once, whether the database answers or not. */
  readonly metrics: () => Promise<MetricFacts>;
  /** These throw `not_running` too while there is nothing to look at. */
  readonly inspection: () => Inspection;
  readonly traffic: () => Traffic;
  /** Bulk actions that run by themselves: of this process, whatever its configuration. */
  readonly actions: Actions;
  /** Told of each action, once it is done. */
  readonly audit: (line: AuditLine | BackfillAuditLine) => void;
  /** Told of a handler's error, which the client does not see. */
  readonly onError: (error: unknown) => void;
}

/** The routes, without a socket. */
export function httpApp(options: HttpAppOptions): Hono {
  const { host, token, readiness, status, metrics, onError } = options;
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
    for (const [name, value] of Object.entries(EVERY_ANSWER)) context.header(name, value);
    return undefined;
  });
  for (const path of ['/api/*', '/metrics']) {
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
  route(app, '/api/v1/status', { GET: async (context) => context.json(await status()) });
  operationsRoutes(app, options);
  backfillRoutes(app, options);

  app.notFound(() => problem(404, 'there is /healthz, /readyz, /metrics, /api/v1/status, /api/v1/deliveries, /api/v1/endpoints and /api/v1/backfills'));
  app.onError((error) => {
    const told = problemOf(error);
    if (told !== null) return told;
    onError(error);
    return problem(500, 'the log has the reason');
  });
  return app;
}

/** Of one length whatever is given, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function holds(authorization: string | undefined, expected: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), expected);
}
