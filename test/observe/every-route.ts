import type { HttpAppOptions } from '../../src/observe/http-app.ts';
import type { AuditLine } from '../../src/observe/http-audit.ts';
import { openApiDocument } from '../../src/observe/openapi.ts';
import { httpApp } from '../../src/observe/http-app.ts';
import type { LiveEvent } from '../../src/traffic.ts';
import { backfill } from '../support/memory-backfills.ts';
import { TOKEN } from './asking.ts';
import * as Reports from './reports.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI has it. */
  readonly path: string;
}

/** What a route takes: its place with variables filled in, and a body. */
export interface Sample {
  readonly at: string;
  readonly body?: object;
  readonly status?: number;
  /** Does nothing, so that no log has it. */
  readonly isReading?: boolean;
}

const BF = '/api/v1/backfills/bf_1';

/** For each route of the OpenAPI document one. A new route needs one here. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  'GET /api/v1/status': { at: '/api/v1/status' },
  'GET /api/v1/engine': { at: '/api/v1/engine' },
  'GET /api/v1/overview': { at: '/api/v1/overview' },
  'GET /api/v1/slot': { at: '/api/v1/slot' },
  'GET /api/v1/database': { at: '/api/v1/database' },
  'GET /api/v1/endpoints': { at: '/api/v1/endpoints' },
  'GET /api/v1/endpoints/{name}': { at: '/api/v1/endpoints/crm' },
  'POST /api/v1/endpoints/{name}/pause': { at: '/api/v1/endpoints/crm/pause', body: { reason: 'maintenance' } },
  'POST /api/v1/endpoints/{name}/resume': { at: '/api/v1/endpoints/crm/resume', body: {} },
  'POST /api/v1/endpoints/{name}/test': { at: '/api/v1/endpoints/crm/test', body: { data: { any: [1, null] }, hook: 'profiles' } },
  'POST /api/v1/endpoints/{name}/probe': { at: '/api/v1/endpoints/crm/probe', body: {} },
  'POST /api/v1/endpoints/{name}/rotate': { at: '/api/v1/endpoints/crm/rotate', body: { grace: '24h' }, status: 201 },
  'POST /api/v1/endpoints/{name}/end-rotation': { at: '/api/v1/endpoints/crm/end-rotation', body: {} },
  'POST /api/v1/endpoints/{name}/recover': { at: '/api/v1/endpoints/crm/recover', body: { since: Reports.AT } },
  'GET /api/v1/hooks': { at: '/api/v1/hooks' },
  'GET /api/v1/hooks/{name}': { at: '/api/v1/hooks/profiles' },
  'POST /api/v1/hooks/{name}/render': { at: '/api/v1/hooks/profiles/render', body: { key: { id: '7' }, operation: 'update', draft: 'name: x' }, isReading: true },
  'POST /api/v1/hooks/{name}/try': { at: '/api/v1/hooks/profiles/try', body: { change: '16f3b28-0-4711', url: 'https://me.example/hook?token=hidden' } },
  'GET /api/v1/deliveries': { at: '/api/v1/deliveries?state=parked&table=app.profiles&key.id=7' },
  'GET /api/v1/deliveries/counts': { at: '/api/v1/deliveries/counts?endpoint=crm' },
  'POST /api/v1/deliveries/replay': { at: '/api/v1/deliveries/replay', body: { endpoint: 'crm', background: true }, status: 202 },
  'POST /api/v1/deliveries/discard': { at: '/api/v1/deliveries/discard', body: { table: 'app.profiles', key: { id: 'hidden' }, reason: 'sent twice' } },
  'GET /api/v1/deliveries/{id}': { at: '/api/v1/deliveries/some-id' },
  'GET /api/v1/deliveries/{id}/trace': { at: '/api/v1/deliveries/some-id/trace' },
  'GET /api/v1/actions': { at: '/api/v1/actions' },
  'GET /api/v1/actions/{id}': { at: '/api/v1/actions/act_1' },
  'POST /api/v1/actions/{id}/cancel': { at: '/api/v1/actions/act_1/cancel', body: {} },
  'GET /api/v1/backfills': { at: '/api/v1/backfills?active=true' },
  'POST /api/v1/backfills': { at: '/api/v1/backfills', body: { hook: 'profiles', where: "email = 'hidden'" }, status: 201 },
  'GET /api/v1/backfills/{id}': { at: BF },
  'POST /api/v1/backfills/{id}/pause': { at: `${BF}/pause`, body: {} },
  'POST /api/v1/backfills/{id}/resume': { at: `${BF}/resume`, body: {} },
  'POST /api/v1/backfills/{id}/cancel': { at: `${BF}/cancel`, body: {} },
  'GET /api/v1/changes': { at: '/api/v1/changes?limit=7' },
  'GET /api/v1/live': { at: '/api/v1/live' },
  'GET /api/v1/config': { at: '/api/v1/config' },
  'POST /api/v1/config/reload': { at: '/api/v1/config/reload', body: {} },
};

/** What was asked of the ports, and told to the log. */
export interface Notes {
  readonly calls: unknown[][];
  readonly audit: AuditLine[];
  readonly errors: unknown[];
  /** Of who looks on. */
  readonly watching: { onEvent: (event: LiveEvent) => void; signal: AbortSignal; filter: object }[];
}

export function noNotes(): Notes {
  return { calls: [], audit: [], errors: [], watching: [] };
}

/** Ports that note what is asked, and answer with the reports, or fail as they are told to. */
export function notingOptions({ calls, audit, errors, watching }: Notes, failure: Error | null = null): HttpAppOptions {
  const does =
    <Result>(name: string, result: Result) =>
    async (...given: unknown[]): Promise<Result> => {
      calls.push([name, ...given]);
      if (failure !== null) throw failure;
      return result;
    };
  const tells =
    <Result>(name: string, result: Result) =>
    (...given: unknown[]): Result => {
      calls.push([name, ...given]);
      if (failure !== null) throw failure;
      return result;
    };
  const report = backfill({ id: 'bf_1', rows_done: 7 });
  const { DELIVERY, DETAIL, TALLY, ENDPOINT, HOOK } = Reports;
  return {
    host: '127.0.0.1',
    token: TOKEN,
    readiness: () => ({ state: 'streaming', slot: 'walhook', problems: [] }),
    status: does('status', { version: '0.1.0', pid: 1, uptime: 2, problems: [], state: 'streaming', slot: 'walhook', engine: null, more: true }),
    metrics: async () => ({ problems: [], state: 'streaming', received: '0/20', confirmed: '0/10', behind: 0, in_flight: { deliveries: 0, bytes: 0 }, wal: null, endpoints: [], not_configured: [], backfills: [], hooks: [] }),
    engine: does('engine', Reports.ENGINE),
    slot: tells('slot', Reports.SLOT),
    operations: () => ({
      list: does('list', { deliveries: [DELIVERY], next: null }),
      show: does('show', [DETAIL]),
      count: does('count', TALLY),
      act: does('act', TALLY),
      pause: does('pause', 'maintenance'),
      resume: does('resume', undefined),
    }),
    backfills: () => ({ begin: does('begin', report), list: does('list', [report]), show: does('show', report), pause: does('pause', report), resume: does('resume', report), cancel: does('cancel', report) }),
    inspection: () => Promise.resolve({
      overview: does('overview', Reports.OVERVIEW),
      endpoints: does('endpoints', [ENDPOINT]),
      endpoint: does('endpoint', ENDPOINT),
      test: does('test', Reports.EXCHANGE),
      probe: does('probe', undefined),
      rotate: does('rotate', Reports.ROTATION),
      endRotation: does('endRotation', undefined),
      hooks: does('hooks', [HOOK]),
      hook: does('hook', HOOK),
      render: does('render', Reports.RENDERED),
      tryOut: does('tryOut', Reports.EXCHANGE),
      trace: does('trace', Reports.TRACE),
      database: does('database', Reports.DATABASE),
      config: does('config', Reports.CONFIG),
      reload: does('reload', undefined),
    }),
    traffic: () => ({
      changes: tells('changes', { changes: [Reports.CHANGE], kept: 10_000, passed_over: 1 }),
      change: tells('change', Reports.CHANGE),
      attempts: does('attempts', [Reports.ATTEMPT, { ...Reports.ATTEMPT, endpoint: 'other' }]),
      watch: (filter, onEvent, signal) => watching.push({ filter, onEvent, signal }),
      rates: () => ({ since: Reports.AT, endpoints: [], hooks: [] }),
    }),
    actions: { begin: does('begin', Reports.ACTION), list: tells('list', [Reports.ACTION]), show: tells('show', Reports.ACTION), cancel: tells('cancel', Reports.ACTION) },
    conceal: (text) => text,
    deliveryContext: does('deliveryContext', Reports.CONTEXT),
    audit: (line) => audit.push(line),
    onError: (error) => errors.push(error),
  };
}

/** The routes with their schemas. */
export function described() {
  return httpApp(notingOptions(noNotes()), new AbortController().signal).routes;
}

/** All that the OpenAPI document lists. */
export function everyRoute(): Route[] {
  const { paths } = openApiDocument(described());
  return Object.entries(paths as Readonly<Record<string, object>>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): Route => ({ method: method === 'get' ? 'GET' : 'POST', path })),
  );
}

export function sampleOf({ method, path }: Route): Sample {
  const sample = SAMPLES[`${method} ${path}`];
  if (sample === undefined) throw new Error(`${method} ${path} needs a sample in test/observe/every-route.ts`);
  return sample;
}
