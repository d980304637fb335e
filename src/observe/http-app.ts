import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { isLoopbackHost, isOwnOrigin } from './http-origin.ts';

export interface HttpAppOptions {
  /** The address that is listened on: on loopback, requests must name it. */
  readonly host: string;
  /** Bearer token of `/api/`; null: none is asked for, which config allows on loopback alone. */
  readonly token: string | null;
  /** Told on the spot: asks no database. */
  readonly readiness: () => Readiness;
  /** What `/api/v1/status` answers. */
  readonly status: () => Promise<object>;
  /** Told of a handler's error, which the client does not see. */
  readonly onError: (error: unknown) => void;
}

export interface Readiness {
  readonly state: string;
  readonly problems: readonly string[];
}

/** The paths there are. All are for reading. */
const METHODS = new Set(['GET', 'HEAD']);

const EVERY_ANSWER = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

/** The routes, without a socket. */
export function httpApp(options: HttpAppOptions): Hono {
  const { host, token, readiness, status, onError } = options;
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
  app.use('/api/*', async (context, next) => {
    if (expected === null || holds(context.req.header('authorization'), expected)) return next();
    return problem(401, 'this needs the header Authorization: Bearer, with the server.token of the configuration', { 'WWW-Authenticate': 'Bearer' });
  });
  app.use(async (context, next) => {
    if (METHODS.has(context.req.method)) return next();
    return problem(405, 'only GET and HEAD are answered here', { Allow: 'GET, HEAD' });
  });

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    const reasons = notReady(readiness());
    if (reasons.length === 0) return context.json({ status: 'ready' });
    return problem(503, reasons.join('; '), {}, { reasons });
  });
  app.get('/api/v1/status', async (context) => context.json(await status()));

  app.notFound(() => problem(404, 'there is /healthz, /readyz and /api/v1/status'));
  app.onError((error) => {
    onError(error);
    return problem(500, 'the log has the reason');
  });
  return app;
}

function notReady({ state, problems }: Readiness): string[] {
  return [...(state === 'streaming' ? [] : [`state is ${state}`]), ...problems];
}

type ProblemStatus = 401 | 403 | 404 | 405 | 500 | 503;

const TITLES: Record<ProblemStatus, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** https://www.rfc-editor.org/rfc/rfc9457 */
function problem(status: ProblemStatus, detail: string, headers: Readonly<Record<string, string>> = {}, members: object = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, ...members }), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...EVERY_ANSWER, ...headers },
  });
}

/** Of one length whatever is given, so that comparing takes the same time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function holds(authorization: string | undefined, expected: Buffer): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digest(given), expected);
}
