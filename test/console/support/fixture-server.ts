import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { EngineReport } from '../../../src/fleet.ts';
import type { ActionReport } from '../../../src/actions.ts';
import type { StoredDetail } from '../../../src/operations.ts';
import type { LiveEvent } from '../../../src/traffic.ts';
import { ago, backfillReports, changeReport, configReport, DATABASE, detailOf, endpointReports, exchange, HOOKS, OVERVIEW, rendered, SLOT, storedDelivery, TRACE } from './fixture-data.ts';

const FILES = join(import.meta.dirname, '../../../dist/console');
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface Posted {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** The API of the contract with made-up data, and the built console: for looks, and for what a real daemon cannot be brought to say. */
export class FixtureServer {
  /** What was posted, the first first. */
  readonly posted: Posted[] = [];
  /** Asked for, if not null. */
  token: string | null = null;
  endpoints = endpointReports();
  backfills = backfillReports();
  config = configReport();
  actions: ActionReport[] = [];
  overview = OVERVIEW;
  slot = SLOT;
  engine: EngineReport | null = null;
  /** How many dead, parked and delivered ones there are. */
  counts = { dead: 37, parked: 100_000, delivered: 400 };
  /** The most rows that one answer had. */
  longest = 0;
  #server: Server | null = null;
  #port = 0;
  readonly #streams = new Set<ServerResponse>();

  static async open(): Promise<FixtureServer> {
    const fixture = new FixtureServer();
    await fixture.open();
    return fixture;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections. May be opened again, at the same place. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** To all who look on. */
  tell(event: LiveEvent): void {
    const { type, ...payload } = event;
    const data = type === 'change' ? event.change : type === 'attempt' ? event.attempt : payload;
    for (const stream of this.#streams) stream.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  get watchers(): number {
    return this.#streams.size;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === '/healthz') return void response.end('ok');
    if (!url.pathname.startsWith('/api/v1/')) return this.#file(url.pathname, response);
    if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`) return problem(response, 401, { detail: 'this needs the header Authorization: Bearer' });
    const path = url.pathname.slice(7).split('/').map(decodeURIComponent).slice(1);
    if (request.method === 'POST') return this.#post(path, JSON.parse(await bodyOf(request)) as Record<string, unknown>, response);
    if (path[0] === 'live') return this.#live(response);
    const found = this.#get(path, url.searchParams);
    if (found === null) return problem(response, 404, { detail: `nothing is kept under ${path.at(-1)}` });
    json(response, 200, found);
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = extname(path) === '' ? '/index.html' : path;
    const file = await readFile(join(FILES, name)).catch(() => null);
    if (file === null) return void response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff' }).end(file);
  }

  #get([first, second, third]: readonly string[], query: URLSearchParams): object | null {
    switch (first) {
      case 'status':
        return { version: '0.1.0', pid: 1, uptime: 92_000, state: 'streaming', problems: [], not_configured: [], endpoints: [], backfills: [] };
      case 'overview':
        return this.overview;
      case 'slot':
        return this.slot;
      case 'engine':
        return { engine: this.engine };
      case 'endpoints':
        return second === undefined ? { endpoints: this.endpoints } : (this.endpoints.find(({ name }) => name === second) ?? null);
      case 'hooks':
        return second === undefined ? { hooks: HOOKS } : (HOOKS.find(({ name }) => name === second) ?? null);
      case 'backfills':
        return { backfills: this.backfills };
      case 'database':
        return DATABASE;
      case 'config':
        return this.config;
      case 'changes':
        return { changes: Array.from({ length: 40 }, (_, i) => changeReport(i)).filter(({ table }) => (query.get('table') ?? table) === table), kept: 1_000, passed_over: 0 };
      case 'actions':
        return second === undefined ? { actions: this.actions } : (this.#advance(second) ?? null);
      case 'deliveries':
        if (second === undefined) return this.#list(query);
        if (second === 'counts') return this.#tally(stateOf(query.get('state')), query);
        return third === 'trace' ? { trace: TRACE } : this.#show(second);
      default:
        return null;
    }
  }

  #list(query: URLSearchParams): object {
    const state = stateOf(query.get('state'));
    const from = Number(query.get('cursor') ?? 0);
    const limit = Number(query.get('limit') ?? 50);
    const count = this.#tally(state, query).count;
    const deliveries = Array.from({ length: Math.min(limit, Math.max(0, count - from)) }, (_, i) => storedDelivery(from + i, state)).map((stored) => ({ ...stored, body: undefined, response: undefined, headers: undefined }));
    this.longest = Math.max(this.longest, deliveries.length);
    return { deliveries, next: from + limit < count ? String(from + limit) : null };
  }

  #tally(state: StoredDetail['state'], query: URLSearchParams): { readonly count: number; readonly endpoints: object; readonly not_configured: object; readonly as_of: string } {
    const endpoint = query.get('endpoint');
    const narrowed = query.get('key.user_id') !== null ? 2 : endpoint !== null && endpoint !== 'crm' ? 0 : this.counts[state];
    return { count: narrowed, endpoints: narrowed === 0 ? {} : { crm: narrowed }, not_configured: {}, as_of: ago(0) };
  }

  #show(id: string): object | null {
    for (const state of ['dead', 'parked', 'delivered'] as const) {
      const found = Array.from({ length: Math.min(60, this.counts[state]) }, (_, i) => i).find((i) => storedDelivery(i, 'parked').id === id);
      if (found !== undefined) return { deliveries: [detailOf(storedDelivery(found, found % 6 === 5 ? 'delivered' : found % 6 === 4 ? 'parked' : state))] };
    }
    return null;
  }

  /** A third more each time that somebody asks. */
  #advance(id: string): ActionReport | undefined {
    this.actions = this.actions.map((action) => {
      if (action.id !== id || action.state !== 'running') return action;
      const done = Math.min(action.total, action.done + Math.ceil(action.total / 20));
      return done === action.total ? { ...action, done, state: 'done', ended_at: ago(0) } : { ...action, done };
    });
    return this.actions.find((action) => action.id === id);
  }

  #live(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(':\n\n');
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }

  #post(path: readonly string[], body: Record<string, unknown>, response: ServerResponse): void {
    this.posted.push({ path: `/${path.join('/')}`, body });
    const [first, second = '', third] = path;
    if (first === 'endpoints') return this.#actOnEndpoint(second, third, body, response);
    if (first === 'hooks') return this.#render(second, third, body, response);
    if (first === 'backfills') return this.#actOnBackfill(second, third, body, response);
    if (first === 'config') return problem(response, 422, { detail: 'walhook.yaml has 2 errors', errors: this.config.failed?.problems });
    if (first === 'actions') {
      this.actions = this.actions.map((action) => (action.id === second ? { ...action, state: 'cancelled', ended_at: ago(0) } : action));
      return json(response, 200, this.actions.find(({ id }) => id === second) ?? {});
    }
    const count = Array.isArray(body['ids']) ? body['ids'].length : this.counts[stateOf(textOf(body['state']))];
    if (body['background'] !== true) return json(response, 200, { count, endpoints: { crm: count }, not_configured: {}, as_of: ago(0) });
    const { state, endpoint } = body;
    const action: ActionReport = { id: `act_${this.actions.length + 1}`, action: second as 'replay', selection: { state: stateOf(textOf(state)), ...(endpoint === undefined ? {} : { endpoint: textOf(endpoint) }) }, state: 'running', total: count, done: 0, message: null, started_at: ago(0), ended_at: null };
    this.actions = [action, ...this.actions];
    json(response, 202, action);
  }

  #actOnEndpoint(name: string, verb: string | undefined, body: Record<string, unknown>, response: ServerResponse): void {
    const change = (fields: Partial<(typeof this.endpoints)[number]>): void => {
      this.endpoints = this.endpoints.map((endpoint) => (endpoint.name === name ? { ...endpoint, ...fields } : endpoint));
    };
    const rotation = { public_key: 'whpk_MCowBQYDK2VwAyEA', began_at: ago(0), ends_at: new Date(Date.now() + 86_400_000).toISOString(), configured: false, yaml: 'signing: { secrets: ["${CRM_WHSEC_NEW}", "${CRM_WHSEC}"] }' };
    if (verb === 'test') return json(response, 200, exchange(name));
    if (verb === 'pause') change({ condition: 'paused', reason: textOf(body['reason'], 'paused by hand'), condition_since: ago(0) });
    if (verb === 'resume') change({ condition: 'active', reason: null });
    if (verb === 'probe') change({ breaker: 'closed', probe_in: null, failing_for: null });
    if (verb === 'end-rotation') change({ rotation: null });
    if (verb === 'rotate') {
      change({ rotation });
      return json(response, 201, { secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', ...rotation });
    }
    json(response, 200, this.endpoints.find((endpoint) => endpoint.name === name) ?? {});
  }

  #render(name: string, verb: string | undefined, body: Record<string, unknown>, response: ServerResponse): void {
    const hook = HOOKS.find((one) => one.name === name);
    if (hook === undefined) return problem(response, 404, { detail: 'there is no such hook' });
    const draft = body['draft'] as string | undefined;
    const wrong = draft?.split('\n').findIndex((line) => line.includes('contry')) ?? -1;
    if (wrong >= 0) return problem(response, 422, { detail: 'the draft has an error', errors: [{ line: wrong + 1, column: 7, path: 'when', message: 'row has no column contry (did you mean "country"?)' }] });
    json(response, 200, verb === 'try' ? exchange('test URL') : rendered(hook, draft));
  }

  #actOnBackfill(id: string, verb: string | undefined, body: Record<string, unknown>, response: ServerResponse): void {
    const states = { pause: 'paused', resume: 'running', cancel: 'cancelled' } as const;
    if (verb === undefined) {
      const [example] = backfillReports();
      if (example === undefined) return problem(response, 500, { detail: 'no example' });
      const begun = { ...example, id: `bf_20261122T02000${this.backfills.length}_new1`, hook: textOf(body['hook']), where: body['where'] === undefined ? null : textOf(body['where']), rate: body['rate'] === undefined ? null : Number(body['rate']), rows_done: 0, rows_sent: 0 };
      this.backfills = [begun, ...this.backfills];
      return json(response, 201, begun);
    }
    this.backfills = this.backfills.map((one) => (one.id === id ? { ...one, state: states[verb as keyof typeof states], ended_at: verb === 'cancel' ? ago(0) : null } : one));
    json(response, 200, this.backfills.find((one) => one.id === id) ?? {});
  }
}

function textOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

function stateOf(text: string | null): StoredDetail['state'] {
  return text === 'parked' || text === 'delivered' ? text : 'dead';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function problem(response: ServerResponse, status: number, members: object): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', status, hint: null, ...members }));
}
